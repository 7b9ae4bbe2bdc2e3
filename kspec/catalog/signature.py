"""Which arguments a constructor really takes, found by walking the classes behind its `**kwargs`."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

SWALLOWS = {
    "BaseOptimizer",
    "HashedCrossing",
    "IndexLookup",
    "InputLayer",
    "Layer",
    "LossScaleOptimizer",
    "ReduceLROnPlateau",
}
"""Keras classes whose `**kwargs` end there and are refused, or kept only for names of old versions."""


def parameters(target: Callable[..., Any]) -> tuple[dict[str, inspect.Parameter], bool]:
    """The named arguments of a class or function, and whether any other name is accepted too.

    `inspect.signature(Dense).bind(actvation="relu")` passes, for Dense takes `**kwargs`. Here, as long as a
    constructor hands its `**kwargs` on, the arguments of the parent's constructor count as well, without those
    that the constructor sets itself (Conv2D fixes the `rank` of its parent).

    Example:
        "activity_regularizer" in parameters(keras.layers.Dense)[0]
    """
    if not inspect.isclass(target):
        return named(target), takes_keywords(target)
    found: dict[str, inspect.Parameter] = {}
    fixed: set[str] = set()
    for cls in constructors(target):
        own = cls.__dict__["__init__"]
        found |= {name: one for name, one in named(own).items() if name not in fixed and name not in found}
        if not takes_keywords(own):
            return found, False
        call = parent_call(own)
        if call is None or not any(keyword.arg is None for keyword in call.keywords):
            return found, cls.__name__ not in SWALLOWS
        fixed |= {keyword.arg for keyword in call.keywords if keyword.arg}
        fixed |= positional(target, cls, len([one for one in call.args if not isinstance(one, ast.Starred)]))
    return found, False


def constructors(target: type) -> Iterator[type]:
    """The classes of the MRO that define `__init__`, nearest first, without `object`."""
    return (cls for cls in target.__mro__ if cls is not object and "__init__" in cls.__dict__)


def named(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The arguments of a function that can be given by name."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind in kinds and name != "self"
    }


def takes_keywords(function: Callable[..., Any]) -> bool:
    """Whether the function takes `**kwargs`."""
    parameters = inspect.signature(function).parameters.values()
    return any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)


def parent_call(constructor: Callable[..., Any]) -> ast.Call | None:
    """The `super().__init__(...)` in the source of a constructor; None where there is none, or no source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(constructor)))
    except (OSError, TypeError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__":
            return node
    return None


def positional(target: type, cls: type, count: int) -> set[str]:
    """The names of the first `count` arguments of the constructor that follows `cls` in the MRO of `target`."""
    order = list(constructors(target))
    following = order[order.index(cls) + 1 :]
    return set(list(named(following[0].__dict__["__init__"]))[:count]) if following else set()
