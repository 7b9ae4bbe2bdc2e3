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


def test_the_fixed_convolution_of_fast_resnet_is_counted_and_stays():
    model = FastResNet((8, 8, 3), 10, widths=[4])
    small, report = prune_neurons(model, ratio=0.5, criterion="l2", scope="all")
    # 24 filters of 2 x 2 x 3 at 7 x 7 places; then 3 x 3 windows, at 7 x 7 and after the pooling at 3 x 3; 10 outputs.
    fixed = 49 * 24 * 2 * 2 * 3
    assert report.macs_before == fixed + 49 * 9 * 24 * 4 + 9 * 9 * 4 * 4 + 4 * 10
    assert report.macs_after == fixed + 49 * 9 * 24 * 2 + 9 * 9 * 2 * 2 + 2 * 10
    assert small.get_layer("whiten").kernel.shape == (2, 2, 3, 24)
    assert any("whiten (WhiteningConv2D): its filters are those of the data" in one.reason for one in report.frozen)
