"""What a plug-in offers: its table COMPONENTS, checked, as entries of the index.

COMPONENTS = {"callback": {"LogGradients": LogGradients}, "layer": {"Gate": Gate}, "activation": {"square": square}}
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from typing import Any

from kspec.catalog.kinds import LABELS
from kspec.errors import UsageError, did_you_mean

BASES: dict[str, str] = {
    "optimizer": "keras.optimizers:Optimizer",
    "loss": "keras.losses:Loss",
    "metric": "keras.metrics:Metric",
    "regularizer": "keras.regularizers:Regularizer",
    "constraint": "keras.constraints:Constraint",
    "initializer": "keras.initializers:Initializer",
    "callback": "keras.callbacks:Callback",
    "schedule": "keras.optimizers.schedules:LearningRateSchedule",
    "layer": "keras.layers:Layer",
    "augmentation": "keras.layers:Layer",
    "activation": "",
    "model": "",
}
"""Kind that a plug-in can offer -> the Keras class that its components derive from; "" for functions. A model family is
a function of (input_shape, units, output_activation, ...) that returns a keras.Model."""

BESIDE: dict[str, tuple[str, ...]] = {
    **{kind: (kind,) for kind in BASES},
    "model": ("model", "application", "keras_hub"),
}
"""Kind -> the kinds of the built-in catalogue that stand in the same place of a spec, where a name means one thing."""

FAMILY: tuple[str, ...] = ("input_shape", "units", "output_activation")
"""What a model family must take: kspec fills it in from the data."""

CLASS_NAME = re.compile("[A-Z][A-Za-z0-9_]*")
FUNCTION_NAME = re.compile("[a-z][a-z0-9_]*")
EXAMPLE = 'COMPONENTS = {"layer": {"Gate": Gate}}'

Components = Mapping[str, Mapping[str, Any]]
"""Kind -> name -> the class or function."""
Entries = dict[str, dict[str, dict[str, Any]]]
"""Kind -> name -> raw entry of the index."""


def entries_of(components: Any, plugin: str) -> Entries:
    """The entries of a table COMPONENTS, each argument's type read from the constructor.

    plugin: how messages call the plug-in.

    Raises:
        UsageError: the table, a kind, a name or a component is not what it must be; every fault of the table.
    """
    faults = faults_of(components)
    if faults:
        raise UsageError("\n".join(f"{plugin}: {fault}" for fault in faults))
    from kspec.catalog import generate  # it is for making the index, and the rest of kspec does without

    return {
        kind: {
            name: generate.entry(kind, name, target, f"{target.__module__}:{target.__qualname__}")
            for name, target in names.items()
        }
        for kind, names in components.items()
    }


def faults_of(components: Any) -> list[str]:
    """What is wrong with a table COMPONENTS; [] where nothing is."""
    if not isinstance(components, Mapping):
        return [f"COMPONENTS must be a mapping of kind to name to class\n       expected: {EXAMPLE}"]
    if not any(components.values()):
        return [f"COMPONENTS holds nothing\n       expected: {EXAMPLE}"]
    faults = []
    for kind, names in components.items():
        if kind not in BASES:
            hint = did_you_mean(str(kind), BASES)
            text = f"no kind '{kind}' in COMPONENTS\n       expected: {', '.join(BASES)}"
            faults.append(f"{text}\n       hint: {hint}" if hint else text)
        elif not isinstance(names, Mapping):
            faults.append(f"COMPONENTS['{kind}'] must be a mapping of name to class\n       expected: {EXAMPLE}")
        else:
            faults += [fault for name, target in names.items() if (fault := fault_of(kind, name, target))]
    return faults


def fault_of(kind: str, name: Any, target: Any) -> str:
    """What is wrong with one component of the table; "" where nothing is."""
    label = LABELS[kind]
    form, how = (FUNCTION_NAME, "lower-case") if kind == "activation" else (CLASS_NAME, "a capital letter first")
    if not isinstance(name, str) or not form.fullmatch(name):
        return f"{name!r} is no name of {article(label)} {label}\n       expected: letters, digits and `_`, {how}"
    if not BASES[kind]:
        return fault_of_function(kind, name, target)
    if not inspect.isclass(target):
        return f"the {label} '{name}' is not a class\n       expected: a subclass of {public(kind)}\n" + found(target)
    if not issubclass(target, base(kind)):
        text = f"the {label} '{name}' is not {article(label)} {label} of Keras"
        return f"{text}\n       expected: a subclass of {public(kind)}\n{found(target)}"
    return ""


def fault_of_function(kind: str, name: str, target: Any) -> str:
    """What is wrong with an activation or a model family."""
    label = LABELS[kind]
    if not inspect.isfunction(target):
        return f"the {label} '{name}' is not a function\n{found(target)}"
    if kind != "model":
        return ""
    missing = [one for one in FAMILY if one not in inspect.signature(target).parameters]
    if missing:
        expected = f"{name}({', '.join(FAMILY)}, ...), which returns a keras.Model"
        return f"the {label} '{name}' does not take {' and '.join(missing)}\n       expected: {expected}"
    return ""


def register(plugin: str, components: Components) -> None:
    """Lets Keras find the components in a saved model, as "plugin>name", unless their author has registered them."""
    import keras

    for kind, names in components.items():
        for name, target in names.items():
            kept_in_files = kind not in ("callback", "model")
            if kept_in_files and ">" not in keras.saving.get_registered_name(target):
                keras.saving.register_keras_serializable(plugin, name)(target)


def base(kind: str) -> Any:
    """The Keras class that the components of a kind derive from."""
    module, _, attribute = BASES[kind].partition(":")
    return getattr(importlib.import_module(module), attribute)


def public(kind: str) -> str:
    """The name of that class as a message has it."""
    return BASES[kind].replace(":", ".")


def article(word: str) -> str:
    """a or an."""
    return "an" if word[0] in "aeiou" else "a"


def found(target: Any) -> str:
    """The line of a message that says what stood there."""
    text = repr(target)
    return f"       found: {text if len(text) <= 80 else text[:77] + '...'}"
