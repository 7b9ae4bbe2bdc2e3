"""What mattered, where it is known what matters."""

from kspec.tuning.importance import importance
from kspec.tuning.record import FINISHED
from tests.tuning.conftest import Trainings


def test_the_key_that_decides_is_found(searched):
    trainings = Trainings(value=lambda order: [float("dropout: 0.0" in order.spec)])
    spec = """
data: {sklearn: digits, validation: 0.1}
model: MLP
tune:
  algorithm: grid
  objective: val_accuracy
  space:
    model.MLP.dropout: {choice: [0.0, 0.5]}
    data.batch_size: {choice: [16, 32, 64, 128]}
"""
    search = searched(spec=spec, trainings=trainings)
    assert {one.status for one in search.record.trials} == {FINISHED}
    found = importance(search.axes, search.record.trials)
    assert list(found) == ["model.MLP.dropout", "data.batch_size"]
    assert found["model.MLP.dropout"] > 0.9
    assert abs(sum(found.values()) - 1) < 1e-9


def test_few_trials_say_nothing(searched):
    search = searched()
    assert importance(search.axes, search.record.trials) is None
