"""Components of the spec as the constructor calls a person would write: `keras.optimizers.SGD(momentum=0.9)`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kspec import catalog
from kspec.catalog.check import as_kinds, is_component, of_kinds, split
from kspec.eject.code import Call, Name
from kspec.eject.source import PACKAGE
from kspec.errors import Problem, SpecError

Kinds = str | tuple[str, ...]


def call(kinds: Kinds, name: str, arguments: Mapping[str, Any], *, explicit: bool = False) -> Call | Name:
    """The call that makes a component, without the arguments that are its defaults; nested components are calls too.

    explicit: leave no initializer to the component's constructor. Keras draws an initializer's seed when it makes one,
        so that where a constructor draws several seeds their order depends on who makes the initializers.

    Raises:
        SpecError: a component of a plug-in, whose source is its author's.

    Example:
        call("optimizer", "adam", {"beta_1": 0.8})  # keras.optimizers.Adam(beta_1=0.8)
    """
    one = catalog.find(kinds, name)
    if one is None:
        raise KeyError(name)
    if one.plugin:
        message = f"eject cannot write {name} out: it is a component of the plug-in {one.plugin}"
        raise SpecError(Problem((), message, hint="import its module in a script of your own"))
    function = function_of(one)
    written = {
        key: _value(one, key, value, explicit)
        for key, value in arguments.items()
        if not is_default(one, key, value) or (explicit and _is_initializer(one, key))
    }
    if not explicit:
        order = [*one.arguments, *written]
        written = dict(sorted(written.items(), key=lambda item: order.index(item[0])))
    if one.kind == "activation" and not written:
        return Name(function)
    return Call(f"{function}.from_preset" if one.kind == "keras_hub" else function, (), written)


def function_of(one: catalog.Entry) -> str:
    """How a script calls a component: by its public name in Keras, or by the name of kspec's part."""
    module, _, attribute = one.target.partition(":")
    return attribute if module.startswith(f"{PACKAGE}.") else f"{module}.{attribute}"


def is_default(one: catalog.Entry, key: str, value: Any) -> bool:
    """Whether an argument says what the component does anyway. Of None the index does not know."""
    known = one.arguments.get(key)
    if known is None or known.required or value is None:
        return False
    return type(known.default) is type(value) and bool(known.default == value)


def _is_initializer(one: catalog.Entry, key: str) -> bool:
    return "initializer" in of_kinds("component:", one.arguments[key].type.split("|"))


def _value(one: catalog.Entry, key: str, value: Any, explicit: bool) -> Any:
    words = one.arguments[key].type.split("|") if key in one.arguments else []
    kinds, listed = of_kinds("component:", words), of_kinds("components:", words)
    if kinds and is_component(value):
        return _nested(kinds, value, explicit)
    if listed and isinstance(value, list | tuple):
        return [call(listed, *split(item), explicit=explicit) if is_component(item) else item for item in value]
    return value


def _nested(kinds: Kinds, value: Any, explicit: bool) -> Any:
    name, arguments = split(value)
    one = catalog.find(as_kinds(kinds), name)
    if one is None or (one.kind == "activation" and not arguments):
        return value  # Keras knows its activations by name
    return call(kinds, name, arguments, explicit=explicit)
