"""What the sections of a script need: imports, and parts of kspec that are written out; both found by name."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from importlib import metadata

from kspec.catalog.kinds import OWN
from kspec.eject.source import Key, names_in, take

IMPORTS: dict[str, tuple[str, str]] = {
    "Image": ("PIL", "Image"),
    "Path": ("pathlib", "Path"),
    "datasets": ("sklearn", "datasets"),
    "find_spec": ("importlib.util", "find_spec"),
    "fnmatch": ("fnmatch", ""),
    "json": ("json", ""),
    "keras": ("keras", ""),
    "keras_hub": ("keras_hub", ""),
    "math": ("math", ""),
    "np": ("numpy", ""),
    "pd": ("pandas", ""),
    "tf": ("tensorflow", ""),
    "tfds": ("tensorflow_datasets", ""),
    "train_test_split": ("sklearn.model_selection", "train_test_split"),
}
"""A name that a script may use -> where it comes from: (module, name in it), or (module, "") for the module."""
AS = {"numpy": "np", "pandas": "pd", "tensorflow": "tf", "tensorflow_datasets": "tfds"}
PARTS: dict[str, Key] = {
    **{name: (target.partition(":")[0], name) for names in OWN.values() for name, target in names.items()},
    "TokenInputs": ("kspec.parts.layers.token_inputs", "TokenInputs"),
    "Truncate": ("kspec.parts.layers.truncate", "Truncate"),
    "_array": ("kspec.builders.data.sources.tables", "_array"),
    "_mode": ("kspec.builders.data.clean", "_mode"),
    "by_length": ("kspec.builders.data.tokens", "by_length"),
    "grouped": ("kspec.parts.optimizers", "grouped"),
    "grouped_by_length": ("kspec.builders.data.order", "grouped_by_length"),
    "layer_paths": ("kspec.builders.model.freeze", "layer_paths"),
    "missing": ("kspec.builders.data.labels", "missing"),
    "plain_words": ("kspec.parts.standardize", "plain_words"),
    "plain_words_without_html": ("kspec.parts.standardize", "plain_words_without_html"),
    "token_counts": ("kspec.builders.data.tokens", "token_counts"),
    "tokens_of": ("kspec.builders.data.tokens", "tokens_of"),
    "trimmed": ("kspec.builders.data.tokens", "trimmed"),
    "text_of": ("kspec.builders.data.labels", "text_of"),
    "untuned": ("kspec.parts.autotune", "untuned"),
    "view_model": ("kspec.parts.views", "view_model"),
}
"""A name that a script may use -> the part of kspec whose source it then holds."""
PACKAGES = {
    "PIL": "pillow",
    "keras": "keras",
    "keras_hub": "keras-hub",
    "numpy": "numpy",
    "pandas": "pandas",
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow",
    "tensorflow_datasets": "tensorflow-datasets",
}
"""Module -> the distribution that holds it."""


@dataclass(frozen=True)
class Needs:
    """parts: the source of each part of kspec, those first that others need. imports: as in IMPORTS."""

    parts: list[str]
    imports: dict[str, tuple[str, str]]

    @property
    def import_lines(self) -> str:
        """The import statements, sorted as Ruff sorts them."""
        return import_lines(self.imports)

    @property
    def requirements(self) -> list[str]:
        """The distributions in the versions that are installed, as pip takes them. Keras runs on TensorFlow here."""
        modules = {module.partition(".")[0] for module, _ in self.imports.values()} | {"tensorflow"}
        names = sorted(PACKAGES[module] for module in modules if module in PACKAGES)
        return [f"{name}=={metadata.version(name)}" for name in names]


def needs(text: str) -> Needs:
    """What the text of the sections names and does not define."""
    used = names_in(ast.parse(text))
    taken = take([PARTS[name] for name in used if name in PARTS])
    imports = {name: IMPORTS[name] for name in ("Path", *used) if name in IMPORTS}
    return Needs(list(taken.sources.values()), {**imports, **taken.imports})


def import_lines(imports: dict[str, tuple[str, str]]) -> str:
    """The statements for some imports: the standard library first, modules before names."""
    modules = sorted({module for module, name in imports.values() if not name})
    names: dict[str, list[str]] = {}
    for module, name in sorted(set(imports.values()), key=lambda one: one[0].lower()):
        if name:
            names.setdefault(module, []).append(name)
    groups = []
    for standard in (True, False):
        lines = [
            f"import {module} as {AS[module]}" if module in AS else f"import {module}"
            for module in modules
            if _is_standard(module) == standard
        ]
        lines += [
            f"from {module} import {', '.join(sorted(found, key=_import_order))}"
            for module, found in names.items()
            if _is_standard(module) == standard
        ]
        groups.append("\n".join(lines))
    return "\n\n".join(group for group in groups if group)


def _import_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as Ruff sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
