"""Two networks of keras.applications; `benchmarks/prune_neurons.py` checks all families."""

import keras
import pytest

from kspec.parts.neurons.structure import Cut
from tests.parts.neurons.reference import difference


@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNetV3Small"])
def test_exact(name):
    network = getattr(keras.applications, name)
    model = network(weights=None, input_shape=(32, 32, 3), classes=10, classifier_activation=None)
    worst, structure, cut, new = difference(model, share=0.3)
    assert worst <= 1e-5
    assert new.count_params() < 0.7 * model.count_params()
    assert cut.total(structure.macs) < 0.7 * Cut(structure.channels, set()).total(structure.macs)
