"""kspec: train, measure and optimise Keras 3 models from one YAML file.

Every name below is imported when it is first used, so that `import kspec` costs nothing and the command line can refuse
a misspelt spec without loading Keras.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Public name -> the module that defines it.
PUBLIC = {
    "load_spec": "kspec.spec.reader",
    "Spec": "kspec.spec",
    "build": "kspec.builders.experiment",
    "Experiment": "kspec.builders.experiment",
    "KspecError": "kspec.errors",
    "SpecError": "kspec.errors",
    "DataError": "kspec.errors",
    "UsageError": "kspec.errors",
    "RunError": "kspec.errors",
}
__all__ = [*PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'kspec' has no attribute '{name}'")
    return getattr(import_module(PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *PUBLIC])
