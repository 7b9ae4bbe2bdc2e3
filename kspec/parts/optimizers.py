"""Parameter groups for any Keras optimizer: a learning rate and a weight decay of their own for some variables."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops


@dataclasses.dataclass(frozen=True)
class ParameterGroup:
    """The variables whose path fits a pattern, and how they are trained.

    match: a shell pattern over `variable.path`, such as "*/kernel" or "head/*"; case counts.
    learning_rate: factor on the optimizer's rate, 1 by default.
    weight_decay: strength of the decay, 0 by default.
    decoupled: False (default) adds weight_decay * v to the gradient of a variable v (coupled, L2); True subtracts
        weight_decay * rate * v before the update (Loshchilov & Hutter 2019, arXiv:1711.05101).
    """

    match: str
    learning_rate: float = 1.0
    weight_decay: float = 0.0
    decoupled: bool = False


_REST = ParameterGroup("*")


@functools.cache
def grouped(optimizer_class: type[keras.optimizers.Optimizer]) -> type[keras.optimizers.Optimizer]:
    """A subclass of a Keras optimizer class that also takes `groups`.

    groups: a sequence of mappings with the fields of ParameterGroup. A variable belongs to the first group whose
    pattern fits its path, and otherwise is trained as without groups. For a variable v with gradient g and rate r,
    the optimizer's own update then sees g + weight_decay * v and r * learning_rate; with `decoupled` it sees
    v * (1 - weight_decay * r * learning_rate) and g, as in PyTorch's AdamW. The gradient is clipped before the decay
    is added, as PyTorch does; the optimizer's own `weight_decay`, which is decoupled, stays as it is and does not
    know the factor.

    Registered with Keras under "kspec>Grouped<name>", so that models compiled with one can be saved and loaded; for the
    classes in keras.optimizers importing this module is enough, for another call `grouped(it)` before loading.
    Not for the PyTorch backend, whose optimizers update all variables at once.
    Raises ValueError when built, if a pattern is the first to fit for no variable; TypeError for an unknown field.

    Example:
        SGD = grouped(keras.optimizers.SGD)
        SGD(0.1, momentum=0.9, groups=[{"match": "*/kernel", "weight_decay": 5e-4}])
    """
    if keras.backend.backend() == "torch":
        raise ValueError("grouped() does not work with the PyTorch backend of Keras; use TensorFlow or JAX")

    class Grouped(optimizer_class):
        __doc__ = f"`keras.optimizers.{optimizer_class.__name__}` with parameter groups; see `grouped`."

        def __init__(self, *args: Any, groups: Sequence[Mapping[str, Any]] = (), **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.groups = tuple(ParameterGroup(**group) for group in groups)

        def build(self, variables: Sequence[Any]) -> None:
            if self.built:
                return
            super().build(variables)
            # TensorFlow hands update_step a raw tf.Variable without a path: remember the group by position.
            self._group_of = assign_groups(self.groups, [variable.path for variable in variables])

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            group = self._group_of[self._get_variable_index(variable)]
            if group.weight_decay and not group.decoupled:
                gradient = ops.add(gradient, ops.multiply(variable, ops.cast(group.weight_decay, variable.dtype)))
            if group.learning_rate != 1:
                learning_rate = ops.multiply(learning_rate, group.learning_rate)
            if group.weight_decay and group.decoupled:
                rate = ops.cast(ops.multiply(learning_rate, group.weight_decay), variable.dtype)
                self.assign_sub(variable, ops.multiply(variable, rate))
            super().update_step(gradient, variable, learning_rate)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "groups": [dataclasses.asdict(group) for group in self.groups]}

    Grouped.__name__ = Grouped.__qualname__ = f"Grouped{optimizer_class.__name__}"
    registered: type[keras.optimizers.Optimizer] = keras.saving.register_keras_serializable(package="kspec")(Grouped)
    return registered


def assign_groups(groups: Sequence[ParameterGroup], paths: Sequence[str]) -> tuple[ParameterGroup, ...]:
    """The group of each path: the first whose pattern fits, or one that changes nothing.

    Raises ValueError naming the paths if a group gets none.

    Example:
        assign_groups([ParameterGroup("*/bias", learning_rate=2)], ["head/kernel", "head/bias"])
    """
    found = tuple(next((group for group in groups if fnmatch.fnmatchcase(path, group.match)), _REST) for path in paths)
    for group in groups:
        if not any(chosen is group for chosen in found):
            earlier = any(fnmatch.fnmatchcase(path, group.match) for path in paths)
            reason = "fits only variables that an earlier group takes" if earlier else "fits no variable"
            raise ValueError(f"parameter group {group.match!r} {reason}; the variables are: {', '.join(paths)}")
    return found


if keras.backend.backend() != "torch":
    for _class in vars(keras.optimizers).values():
        if isinstance(_class, type) and issubclass(_class, keras.optimizers.Optimizer):
            grouped(_class)
