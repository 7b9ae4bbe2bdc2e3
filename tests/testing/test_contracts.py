"""The contracts go red for components that break them, and green for those that do not."""

import keras
import numpy as np
import pytest

from kspec.errors import UsageError
from kspec.testing import RULES, Broken, Example, contracts
from kspec.testing.contracts import OF_ARGUMENTS
from kspec.testing.subject import as_json, same
from tests.testing.broken import BROKEN, Divides

NEVER_BROKEN = {"resolves"}
"""COMPONENTS that name no class or function are refused before any contract is asked."""


def broken_by(kind, target, example=None):
    """The contracts that a component breaks -> the message."""
    name = target.__name__
    found = {}
    for contract in contracts({kind: {name: target}}, {kind: {name: example or Example()}}):
        try:
            contract()
        except Broken as error:
            found[contract.rule.__name__] = str(error)
    return found


def test_there_is_a_broken_component_for_every_contract():
    every = {rule.__name__ for rules in (OF_ARGUMENTS, *RULES.values()) for rule in rules}
    assert every - NEVER_BROKEN == set(BROKEN)


@pytest.mark.parametrize("rule", BROKEN)
def test_a_contract_goes_red(rule):
    kind, target = BROKEN[rule]
    found = broken_by(kind, target)
    assert rule in found
    assert found[rule].startswith(f"{kind}-{target.__name__}-{rule}: ")


def test_numbers_that_are_none():
    assert "NaN or infinity" in broken_by("layer", Divides)["keeps_shape_contract"]


class Scale(keras.layers.Layer):
    """Multiplies by learned numbers what the inner layer gives."""

    def __init__(self, factor: float, inner: keras.layers.Layer | None = None, **kwargs):
        super().__init__(**kwargs)
        self.factor, self.inner = factor, inner

    def build(self, input_shape):
        self.scale = self.add_weight(shape=input_shape[-1:], initializer="random_normal", name="scale")

    def call(self, x):
        return (x if self.inner is None else self.inner(x)) * self.scale * self.factor

    def get_config(self):
        inner = keras.saving.serialize_keras_object(self.inner)
        return {**super().get_config(), "factor": self.factor, "inner": inner}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "inner": keras.saving.deserialize_keras_object(config["inner"])})


class Shift(keras.callbacks.Callback):
    """Lowers the learning rate at each epoch."""

    def __init__(self, by: float = 0.1):
        super().__init__()
        self.by = by

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.5 - self.by * epoch


def test_a_good_component_keeps_all():
    assert broken_by("callback", Shift) == {}
    inner = {"Dense": {"units": 5}}
    for arguments in ({"factor": 2.0}, {"factor": 2.0, "inner": inner}):
        assert broken_by("layer", Scale, Example(arguments, shapes=[(3, 5)])) == {}


def test_contracts_are_named():
    found = contracts({"layer": {"Scale": Scale}}, {"layer": {"Scale": Example({"factor": 2.0})}})
    assert [str(one) for one in found][:2] == ["layer-Scale-documented", "layer-Scale-typed"]
    assert len(found) == len(OF_ARGUMENTS) + len(RULES["layer"])


def test_a_table_that_is_no_plugin_is_refused():
    with pytest.raises(UsageError, match="COMPONENTS: no kind 'layr' in COMPONENTS"):
        contracts({"layr": {"Scale": Scale}})


def test_the_current_folder_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    broken_by("callback", keras.callbacks.CSVLogger, Example({"filename": "log.csv"}))
    assert list(tmp_path.iterdir()) == []


def test_inputs():
    assert [one.shape for one in Example().inputs("layer")] == [(4, 8)]
    assert Example(shapes=((2, 3),)).inputs("augmentation")[0].max() > 1.0
    labels, predictions = Example().inputs("loss")
    np.testing.assert_array_equal(labels.sum(axis=-1), np.ones(4))
    np.testing.assert_allclose(predictions.sum(axis=-1), np.ones(4), rtol=1e-6)
    assert Example(shapes=((3,),), vocabulary_size=5).inputs("model")[0].max() < 5


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1.0, 1.0, True),
        (float("nan"), float("nan"), True),
        ({"a": [1, "x"]}, {"a": [1, "x"]}, True),
        ({"a": 1}, {"b": 1}, False),
        ([1], [1, 2], False),
        (np.float32(1), np.float64(1), False),
        (np.array([1.0]), np.array([[1.0]]), False),
        ("x", "y", False),
    ],
)
def test_same(one, other, equal):
    assert same(one, other) is equal


def test_a_configuration_that_json_cannot_hold():
    with pytest.raises(Broken, match="no JSON"):
        as_json({"layer": object()})
