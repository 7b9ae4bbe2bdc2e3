"""What can be written under `training.learning_rate`."""

import pytest
from pydantic import ValidationError

from kspec.spec.duration import Span
from kspec.spec.learning_rate import LearningRate


def test_a_number_is_a_constant_rate():
    found = LearningRate.model_validate(0.01)
    assert (found.peak, found.decay.chosen[0], found.warmup.value) == (0.01, "constant", 0.0)


def test_a_decay_is_a_name_or_a_name_with_arguments():
    bare = LearningRate.model_validate({"peak": 0.1, "decay": "cosine_restarts"}).decay.chosen
    full = LearningRate.model_validate({"peak": 0.1, "decay": {"cosine_restarts": {"t_mul": 1.0}}}).decay.chosen
    assert (bare[0], bare[1].t_mul, full[1].t_mul) == ("cosine_restarts", 2.0, 1.0)


def test_points_of_a_step_decay_are_lengths():
    found = LearningRate.model_validate({"peak": 0.1, "decay": {"step": {"at": ["50%", "3 epochs"]}}}).decay.chosen[1]
    assert found.at == (Span(value=0.5, unit="fraction"), Span(value=3.0, unit="epochs"))


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"peak": 0.0}, "greater than 0"),
        ({"peak": True}, "valid number"),
        ({"warmup": 0.1}, "Field required"),
        ({"peak": 0.1, "warmup": 0.1, "warmup_curve": "exponential"}, "cannot start at zero"),
        ({"peak": 0.1, "decay": "exponential"}, "cannot end at zero"),
        ({"peak": 0.1, "warmup": 0.1, "decay": "one_cycle"}, "its own way up"),
        ({"peak": 0.1, "decay": {"cosine": {}, "linear": {}}}, "exactly one"),
        ({"peak": 0.1, "decay": "cosin"}, "cosin"),
        ({"peak": 0.1, "warmup": 5}, "not a length of training"),
    ],
)
def test_what_is_refused(section, said):
    with pytest.raises(ValidationError, match=said):
        LearningRate.model_validate(section)
