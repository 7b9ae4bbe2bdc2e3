"""The losses of `distill` in the length of a training of 2 epochs of 10 steps."""

from types import SimpleNamespace

import keras
import pytest

from kspec import text
from kspec.builders.distill_losses import build_losses, check_layers
from kspec.errors import SpecError
from kspec.parts.distillation.losses import (
    AttentionTransfer,
    DecoupledDistillation,
    FeatureDistillation,
    LogitsDistillation,
    PredictionDistillation,
)
from kspec.parts.distillation.weight import Ramp
from kspec.spec.reader import read

PLACE = ("stages", 0, "train", "distill")


def section(distill):
    lines = ["data: {sklearn: digits}", "model: MLP", f"stages: [{{train: {{epochs: 2, distill: {distill}}}}}]"]
    return read(text.read_text("\n".join(lines))).stages[0].train.distill


def built(distill, task="classification", *, smoke=False):
    training = SimpleNamespace(epochs=2)
    experiment = SimpleNamespace(
        targets=SimpleNamespace(task=task), steps_per_epoch=10, spec=SimpleNamespace(training=training)
    )
    return build_losses(section(distill), PLACE, experiment, smoke=smoke)


def problems(call):
    with pytest.raises(SpecError) as caught:
        call()
    return [(one.path[len(PLACE) :], one.message) for one in caught.value.problems]


def test_numbers_and_names_are_those_of_the_classes():
    given = "[{LogitsDistillation: {temperature: 2}}, {DecoupledDistillation: {alpha: 0.5, beta: 2, weight: 3}}, "
    given += "{FeatureDistillation: {teacher_layer_name: a, student_layer_name: b, projection: true}}, "
    given += "{AttentionTransfer: {teacher_layer_name: a, student_layer_name: b}}]"
    found = built(f"{{teacher: base, hard_weight: 0.3, soft: {given}}}")
    assert found.soft == [
        LogitsDistillation(2.0, 0.9),
        DecoupledDistillation(4.0, 0.5, 2.0, 3.0),
        FeatureDistillation("a", "b", 1.0, True),
        AttentionTransfer("a", "b", 1000.0),
    ]
    assert (found.hard_weight, found.of_numbers) == (0.3, False)


def test_a_regression_compares_numbers():
    found = built("{teacher: base, weight: 0.5}", "regression")
    assert (found.soft, found.of_numbers) == ([PredictionDistillation(0.5)], True)
    found = built("{teacher: base, soft: PredictionDistillation}", "regression")
    assert (found.soft, found.of_numbers) == ([PredictionDistillation(0.9)], True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("{initial: 1, final: 0.2}", Ramp(1.0, 0.2, 0, 19)),  # 100% is the last step
        ("{initial: 0, final: 1, end: 1 epochs, curve: cosine}", Ramp(0.0, 1.0, 0, 10, "cosine")),
        ("{initial: 0, final: 1, begin: 25%, end: 8 steps}", Ramp(0.0, 1.0, 5, 8)),
        ("{initial: 0, final: 1, begin: 0.1 steps, end: 0.2 steps}", Ramp(0.0, 1.0, 0, 1)),
    ],
)
def test_lengths_in_steps(given, expected):
    found = built(f"{{teacher: base, weight: {given}, hard_weight: {given}}}")
    assert found.soft == [LogitsDistillation(4.0, expected)]
    assert found.hard_weight == expected


def test_lengths_that_do_not_fit_all_at_once():
    weight = "{initial: 0, final: 1, begin: 3 epochs, end: 21 steps}"
    given = f"{{teacher: base, hard_weight: {weight}, soft: [{{LogitsDistillation: {{weight: {weight}}}}}]}}"
    long = [("begin", "30 steps are more than the training, which has 20 steps")]
    long += [("end", "21 steps are more than the training, which has 20 steps")]
    hard = [(("hard_weight", key), message) for key, message in long]
    soft = [(("soft", 0, "LogitsDistillation", "weight", key), message) for key, message in long]
    assert problems(lambda: built(given)) == hard + soft
    assert built(given.replace("3 epochs", "1 steps"), smoke=True).hard_weight == Ramp(0.0, 1.0, 1, 21)


def test_an_end_before_the_begin():
    [(place, message)] = problems(
        lambda: built("{teacher: base, weight: {initial: 0, final: 1, begin: 50%, end: 9 steps}}")
    )
    assert place == ("weight", "end")
    assert message == "the weight changes between `begin` and `end`, and this is step 9 of the training"


def test_a_regression_has_no_classes():
    [(place, message)] = problems(lambda: built("{teacher: base, temperature: 4}", "regression"))
    assert (place, message) == (("temperature",), "a regression has no probabilities to soften")
    given = "{teacher: base, soft: [LogitsDistillation, DecoupledDistillation]}"
    names = ("LogitsDistillation", "DecoupledDistillation")
    assert problems(lambda: built(given, "regression")) == [
        (("soft", number, name), f"{name} is for classes, and the task is a regression")
        for number, name in enumerate(names)
    ]


def network(*names):
    return keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(2, name=name) for name in names)])


def test_layers_that_are_not_there():
    given = "[LogitsDistillation, {FeatureDistillation: {teacher_layer_name: stage1, student_layer_name: stage2}}, "
    given += "{AttentionTransfer: {teacher_layer_name: wide, student_layer_name: narrow}}]"
    one, student = section(f"{{teacher: base, soft: {given}}}"), network("stage1", "narrow")
    theirs = (("soft", 1, "FeatureDistillation", "teacher_layer_name"), "the teacher has no layer of this name")
    ours = (("soft", 1, "FeatureDistillation", "student_layer_name"), "the student has no layer of this name")
    assert problems(lambda: check_layers(one, PLACE, network("wide", "last"), student)) == [ours, theirs]
    # A teacher that could not be read has no layers to look at.
    assert problems(lambda: check_layers(one, PLACE, None, student)) == [ours]
    check_layers(one, PLACE, network("wide", "stage1"), network("stage2", "narrow"))


def test_layers_of_oneself():
    given = "{FeatureDistillation: {teacher_layer_name: nothing, student_layer_name: last}}"
    one = section(f"{{teacher: self, soft: {given}}}")
    [(place, _)] = problems(lambda: check_layers(one, PLACE, object(), network("last")))
    assert place[-1] == "teacher_layer_name"
