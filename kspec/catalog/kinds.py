"""Literal tables: the kinds of component a spec can name, where the names come from, and what is left out."""

from __future__ import annotations

SOURCES: dict[str, str] = {
    "optimizer": "keras.optimizers",
    "loss": "keras.losses",
    "metric": "keras.metrics",
    "regularizer": "keras.regularizers",
    "constraint": "keras.constraints",
    "initializer": "keras.initializers",
    "callback": "keras.callbacks",
    "schedule": "keras.optimizers.schedules",
    "activation": "keras.activations",
    "layer": "keras.layers",
    "augmentation": "keras.layers",
    "application": "keras.applications",
    "keras_hub": "keras_hub.models",
    "model": "",
    "keras_dataset": "keras.datasets",
    "sklearn_dataset": "sklearn.datasets",
}
"""Kind -> the public module that holds its names; "" where all of them are kspec's own."""

LABELS: dict[str, str] = {
    "optimizer": "optimizer",
    "loss": "loss",
    "metric": "metric",
    "regularizer": "regularizer",
    "constraint": "constraint",
    "initializer": "initializer",
    "callback": "callback",
    "schedule": "learning-rate schedule",
    "activation": "activation",
    "layer": "layer",
    "augmentation": "augmentation layer",
    "application": "keras.applications network",
    "keras_hub": "KerasHub task",
    "model": "model family",
    "keras_dataset": "Keras dataset",
    "sklearn_dataset": "scikit-learn dataset",
}
"""Kind -> how a message calls it."""

OWN: dict[str, dict[str, str]] = {
    "augmentation": {
        "CutMix": "kspec.parts.augmentation.mixing:CutMix",
        "Cutout": "kspec.parts.augmentation.erasing:Cutout",
        "MixUp": "kspec.parts.augmentation.mixing:MixUp",
        "RandAugment": "kspec.parts.augmentation.rand_augment:RandAugment",
        "RandomBrightness": "kspec.parts.augmentation.colour:RandomBrightness",
        "RandomContrast": "kspec.parts.augmentation.colour:RandomContrast",
        "RandomCrop": "kspec.parts.augmentation.crop:RandomCrop",
        "RandomErasing": "kspec.parts.augmentation.erasing:RandomErasing",
        "RandomFlip": "kspec.parts.augmentation.flip:RandomFlip",
        "RandomHue": "kspec.parts.augmentation.colour:RandomHue",
        "RandomRotation": "kspec.parts.augmentation.geometry:RandomRotation",
        "RandomSaturation": "kspec.parts.augmentation.colour:RandomSaturation",
        "RandomTranslation": "kspec.parts.augmentation.geometry:RandomTranslation",
        "RandomZoom": "kspec.parts.augmentation.geometry:RandomZoom",
    },
    "callback": {
        "LinearWarmup": "kspec.parts.callbacks.linear_warmup:LinearWarmup",
        "Lookahead": "kspec.parts.callbacks.lookahead:Lookahead",
        "TerminateOnNaN": "kspec.parts.callbacks.terminate_on_nan:TerminateOnNaN",
    },
    "initializer": {
        "PartialIdentity": "kspec.parts.initializers:PartialIdentity",
    },
    "keras_hub": {
        "BackboneTextClassifier": "kspec.parts.models.backbone_classifier:BackboneTextClassifier",
    },
    "layer": {
        "ClassToken": "kspec.parts.layers.class_token:ClassToken",
        "FusedBatchNormalization": "kspec.parts.layers.batch_normalization:FusedBatchNormalization",
        "PositionEmbedding": "kspec.parts.layers.position_embedding:PositionEmbedding",
        "SequencePooling": "kspec.parts.layers.sequence_pooling:SequencePooling",
        "TokenEmbedding": "kspec.parts.layers.token_embedding:TokenEmbedding",
        "WhiteningConv2D": "kspec.parts.layers.whitening:WhiteningConv2D",
    },
    "model": {
        "CNN": "kspec.parts.models.cnn:CNN",
        "FastResNet": "kspec.parts.models.fast_resnet:FastResNet",
        "MLP": "kspec.parts.models.mlp:MLP",
        "ResNet": "kspec.parts.models.resnet:ResNet",
        "RNN": "kspec.parts.models.rnn:RNN",
        "Transformer": "kspec.parts.models.transformer:Transformer",
        "WideResNet": "kspec.parts.models.wide_resnet:WideResNet",
    },
    "schedule": {
        "InverseSqrt": "kspec.parts.schedules:InverseSqrt",
        "OneCycle": "kspec.parts.schedules:OneCycle",
        "Warmup": "kspec.parts.schedules:Warmup",
        "WarmupCosineDecay": "kspec.parts.schedules:WarmupCosineDecay",
    },
}
"""Kind -> name -> `module:attribute` of kspec's own parts. They win over a Keras component of the same name.
After a change run `scripts/index`."""

