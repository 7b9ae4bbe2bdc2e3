"""Builds the index from the installed Keras. Imports Keras: only `scripts/index` and a changed Keras version run it.

python -m kspec.catalog.generate FILE [--allow-missing]
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import os
import re
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from kspec.catalog import docstrings
from kspec.catalog.infer import type_of
from kspec.catalog.kinds import ABBREVIATIONS, FIXED, FIXED_ALIASES, LEFT_OUT, OWN, SOURCES, SUPPLIED
from kspec.catalog.signature import parameters

FROM_PRESET: dict[str, Any] = {
    "preset": inspect.Parameter.empty,
    "load_weights": True,
    "dtype": None,
    "image_shape": None,
    "name": None,
    "trainable": True,
}
"""What `from_preset` of every KerasHub task takes besides the arguments of the task's own constructor."""


def generate(missing: list[str] | None = None) -> dict[str, Any]:
    """The whole index as plain data.

    missing: a list that collects the targets of kspec's own that cannot be imported.

    Raises:
        ImportError: a target of kspec's own cannot be imported, and no list for it was given.
    """
    kinds = {kind: {**public(kind), **own(kind, missing)} for kind in SOURCES}
    return {
        "keras": version("keras"),
        "keras_hub": version("keras-hub"),
        "kinds": {kind: dict(sorted(names.items())) for kind, names in kinds.items()},
        "aliases": {kind: dict(sorted(aliases(kind, names).items())) for kind, names in kinds.items()},
    }


def public(kind: str) -> dict[str, Any]:
    """The entries of a kind that come from Keras, KerasHub or scikit-learn, and the fixed strings."""
    entries: dict[str, Any] = {
        name: {"target": "", "summary": summary, "arguments": {}, "open": False}
        for name, summary in FIXED.get(kind, {}).items()
    }
    if not SOURCES[kind]:
        return entries
    module = importlib.import_module(SOURCES[kind])
    left_out = LEFT_OUT.get(kind, {})
    for name in dir(module):
        target = getattr(module, name)
        if name.startswith("_") or name in left_out or not belongs(kind, name, target):
            continue
        if kind == "keras_dataset":
            entries[name] = entry(kind, name, target.load_data, f"{SOURCES[kind]}.{name}:load_data")
        elif target.__name__ == name or getattr(module, target.__name__, None) is not target:
            entries[name] = entry(kind, name, target, f"{SOURCES[kind]}:{name}")
        # the rest are second names of the same class: aliases
    return entries


def belongs(kind: str, name: str, target: Any) -> bool:
    """Whether a public attribute of the kind's module is a component of that kind."""
    if kind == "activation":
        return inspect.isfunction(target) and name not in ("get", "serialize", "deserialize")
    if kind == "application":
        return inspect.isfunction(target)
    if kind == "keras_dataset":
        return isinstance(target, ModuleType) and hasattr(target, "load_data")
    if kind == "sklearn_dataset":
        return name.startswith("load_")
    if not inspect.isclass(target):
        return False
    if kind == "keras_hub":
        hub: Any = importlib.import_module("keras_hub.models")
        return issubclass(target, hub.Task)
    return kind != "augmentation" or ".image_preprocessing." in target.__module__


def own(kind: str, missing: list[str] | None) -> dict[str, Any]:
    """The entries of a kind that are kspec's own parts."""
    entries = {}
    for name, target in OWN.get(kind, {}).items():
        module, attribute = target.split(":")
        try:
            found = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            if missing is None:
                raise ImportError(f"{kind} {name}: {target} cannot be imported: {error}") from error
            missing.append(f"{kind} {name}: {target}: {error}")
            continue
        entries[name] = entry(kind, name, found, target)
    return entries


def entry(kind: str, name: str, target: Any, address: str) -> dict[str, Any]:
    """One entry of the index."""
    if kind == "keras_hub":
        found, is_open = hub_parameters(target), False
    else:
        found, is_open = parameters(target)
    if kind == "application":
        found["dropout"] = inspect.Parameter("dropout", inspect.Parameter.KEYWORD_ONLY, default=0.0)  # of kspec's head
    if kind == "activation":
        found = {}  # Keras cannot save a function with fixed arguments; the layer of the same name takes them
    if kind == "keras_dataset":
        is_open = False
    found = {key: one for key, one in found.items() if not supplied(kind, one)}
    about = docstrings.arguments(target, found)
    if kind == "keras_hub":
        about |= docstrings.arguments(target.from_preset, FROM_PRESET)
    arguments = {
        argument: described(kind, name, one) | ({"about": about[argument]} if argument in about else {})
        for argument, one in found.items()
    }
    return {"target": address, "summary": first_sentence(target.__doc__), "arguments": arguments, "open": is_open}


def supplied(kind: str, parameter: inspect.Parameter) -> bool:
    """Whether kspec takes the argument from the data."""
    is_required = parameter.default is inspect.Parameter.empty
    return parameter.name in SUPPLIED.get(kind, ()) or (kind == "model" and is_required)


