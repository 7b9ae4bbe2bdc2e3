"""The preset of a KerasHub model as a script holds it: a name, or a path."""

from __future__ import annotations

from importlib import metadata

from kspec.builders.model.preset import PACKAGE
from kspec.eject.code import quoted
from kspec.eject.known import Known


def preset(known: Known) -> str:
    """The line that defines PRESET: the first of the spec's presets that is at hand now."""
    name = str(known.model.preset)
    if not name.startswith(PACKAGE):
        return f"PRESET = {quoted(name)}"
    package, _, folder = name.removeprefix(PACKAGE).partition("/")
    inner = f" / {quoted(folder)}" if folder else ""
    return f"PRESET = str(Path(find_spec({quoted(package)}).origin).parent{inner})  # in an installed package"


def reads_tokens(known: Known) -> bool:
    """Whether the model is a KerasHub text classifier, whose texts are tokenized once, before the training."""
    # By its name: the class imports KerasHub, which takes a second.
    return type(getattr(known.model, "preprocessor", None)).__name__ == "TokenInputs"


def requirements(known: Known) -> list[str]:
    """The distribution of the installed package that holds the preset, in its version, as pip takes it."""
    name = str(getattr(known.model, "preset", ""))
    if not name.startswith(PACKAGE):
        return []
    package, holders = name.removeprefix(PACKAGE).partition("/")[0], metadata.packages_distributions()
    return [f"{one}=={metadata.version(one)}" for one in holders[package][:1]] if package in holders else []
