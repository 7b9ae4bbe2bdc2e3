"""Which names a training logs, and monitors beside them."""

import keras
import pytest

from kspec.builders.training.monitors import Names

METRICS = [
    keras.metrics.BinaryAccuracy(name="accuracy"),
    keras.metrics.AUC(name="auc"),
    keras.metrics.Mean(name="mean"),
]


def test_names_are_those_of_the_history(experiment):
    for validation in (True, False):
        ours = experiment({"metrics": ["accuracy", "crossentropy"]}, validation=validation)
        plan = ours.plan()
        history = ours.fit(plan, epochs=1)
        assert {*history.history, "learning_rate"} == set(Names.of(plan.metrics, validation).directions)


def test_a_monitor_that_exists_passes():
    Names.of(METRICS, True).check("val_auc", "auto", ("here",))


@pytest.mark.parametrize(
    ("validation", "monitor", "message", "hint"),
    [
        (True, "val_acuracy", "nothing will be logged as 'val_acuracy'", "did you mean 'val_accuracy'?"),
        (False, "val_loss", "nothing will be logged as 'val_loss': there is no validation split", "data.validation"),
        (True, "val_mean", "it is not known which way 'val_mean' is better", ""),
        (True, "learning_rate", "it is not known which way 'learning_rate' is better", ""),
    ],
)
def test_a_monitor_that_cannot_be_watched(problem, validation, monitor, message, hint):
    found = problem(Names.of(METRICS, validation).check, monitor, "auto", ("here",))
    assert (found.path, found.message) == (("here",), message)
    assert hint in found.hint
    assert "`mode: min`" in found.expected or found.expected.startswith("one of loss, accuracy, auc")


def test_a_mode_says_which_way_is_better():
    Names.of(METRICS, True).check("val_mean", "max", ())
