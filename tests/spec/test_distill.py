"""`distill` in a spec: weights that change, weights of teachers, and what does not go together."""

import pytest

from kspec import text
from kspec.errors import SpecError
from kspec.spec.distill import ScheduledWeight
from kspec.spec.duration import Span
from kspec.spec.reader import read
from kspec.spec.writer import write


def spec(distill):
    lines = ["data: {sklearn: digits}", "model: MLP", f"stages: [{{train: {{epochs: 2, distill: {distill}}}}}]"]
    return read(text.read_text("\n".join(lines)))


def section(distill):
    return spec(distill).stages[0].train.distill


def test_a_number_is_a_weight_that_does_not_change():
    found = section("{teacher: base, hard_weight: 1, weight: 0.5}")
    assert (found.hard_weight, found.weight) == (ScheduledWeight(final=1.0), ScheduledWeight(final=0.5))
    assert section("{teacher: base}").hard_weight.final == 0.1


@pytest.mark.parametrize(
    "distill",
    [
        "{teacher: base}",
        "{teacher: base, weight: {initial: 0, final: 1, begin: 10%, end: 2 epochs}, hard_weight: 1}",
        "{teacher: [base, previous], teacher_weights: [1, 3]}",
        "{teacher: base, soft: {PredictionDistillation: {weight: {initial: 1, final: 0, curve: cosine}}}}",
    ],
)
def test_the_complete_spec_reads_back(distill):
    whole = spec(distill)
    assert read(text.read_text(write(whole))) == whole


def test_a_number_is_written_as_one():
    assert "hard_weight: 0.1\n" in write(spec("{teacher: base}"))


def test_a_weight_that_changes():
    found = section("{teacher: base, hard_weight: {initial: 1, final: 0.1, begin: 10 steps, end: 50%, curve: cosine}}")
    assert found.hard_weight == ScheduledWeight(
        initial=1.0,
        final=0.1,
        begin=Span(value=10, unit="steps"),
        end=Span(value=0.5, unit="fraction"),
        curve="cosine",
    )


@pytest.mark.parametrize(
    ("given", "classes", "numbers"),
    [
        ("", ("LogitsDistillation", 0.9), ("PredictionDistillation", 0.9)),
        (", weight: 2", ("LogitsDistillation", 2.0), ("PredictionDistillation", 2.0)),
        (
            ", soft: {PredictionDistillation: {weight: 3}}",
            ("PredictionDistillation", 3.0),
            ("PredictionDistillation", 3.0),
        ),
    ],
)
def test_the_loss_to_the_teacher_is_the_tasks(given, classes, numbers):
    found = section(f"{{teacher: base{given}}}")
    for regression, expected in ((False, classes), (True, numbers)):
        [(name, loss)] = found.losses(regression=regression)
        assert (name, loss.weight.final) == expected


@pytest.mark.parametrize(
    ("distill", "place", "message"),
    [
        ("{teacher: base, hard_weight: abc}", "hard_weight", "not a weight"),
        ("{teacher: base, hard_weight: true}", "hard_weight", "not a weight"),
        ("{teacher: base, weight: -1}", "weight", "wrong value"),
        ("{teacher: base, soft: {LogitsDistillation: {weight: {final: -1}}}}", "weight.final", "wrong value"),
        ("{teacher: base, weight: {initial: 1}}", "weight", "the required key 'final' is missing"),
        ("{teacher: base, hard_weight: {final: 1, end: 50%}}", "hard_weight.end", "`initial` is missing"),
        ("{teacher: base, hard_weight: {final: 1, initial: 0, end: 0}}", "hard_weight.end", "changes between"),
        ("{teacher: base, hard_weight: {final: 1, initial: 0, end: 2}}", "hard_weight.end", "not a length of training"),
        ("{teacher: [base, previous], teacher_weights: [1]}", "teacher_weights", "a weight is missing"),
        ("{teacher: base, teacher_weights: [1, 2]}", "teacher_weights", "a teacher is missing"),
        ("{teacher: base, teacher_weights: [0]}", "teacher_weights", "no teacher counts"),
        ("{teacher: base, teacher_weights: [-1]}", r"teacher_weights\[0\]", "wrong value"),
        ("{teacher: self, teacher_weights: [1]}", "teacher_weights", "`self` teaches alone"),
        (
            "{teacher: base, soft: [LogitsDistillation, PredictionDistillation]}",
            "soft",
            "LogitsDistillation softens the prediction, and PredictionDistillation takes it as it is",
        ),
        ("{teacher: base, views: 2, soft: {AttentionTransfer: {teacher_layer_name: a, student_layer_name: b}}}",
         "views", "AttentionTransfer asks for its features"),
    ],
)  # fmt: skip
def test_what_is_refused(distill, place, message):
    with pytest.raises(SpecError, match=rf"stages\[0\]\.train\.distill\.[\w\[\].]*{place}: .*{message}"):
        spec(distill)


def test_all_problems_at_once():
    given = "{teacher: [base, previous], teacher_weights: [1], views: 2, soft: [DecoupledDistillation, "
    given += "PredictionDistillation, {FeatureDistillation: {teacher_layer_name: a, student_layer_name: b}}]}"
    with pytest.raises(SpecError) as caught:
        spec(given)
    assert [one.path[-1] for one in caught.value.problems] == ["teacher_weights", "views", "soft"]  # as in the file
