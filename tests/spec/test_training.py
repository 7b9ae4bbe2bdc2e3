"""What can be written under `training`: who owns the rate and the decay."""

import pytest
from pydantic import ValidationError

from kspec.spec.training import Training


@pytest.mark.parametrize(
    ("section", "rate", "decay"),
    [
        ({}, 0.001, None),
        ({"optimizer": "SGD"}, 0.01, None),
        ({"optimizer": {"SGD": {"learning_rate": 0.3}}}, 0.3, None),
        ({"optimizer": "SGD", "learning_rate": 0.2, "weight_decay": 0.1}, 0.2, 0.1),
        ({"optimizer": "AdamW"}, 0.001, 0.004),
        ({"optimizer": {"AdamW": {"weight_decay": 0.02}}}, 0.001, 0.02),
    ],
)
def test_rate_and_decay_of_the_optimizer_move_to_their_sections(section, rate, decay):
    found = Training.model_validate(section)
    assert found.learning_rate.peak == rate
    assert (found.weight_decay and found.weight_decay.value) == decay
    assert not {"learning_rate", "weight_decay"} & set(found.optimizer.arguments)


def test_the_optimizers_own_decay_leaves_nothing_out_and_kspecs_leaves_out_biases():
    assert Training.model_validate({"optimizer": "AdamW"}).weight_decay.exclude == ()
    assert Training.model_validate({"weight_decay": 0.1}).weight_decay.exclude == ("*/bias", "*/beta", "*/gamma")


@pytest.mark.parametrize("key", ["learning_rate", "weight_decay"])
def test_two_owners_are_refused(key):
    with pytest.raises(ValidationError, match="two owners"):
        Training.model_validate({"optimizer": {"AdamW": {key: 0.1}}, key: 0.2})
