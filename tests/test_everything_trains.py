"""Whatever `kspec list` names trains: each loss, optimizer, metric, regularizer, augmentation, callback and decay."""

import keras
import numpy as np
import pytest

import kspec
from kspec import catalog, text
from kspec.builders.targets import BINARY
from kspec.spec.reader import read

DATA = {"sklearn": "digits", "train": "train[:64]", "validation": 0.25, "test": None, "batch_size": 16}
PAIR = {**DATA, "sklearn": "breast_cancer"}
NUMBERS = {**DATA, "sklearn": "diabetes"}
SEVERAL = {"sklearn": "linnerud", "validation": 0.25, "test": None, "batch_size": 5}
"""Three numbers to predict."""
TEN = {"MLP": {"hidden": [4]}}

# What a component needs beyond its name; every other one is named bare.
LOSS_ON = {
    **dict.fromkeys(
        ["MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "Huber", "LogCosh"], NUMBERS
    ),
    **dict.fromkeys(["MeanSquaredLogarithmicError", "Poisson"], NUMBERS),
    **dict.fromkeys(BINARY, PAIR),
}
OPTIMIZER_ARGUMENTS = {"LossScaleOptimizer": None, "MultiOptimizer": None}
METRIC_ON_NUMBERS = {
    "MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError",
    "RootMeanSquaredError", "LogCoshError", "R2Score", "PearsonCorrelation", "ConcordanceCorrelation",
}  # fmt: skip
METRIC_ARGUMENTS = {
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}


def trained(training=None, data=None, model=None, **sections):
    """A tiny experiment after an epoch; its loss must be a number and its weights must have moved."""
    tree = {
        "data": data or DATA,
        "model": model or TEN,
        "training": {"epochs": 1, **(training or {})},
        "device": {"precision": "float32", "jit": False},
        **sections,
    }
    experiment = kspec.build(read(text.read_text(text.dump(tree))))
    before = [variable.numpy() for variable in experiment.model.trainable_variables]
    history = experiment.fit().history
    assert np.isfinite(history["loss"]).all()
    after = experiment.model.trainable_variables
    assert any((old != new.numpy()).any() for old, new in zip(before, after, strict=True))
    return experiment, history


@pytest.mark.parametrize("loss", [name for name in catalog.names("loss") if name != "CTC"])
def test_loss(loss):
    experiment, _ = trained({"loss": loss}, data=LOSS_ON.get(loss, DATA))
    assert type(experiment.plan.loss).__name__ == loss


def test_a_loss_for_sequences_of_labels_is_refused():
    with pytest.raises(kspec.SpecError, match="CTC"):
        trained({"loss": "CTC"})


@pytest.mark.parametrize("optimizer", [name for name in catalog.names("optimizer") if name not in OPTIMIZER_ARGUMENTS])
def test_optimizer(optimizer):
    experiment, _ = trained({"optimizer": optimizer})
    assert isinstance(experiment.model.optimizer, getattr(keras.optimizers, optimizer))


@pytest.mark.parametrize(
    "arguments",
    [
        {"clipnorm": 1.0},
        {"clipvalue": 0.5},
        {"global_clipnorm": 1.0},
        {"gradient_accumulation_steps": 2},
        {"use_ema": True},
    ],
)
def test_clipping_accumulation_and_averaging(arguments):
    experiment, _ = trained({"optimizer": {"SGD": {"momentum": 0.9, **arguments}}})
    [(name, value)] = arguments.items()
    assert getattr(experiment.model.optimizer, name) == value


REFUSED = {"MeanIoU", "IoU", "BinaryIoU", "OneHotIoU", "OneHotMeanIoU", "Mean", "MeanMetricWrapper", "Sum"}


@pytest.mark.parametrize("metric", [name for name in catalog.names("metric") if name not in REFUSED])
def test_metric(metric):
    """On the first data that it fits: a number, several numbers, two classes, class ids, one-hot labels."""
    component = {metric: METRIC_ARGUMENTS[metric]} if metric in METRIC_ARGUMENTS else metric
    tries = [(PAIR, "auto"), (DATA, "auto"), (DATA, "CategoricalCrossentropy"), (NUMBERS, "auto")]
    tries = [(NUMBERS, "auto"), (SEVERAL, "auto")] if metric in METRIC_ON_NUMBERS else tries
    for data, loss in tries:
        try:
            _, history = trained({"loss": loss, "metrics": [component]}, data=data)
        except kspec.SpecError as error:
            refused = error
            continue
        assert len(history) == 4  # loss and metric, train and validation
        return
    raise AssertionError(f"{metric} fits nothing: {refused}")


@pytest.mark.parametrize("regularizer", catalog.names("regularizer"))
def test_regularizer(regularizer):
    experiment, _ = trained(model={**TEN, "regularizer": regularizer})
    assert len(experiment.model.losses) == 2  # one for each of the two kernels


@pytest.mark.parametrize("constraint", catalog.names("constraint"))
def test_constraint(constraint):
    arguments = {"MaxNorm": {"max_value": 0.5}}
    trained(model={**TEN, "constraint": {constraint: arguments[constraint]} if constraint in arguments else constraint})


def test_max_norm_holds():
    experiment, _ = trained(
        {"optimizer": {"SGD": {"learning_rate": 1.0}}}, model={**TEN, "constraint": {"MaxNorm": {"max_value": 0.5}}}
    )
    for variable in experiment.model.trainable_variables:
        if variable.path.endswith("kernel"):
            assert np.linalg.norm(variable.numpy(), axis=0).max() <= 0.5 + 1e-5


AUGMENTATION_ARGUMENTS = {
    "RandomCrop": {"padding": 1},
    "CenterCrop": {"height": 8, "width": 8},
    "RandomPosterization": {"factor": 4},
    "Resizing": {"height": 8, "width": 8},
    "RandomShear": {"x_factor": 0.1},
    "RandomColorJitter": {"brightness_factor": 0.1},
    "Pipeline": {"layers": ["RandomInvert"]},
}
NEEDS_COLOUR = {
    "RandomSaturation", "RandomHue", "RandomGrayscale", "RandomColorDegeneration", "RandomColorJitter", "AugMix",
    "RandAugment", "Equalization", "AutoContrast",
}  # fmt: skip


@pytest.mark.parametrize("augmentation", catalog.names("augmentation"))
def test_augmentation(augmentation):
    arguments = dict(AUGMENTATION_ARGUMENTS.get(augmentation, {}))
    for name, argument in catalog.entry("augmentation", augmentation).arguments.items():
        if argument.required and name not in arguments:
            arguments[name] = {"size": 2, "addition_factor": 0.1, "factor": 0.2}.get(name, 0.2)
    data = {**DATA, "augment": [{augmentation: arguments} if arguments else augmentation]}
    if augmentation in NEEDS_COLOUR:
        data["image"] = {"channels": 3}
    trained(data=data)


@pytest.mark.parametrize(
    "callback",
    [
        {"EarlyStopping": {"monitor": "val_loss", "patience": 1, "restore_best_weights": True}},
        {"ModelCheckpoint": {"filepath": "best.keras", "monitor": "val_accuracy", "save_best_only": True}},
        {"ModelCheckpoint": {"filepath": "last.keras"}},
        {"ReduceLROnPlateau": {"monitor": "loss", "patience": 0}},
        "TerminateOnNaN",
        {"CSVLogger": {"filename": "log.csv"}},
        {"TensorBoard": {"log_dir": "board"}},
        "Lookahead",
        {"LinearWarmup": {"warmup_steps": 2}},
    ],
    ids=lambda callback: callback if isinstance(callback, str) else next(iter(callback)),
)
def test_callback(callback, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained({"callbacks": [callback]})
    if isinstance(callback, dict):
        [arguments] = callback.values()
        for file in ("filepath", "filename", "log_dir"):
            assert file not in arguments or (tmp_path / arguments[file]).exists()


def test_swap_ema_weights():
    trained({"optimizer": {"SGD": {"use_ema": True}}, "callbacks": ["SwapEMAWeights"]})


DECAYS = {
    "constant": {},
    "cosine": {},
    "cosine_restarts": {"first": "2 steps"},
    "linear": {},
    "polynomial": {"power": 2.0},
    "exponential": {},
    "step": {"at": ["50%"]},
    "inverse_sqrt": {},
    "one_cycle": {},
    "plateau": {"monitor": "loss"},
}


@pytest.mark.parametrize("warmup", ["linear", "exponential"])
@pytest.mark.parametrize("decay", DECAYS)
def test_learning_rate(decay, warmup):
    warmup = "linear" if decay == "plateau" else warmup  # the only one that a plateau takes
    rate = {"peak": 0.01, "decay": {decay: DECAYS[decay]}, "final": 0.001}
    if decay != "one_cycle":
        rate |= {"warmup": "1 step", "warmup_curve": warmup, "initial": 0.001}
    trained({"learning_rate": rate})


@pytest.mark.parametrize("class_weight", ["balanced", {"3": 5.0}])
def test_class_weight(class_weight):
    trained({"class_weight": class_weight})


@pytest.mark.parametrize("decoupled", [True, False])
def test_weight_decay(decoupled):
    trained({"optimizer": "SGD", "weight_decay": {"value": 0.1, "decoupled": decoupled}})
