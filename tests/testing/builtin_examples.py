"""On what each built-in component is tried whose usual example would not do, by kind and name."""

import numpy as np

from kspec import catalog
from kspec.testing import Example

IDS = (np.arange(4) % 3, np.full((4, 3), [0.2, 0.3, 0.5], "float32"))
BINARY = (np.array([[0.0], [1.0], [1.0], [0.0]], "float32"), np.array([[0.2], [0.7], [0.6], [0.4]], "float32"))
NUMBERS = (np.array([[1.0], [2.0], [3.0], [5.0]], "float32"), np.array([[1.5], [2.0], [2.5], [4.0]], "float32"))
CLASSES = (np.arange(4) % 3, np.array([0, 1, 1, 0]))
WORDS = (np.array([["a b"], ["b"], ["c a"], ["b c"]], object),)
TOKENS = (np.array([["a"], ["b"], ["c"], ["a"]], object),)
SERIES, IMAGE, VOLUME = (6, 4), (8, 8, 3), (4, 4, 4, 2)
STATE = (np.zeros((4, 4), "float32"),)


def of_rank(name, arguments):
    """An example for a layer whose name ends in 1D, 2D or 3D."""
    shape = {"1D": SERIES, "2D": IMAGE, "3D": VOLUME}[name.removesuffix("Transpose")[-2:]]
    return Example(arguments, shapes=(shape,))


