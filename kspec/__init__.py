"""kspec: train, measure and optimise Keras 3 models from one YAML file.

`load_spec` and `build` turn a file into a compiled model with its data; every part that kspec adds to Keras
(`LinearWarmup`, `RandomCrop`, `ResNet`, ...: `kspec.__all__`) is a plain Keras class or function that needs no YAML.

Every name is imported when it is first used, so that `import kspec` costs nothing and the command line can refuse a
misspelt spec without loading Keras.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from kspec.catalog.kinds import OWN

PUBLIC: dict[str, str] = {
    "load_spec": "kspec.spec.reader:load_spec",
    "write_spec": "kspec.spec.writer:write",
    "Spec": "kspec.spec:Spec",
    "build": "kspec.builders.experiment:build",
    "load_plugin": "kspec.catalog.index:load_plugin",
    "load_model": "kspec.builders.saved:load_model",
    "Experiment": "kspec.builders.experiment:Experiment",
    "KspecError": "kspec.errors:KspecError",
    "SpecError": "kspec.errors:SpecError",
    "DataError": "kspec.errors:DataError",
    "UsageError": "kspec.errors:UsageError",
    "RunError": "kspec.errors:RunError",
    "PerSampleAugmentation": "kspec.parts.augmentation.base:PerSampleAugmentation",
    "ConstantSparsity": "kspec.parts.pruning.schedules:ConstantSparsity",
    "PolynomialDecay": "kspec.parts.pruning.schedules:PolynomialDecay",
    "PruneLowMagnitude": "kspec.parts.pruning.callback:PruneLowMagnitude",
    "prune_low_magnitude": "kspec.parts.pruning.prune_low_magnitude:prune_low_magnitude",
    "adapt_model": "kspec.parts.models.adapt:adapt_model",
    "grouped": "kspec.parts.optimizers:grouped",
    "drop_layers": "kspec.parts.neurons.drop:drop_layers",
    "plot_sensitivity": "kspec.parts.neurons.plot:plot_sensitivity",
    "prune_neurons": "kspec.parts.neurons.prune:prune_neurons",
    "recalibrate": "kspec.parts.neurons.recalibrate:recalibrate",
    "sensitivity": "kspec.parts.neurons.sensitivity:sensitivity",
    "Exported": "kspec.parts.export.make:Exported",
    "export": "kspec.parts.export.export:export",
    "quantize": "kspec.parts.export.export:quantize",
    "quantize_layers": "kspec.parts.export.keras_layers:quantize_layers",
    "run_file": "kspec.parts.export.runtimes:run_file",
    "predict_views": "kspec.parts.views:predict_views",
    "view_model": "kspec.parts.views:view_model",
    "Distiller": "kspec.parts.distillation.distiller:Distiller",
    "LogitsDistillation": "kspec.parts.distillation.losses:LogitsDistillation",
    "DecoupledDistillation": "kspec.parts.distillation.losses:DecoupledDistillation",
    "PredictionDistillation": "kspec.parts.distillation.losses:PredictionDistillation",
    "FeatureDistillation": "kspec.parts.distillation.losses:FeatureDistillation",
    "AttentionTransfer": "kspec.parts.distillation.losses:AttentionTransfer",
    "SelfTeacher": "kspec.parts.distillation.teachers:SelfTeacher",
    "TeacherCache": "kspec.parts.distillation.cache:TeacherCache",
    "DeterministicViews": "kspec.parts.distillation.views:DeterministicViews",
    **{name: target for names in OWN.values() for name, target in names.items()},
}
"""Name -> `module:attribute` that defines it."""

__all__ = [*PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in PUBLIC:
        raise AttributeError(f"module 'kspec' has no attribute '{name}'")
    module, _, attribute = PUBLIC[name].partition(":")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *PUBLIC])
