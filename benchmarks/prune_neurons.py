"""Neuron pruning on every family of keras.applications: is the rebuilt network exact, how small, how long does it take?

    python benchmarks/prune_neurons.py [NAME ...]

Random weights and batch-norm statistics, 30 % of each group of neurons removed at random, residual streams too. The
difference is the largest between the outputs of the rebuilt network and those of the old one with zeros in all weights
that read a removed neuron, over the largest output.
"""

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keras

from kspec.parts.neurons.groups import groups_of
from kspec.parts.neurons.structure import Cut
from tests.parts.neurons.reference import difference

# Side of the images: the least that each takes, or 64.
SIDES = {
    **{"VGG16": 32, "Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75, "NASNetMobile": 64},
    **dict.fromkeys(
        ["ResNet50", "ResNet50V2", "DenseNet121", "ConvNeXtTiny", "EfficientNetB0", "EfficientNetV2B0"], 64
    ),
    **dict.fromkeys(["MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large"], 64),
}


def row(name):
    """One line of the table."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    side = SIDES[name]
    network = getattr(keras.applications, name)
    model = network(weights=None, input_shape=(side, side, 3), classes=10, classifier_activation=None)
    start = time.perf_counter()
    worst, structure, cut, new = difference(model, share=0.3)
    seconds = time.perf_counter() - start
    groups, nothing = groups_of(structure), Cut(structure.channels, set())
    before, after = nothing.total(structure.macs) / 1e6, cut.total(structure.macs) / 1e6
    parameters = f"{model.count_params() / 1e6:.2f} -> {new.count_params() / 1e6:.2f} M"
    kept = sum(group.channels for group in groups.frozen)
    return (
        f"{name:<18} {len(groups.prunable):>4} groups, {len(cut.removed):>6,} neurons gone, {kept:>5} frozen  "
        f"{parameters:<18} {before:>6.1f} -> {after:.1f} MMAC  difference {worst:.1e}  {seconds:.1f} s"
    )


def main():
    """Prints a row for each family."""
    for name in sys.argv[1:] or SIDES:
        print(row(name), flush=True)


if __name__ == "__main__":
    main()