FIXED: dict[str, dict[str, str]] = {
    "metric": {
        "accuracy": "the share of right answers; Keras picks binary, categorical or sparse by loss and shapes",
        "crossentropy": "the cross-entropy; Keras picks binary, categorical or sparse by loss and shapes",
    },
}
"""Kind -> names that are no class: Keras' `compile` itself resolves the string. -> what it means."""

FIXED_ALIASES: dict[str, dict[str, str]] = {
    "metric": {"acc": "accuracy", "Accuracy": "accuracy", "ce": "crossentropy"},
    "keras_hub": {"GPT2TextClassifier": "BackboneTextClassifier"},
}
"""Other spellings of FIXED. Keras reads the string "Accuracy" like "accuracy" too; its class Accuracy compares
predictions with labels for equality, which is no use for probabilities, and is left out."""

ABBREVIATIONS: tuple[str, ...] = (
    *("mse", "mae", "mape", "msle", "bce", "kld"),
    *("MSE", "MAE", "MAPE", "MSLE", "BCE", "KLD"),
    *("l1l2", "normal", "uniform", "one", "zero"),
)
"""Short identifiers of Keras that cannot be derived from the class name."""

_BASE = "is a base class"
_PYTHON = "takes Python objects, which a spec cannot hold"

LEFT_OUT: dict[str, dict[str, str]] = {
    "optimizer": {"Optimizer": _BASE, "MultiOptimizer": _PYTHON, "OptimizerMap": _PYTHON},
    "loss": {"Loss": _BASE},
    "metric": {
        "Accuracy": "is written accuracy",
        "Metric": _BASE,
        "Mean": "measures one stream of values, not predictions against labels",
        "Sum": "measures one stream of values, not predictions against labels",
        "MeanMetricWrapper": _PYTHON,
    },
    "regularizer": {"Regularizer": _BASE},
    "constraint": {"Constraint": _BASE},
    "initializer": {"Initializer": _BASE},
    "callback": {
        "BackupAndRestore": "is what kspec does by itself: see `kspec resume`",
        "Callback": _BASE,
        "CallbackList": "is made by Keras itself",
        "History": "is made by Keras itself",
        "ProgbarLogger": "is made by Keras itself",
        "LambdaCallback": _PYTHON,
        "LearningRateScheduler": "takes a Python function; use training.learning_rate",
    },
    "schedule": {"LearningRateSchedule": _BASE},
    "activation": {"threshold": "takes two arguments, which a name cannot give"},
    "layer": {
        "Layer": _BASE,
        "Wrapper": _BASE,
        "InputSpec": "is no layer",
        "Lambda": "takes a Python function, which a spec cannot hold",
        "FlaxLayer": _PYTHON,
        "JaxLayer": _PYTHON,
        "TorchModuleWrapper": _PYTHON,
        "TFSMLayer": "runs a TensorFlow SavedModel, which is code",
    },
    "augmentation": {"MaxNumBoundingBoxes": "works on bounding boxes only"},
    "keras_hub": {"Task": _BASE},
    "sklearn_dataset": {
        "load_files": "reads files; use text_folder",
        "load_svmlight_file": "reads files; use csv or npz",
        "load_svmlight_files": "reads files; use csv or npz",
        "load_sample_image": "is a picture without labels",
        "load_sample_images": "are pictures without labels",
    },
}
"""Kind -> public name that is not in the catalogue -> why, as the sentence goes on after the name."""

SUPPLIED: dict[str, tuple[str, ...]] = {
    "application": ("include_top", "input_shape", "input_tensor", "classes", "classifier_activation"),
    "keras_hub": ("num_classes", "activation", "preprocessor", "compile"),
    "model": ("output_activation", "vocabulary_size"),
}
"""Kind -> arguments that come from the data and so cannot be given in a spec; of a model family, those without a
default come from the data too (input shape, number of outputs)."""