def layers():
    """The layers of one, two and three dimensions by their family, then each of the others."""
    found = {}
    by_family = {
        "Conv": {"filters": 2, "kernel_size": 2},
        "SeparableConv": {"filters": 2, "kernel_size": 2},
        "DepthwiseConv": {"kernel_size": 2},
        "ConvLSTM": {"filters": 2, "kernel_size": 2},
        "AdaptiveAveragePooling": {"output_size": 2},
        "AdaptiveMaxPooling": {"output_size": 2},
        "AveragePooling": {"pool_size": 2},
        "MaxPooling": {},
        "GlobalAveragePooling": {},
        "GlobalMaxPooling": {},
        "Cropping": {},
        "SpatialDropout": {"rate": 0.5},
        "UpSampling": {},
        "ZeroPadding": {},
        "WhiteningConv": {},
    }
    for name in catalog.names("layer"):
        family, rank = name.removesuffix("Transpose")[:-2], name.removesuffix("Transpose")[-2:]
        if family in by_family and rank in ("1D", "2D", "3D"):
            found[name] = of_rank(name, by_family[family])
    for rank, shape in (("1D", (3, 6, 2)), ("2D", (2, 4, 4, 2)), ("3D", (2, 3, 3, 3, 2))):
        found[f"ConvLSTM{rank}"] = Example(by_family["ConvLSTM"], shapes=(shape,))
    two = Example(shapes=((8,), (8,)))
    merging = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")
    attention = Example(shapes=(SERIES, SERIES))
    recurrent = Example({"units": 4}, shapes=(SERIES,))
    image = [name for name in catalog.names("augmentation") if name in catalog.names("layer")]
    return {
        **{name: Example(AUGMENTATION_ARGUMENTS.get(name, {}), shapes=(IMAGE,)) for name in image},
        **found,
        **dict.fromkeys(merging, two),
        **dict.fromkeys(("Attention", "AdditiveAttention"), attention),
        **dict.fromkeys(("GRU", "LSTM", "SimpleRNN"), recurrent),
        **dict.fromkeys(("GRUCell", "SimpleRNNCell"), Example({"units": 4}, values=(STATE[0], STATE[0]))),
        "RandomCrop": Example({"height": 6, "width": 6}, shapes=(IMAGE,)),
        "CenterCrop": Example({"height": 6, "width": 6}, shapes=(IMAGE,)),
        "Resizing": Example({"height": 6, "width": 6}, shapes=(IMAGE,)),
        "Activation": Example({"activation": "relu"}),
        "AlphaDropout": Example({"rate": 0.5}),
        "Bidirectional": Example({"layer": {"GRU": {"units": 2}}}, shapes=(SERIES,)),
        "CategoryEncoding": Example({"num_tokens": 4}, values=(np.array([[0], [1], [2], [3]]),)),
        "ClassToken": Example(shapes=(SERIES,)),
        "Dense": Example({"units": 3, "kernel_regularizer": "L2", "activation": "gelu"}),
        "Discretization": Example({"bin_boundaries": [0.2, 0.5]}),
        "Dot": Example({"axes": 1}, shapes=((8,), (8,))),
        "Dropout": Example({"rate": 0.5}),
        "EinsumDense": Example({"equation": "ab,bc->ac", "output_shape": 3}),
        "Embedding": Example({"input_dim": 5, "output_dim": 2}, shapes=((3,),), vocabulary_size=5),
        "FusedBatchNormalization": Example(shapes=(IMAGE,)),
        "GaussianDropout": Example({"rate": 0.5}),
        "GaussianNoise": Example({"stddev": 0.5}),
        "GroupNormalization": Example({"groups": 2}),
        "GroupQueryAttention": Example(
            {"head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1}, shapes=(SERIES, SERIES)
        ),
        "HashedCrossing": Example({"num_bins": 5}, values=(np.arange(4)[:, None], np.arange(4)[:, None])),
        "Hashing": Example({"num_bins": 5}, values=TOKENS),
        "IntegerLookup": Example({"vocabulary": [3, 4]}, values=(np.array([[3], [4], [5], [3]]),)),
        "InputLayer": Example({"shape": [8]}),
        "LSTMCell": Example({"units": 4}, shapes=((4,),)),
        "MaxNumBoundingBoxes": Example({"max_number": 2}),
        "StackedRNNCells": Example({"cells": [{"GRUCell": {"units": 4}}]}, shapes=((4,),)),
        "Masking": Example(shapes=(SERIES,)),
        "MelSpectrogram": Example({"fft_length": 64, "sequence_stride": 16}, shapes=((128,),)),
        "MultiHeadAttention": Example({"num_heads": 2, "key_dim": 2}, shapes=(SERIES, SERIES)),
        "Normalization": Example({"mean": 0.5, "variance": 2.0}),
        "Permute": Example({"dims": [2, 1]}, shapes=(SERIES,)),
        "Pipeline": Example({"layers": ["Flatten", {"Rescaling": {"scale": 2.0}}]}, shapes=(SERIES,)),
        "PositionEmbedding": Example(shapes=(SERIES,)),
        "RNN": Example({"cell": {"GRUCell": {"units": 2}}}, shapes=(SERIES,)),
        "RepeatVector": Example({"n": 2}),
        "Rescaling": Example({"scale": 0.5}),
        "Reshape": Example({"target_shape": [2, 4]}),
        "ReversibleEmbedding": Example({"input_dim": 5, "output_dim": 2}, shapes=((3,),), vocabulary_size=5),
        "SequencePooling": Example(shapes=(SERIES,)),
        "SpectralNormalization": Example({"layer": {"Dense": {"units": 2}}}),
        "STFTSpectrogram": Example({"frame_length": 32, "frame_step": 16, "fft_length": 32}, shapes=((128, 1),)),
        "StringLookup": Example({"vocabulary": ["a", "b"]}, values=TOKENS),
        "TextVectorization": Example({"vocabulary": ["a", "b"], "output_sequence_length": 3}, values=WORDS),
        "TimeDistributed": Example({"layer": {"Dense": {"units": 2}}}, shapes=(SERIES,)),
        "TokenEmbedding": Example({"input_dim": 5, "output_dim": 2}, shapes=((3,),), vocabulary_size=5),
        "UnitNormalization": Example(),
    }


AUGMENTATION_ARGUMENTS = {
    "CenterCrop": {"height": 8, "width": 8},
    "Cutout": {"size": 3},
    "RandomBrightness": {"factor": 0.2},
    "RandomColorDegeneration": {"factor": 0.2},
    "RandomColorJitter": {"brightness_factor": 0.1},
    "RandomContrast": {"factor": 0.2},
    "RandomCrop": {"padding": 1},
    "RandomHue": {"factor": 0.2},
    "RandomPosterization": {"factor": 4},
    "RandomRotation": {"factor": 0.2},
    "RandomSaturation": {"factor": 0.2},
    "RandomSharpness": {"factor": 0.2},
    "RandomShear": {"x_factor": 0.1},
    "RandomTranslation": {"height_factor": 0.2, "width_factor": 0.2},
    "RandomZoom": {"height_factor": 0.2},
    "Resizing": {"height": 8, "width": 8},
}
DECAY = {"initial_learning_rate": 0.1, "decay_steps": 10}
BY_KIND = {
    "optimizer": {"LossScaleOptimizer": Example({"inner_optimizer": "SGD"})},
    "loss": {
        **dict.fromkeys(
            ("SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy", "Circle"), Example(values=IDS)
        ),
        **dict.fromkeys(("BinaryCrossentropy", "BinaryFocalCrossentropy"), Example(values=BINARY)),
        "CTC": Example(
            values=(np.array([[1, 2]] * 4), np.random.default_rng(0).normal(size=(4, 6, 4)).astype("float32"))
        ),
    },
    "metric": {
        **dict.fromkeys(("SparseCategoricalAccuracy", "SparseCategoricalCrossentropy"), Example(values=IDS)),
        "SparseTopKCategoricalAccuracy": Example({"k": 2}, values=IDS),
        "TopKCategoricalAccuracy": Example({"k": 2}),
        **dict.fromkeys(("BinaryAccuracy", "BinaryCrossentropy"), Example(values=BINARY)),
        "F1Score": Example({"average": "macro"}),
        "FBetaScore": Example({"average": "macro"}),
        **dict.fromkeys(("ConcordanceCorrelation", "R2Score"), Example(values=NUMBERS)),
        "IoU": Example({"num_classes": 3, "target_class_ids": [0, 1]}, values=CLASSES),
        "MeanIoU": Example({"num_classes": 3}, values=CLASSES),
        "OneHotIoU": Example({"num_classes": 3, "target_class_ids": [0, 1]}),
        "OneHotMeanIoU": Example({"num_classes": 3}),
        "PrecisionAtRecall": Example({"recall": 0.5}),
        "RecallAtPrecision": Example({"precision": 0.5}),
        "SensitivityAtSpecificity": Example({"specificity": 0.5}),
        "SpecificityAtSensitivity": Example({"sensitivity": 0.5}),
    },
    "initializer": {
        "PartialIdentity": Example(values=(np.zeros((3, 3, 2, 4), "float32"),)),
        "STFT": Example(values=(np.zeros((8, 1, 5), "float32"),)),
    },
    "callback": {
        "CSVLogger": Example({"filename": "log.csv"}),
        "EarlyStopping": Example({"patience": 1, "restore_best_weights": True}),
        "LinearWarmup": Example({"warmup_steps": 3}),
        "Lookahead": Example({"every": 2}),
        "ModelCheckpoint": Example({"filepath": "best.keras", "save_best_only": True}),
        "OrbaxCheckpoint": Example({"directory": "checkpoints"}),
        "ReduceLROnPlateau": Example({"patience": 1}),
        "SwapEMAWeights": Example({"swap_on_epoch": True}, optimizer={"SGD": {"use_ema": True}}),
        "TensorBoard": Example({"log_dir": "board"}),
    },
    "schedule": {
        "CosineDecay": Example(DECAY),
        "CosineDecayRestarts": Example({"initial_learning_rate": 0.1, "first_decay_steps": 10}),
        "ExponentialDecay": Example({**DECAY, "decay_rate": 0.5}),
        "InverseSqrt": Example({"peak": 0.1, "scale": 10}),
        "InverseTimeDecay": Example({**DECAY, "decay_rate": 0.5}),
        "OneCycle": Example({"peak": 0.1, "total_steps": 10}),
        "PiecewiseConstantDecay": Example({"boundaries": [5, 10], "values": [0.1, 0.01, 0.001]}),
        "PolynomialDecay": Example(DECAY),
        "Warmup": Example({"after": {"PolynomialDecay": DECAY}, "warmup_steps": 5}),
        "WarmupCosineDecay": Example({"peak": 0.1, "total_steps": 10, "warmup_steps": 2}),
    },
    "layer": layers(),
    "augmentation": {name: Example(arguments) for name, arguments in AUGMENTATION_ARGUMENTS.items()},
    "model": {
        "CNN": Example({"filters": [4]}),
        "FastResNet": Example({"widths": [4, 4, 4]}, shapes=((16, 16, 3),)),
        "MLP": Example({"hidden": [4]}),
        "RNN": Example({"units_per_layer": [4], "embedding_dim": 4}, shapes=((5,),), vocabulary_size=9),
        "ResNet": Example({"depth": 8, "width": 4}),
        "Transformer": Example(
            {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 8}, shapes=((5,),), vocabulary_size=9
        ),
        "WideResNet": Example({"depth": 10, "width": 1}),
    },
}


def example(kind, name):
    """The example of a built-in component."""
    return BY_KIND[kind][name] if kind in BY_KIND and name in BY_KIND[kind] else Example()
