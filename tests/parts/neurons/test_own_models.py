"""The model families of kspec lose neurons too."""

import numpy as np
import pytest

from kspec import CNN, MLP, FastResNet, ResNet, Transformer, WideResNet, adapt_model, prune_neurons
from tests.parts.neurons.reference import difference

IMAGES = np.random.default_rng(0).uniform(0, 255, (20, 16, 16, 3)).astype("float32")

MODELS = {
    "MLP": lambda: MLP((16, 16, 3), 4, hidden=[12, 8], batch_norm=True),
    "CNN": lambda: CNN((16, 16, 3), 4, filters=[6, 8]),
    "ResNet, zeros in the shortcut": lambda: ResNet((16, 16, 3), 4, depth=8, width=4),
    "ResNet v2, projection": lambda: ResNet((16, 16, 3), 4, depth=8, width=4, version="v2", shortcut="projection"),
    "WideResNet": lambda: WideResNet((16, 16, 3), 4, depth=10, width=1),
    "FastResNet": lambda: FastResNet((16, 16, 3), 4, widths=[4, 6], seed=0),
    "Transformer": lambda: Transformer((8, 3), 4, num_layers=1, num_heads=2, hidden_dim=8, norm="batch"),
}


@pytest.mark.parametrize("name", MODELS)
def test_exact(name):
    model = MODELS[name]()
    if model.input_shape[1:] == (16, 16, 3):
        adapt_model(model, IMAGES)
    worst, _, cut, _ = difference(model)
    assert worst <= 1e-5
    assert cut.removed


def test_a_network_of_residual_streams_only_says_what_to_do():
    model = FastResNet((16, 16, 3), 4, widths=[4, 6])
    with pytest.raises(ValueError, match=r"no neurons that could go: .*pass scope='all' to take them too"):
        prune_neurons(model, ratio=0.5, criterion="l2")
    small, _ = prune_neurons(model, ratio=0.5, criterion="l2", scope="all")
    assert [layer.filters for layer in small.layers if layer.name.startswith("group") and "conv" in layer.name] == [
        *(2, 2),
        *(3, 3),
    ]