def hub_parameters(task: Any) -> dict[str, inspect.Parameter]:
    """What `Task.from_preset` takes: its own arguments and those of the constructors it hands them to.

    A base class such as TextClassifier makes whichever subclass fits the preset: it takes what any of them takes.
    """
    hub: Any = importlib.import_module("keras_hub.models")
    found: dict[str, inspect.Parameter] = {}
    tasks = [one for one in vars(hub).values() if inspect.isclass(one) and issubclass(one, task)] or [task]
    for one in sorted(tasks, key=lambda cls: (cls is not task, cls.__name__)):
        for name, parameter in parameters(one)[0].items():
            found.setdefault(
                name, parameter.replace(default=None) if parameter.default is inspect._empty else parameter
            )
    for name, default in FROM_PRESET.items():
        found[name] = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
    for name, parameter in parameters(task.from_preset)[0].items():
        found.setdefault(name, parameter)
    return {name: one for name, one in found.items() if name != "backbone"}


def described(kind: str, name: str, parameter: inspect.Parameter) -> dict[str, Any]:
    """One argument: its type, its default unless it is required, and the strings it may be if these are few."""
    found, choices = type_of(kind, name, parameter)
    text: dict[str, Any] = {"type": found}
    if parameter.default is not inspect.Parameter.empty:
        text["default"] = plain(parameter.default)
    if choices:
        text["choices"] = list(choices)
    return text


def plain(default: Any) -> Any:
    """The default as JSON can hold it; None for an object."""
    try:
        return json.loads(json.dumps(default, allow_nan=False))
    except (TypeError, ValueError):
        return None


def first_sentence(text: str | None) -> str:
    """The first sentence of a docstring, in one line and without its last full stop."""
    paragraph = " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())
    return re.split(r"(?<=[a-z0-9)`\"])\.(?: (?=[A-Z`])|$)", paragraph)[0][:160]


def aliases(kind: str, names: dict[str, Any]) -> dict[str, str]:
    """Other spellings of the names: second names of a class, and the string identifiers of Keras' own `get`."""
    found = dict(FIXED_ALIASES.get(kind, {}))
    if not SOURCES[kind] or kind in ("sklearn_dataset", "keras_dataset"):
        return found
    module = importlib.import_module(SOURCES[kind])
    for alias in dir(module):
        name = getattr(getattr(module, alias), "__name__", "")
        if alias not in names and name in names and belongs(kind, alias, getattr(module, alias)):
            found[alias] = name
    if hasattr(module, "get"):
        folded = {fold(name): name for name in names}
        for alias in (*ABBREVIATIONS, *map(snake, names), *map(str.lower, names)):
            name = resolved(module, alias)
            if alias not in names and alias not in found and name and fold(name) in folded:
                found[alias] = folded[fold(name)]
    return found


def resolved(module: ModuleType, identifier: str) -> str:
    """The name of what Keras' `get` makes of a string identifier; "" where it makes nothing."""
    try:
        found = module.get(identifier)
    except (KeyError, TypeError, ValueError):
        return ""
    return str(getattr(found, "__name__", type(found).__name__))


def snake(name: str) -> str:
    """`GlorotUniform` as `glorot_uniform`, the way Keras spells its identifiers."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)).lower()


def fold(name: str) -> str:
    """A name without the differences of case and underscores."""
    return name.replace("_", "").lower()


def write(file: Path, index: dict[str, Any]) -> None:
    """The index as JSON, a line an entry, so that a change shows as the lines that changed; written atomically."""
    lines = [f'{{"keras": {json.dumps(index["keras"])}, "keras_hub": {json.dumps(index["keras_hub"])},', '"kinds": {']
    kinds = []
    for kind, names in index["kinds"].items():
        rows = ",\n".join(
            f"{json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in names.items()
        )
        kinds.append(f"{json.dumps(kind)}: {{\n{rows}\n}}")
    lines += [",\n".join(kinds), "},", f'"aliases": {json.dumps(index["aliases"], indent=0)}', "}"]
    temporary = file.with_name(f"{file.name}.{os.getpid()}")
    temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
    temporary.replace(file)


def main() -> int:
    """The command line of `scripts/index`."""
    parser = argparse.ArgumentParser(description="Writes the index of all component names from the installed Keras.")
    parser.add_argument("file", nargs="?", type=Path, default=Path(__file__).with_name("index.json"))
    parser.add_argument("--allow-missing", action="store_true", help="leave out parts of kspec that cannot be imported")
    options = parser.parse_args()
    missing: list[str] | None = [] if options.allow_missing else None
    try:
        index = generate(missing)
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    write(options.file, index)
    for line in missing or ():
        sys.stderr.write(f"left out: {line}\n")
    sys.stdout.write(f"{options.file}: {sum(map(len, index['kinds'].values()))} names\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
