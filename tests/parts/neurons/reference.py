"""The reference for a rebuilt model: the old one with the weights that read a removed channel set to zero."""

import keras
import numpy as np

from kspec.parts.neurons.groups import groups_of
from kspec.parts.neurons.rebuild import rebuild, silence
from kspec.parts.neurons.structure import Cut
from kspec.parts.neurons.walk import read

SHIFTS = ("beta", "moving_mean", "bias", "alpha")


def randomize(model, seed):
    """Weights and statistics of a network that has learnt something: nothing is constant, no layer is negligible."""
    random = np.random.default_rng(seed)
    for variable in model.weights:
        value = np.array(keras.ops.convert_to_numpy(variable))
        if variable.name in ("mean", "variance", "count"):
            continue  # of a Normalization layer, which keeps what it computed from them
        least = 0.5 / np.sqrt(np.prod(value.shape[:-1]))
        if variable.name in SHIFTS:
            variable.assign(random.normal(0, 0.3, value.shape))
        elif variable.name == "moving_variance" or np.ptp(value) == 0:  # gammas, the tiny factors of ConvNeXt
            variable.assign(random.uniform(0.5, 1.5, value.shape))
        elif value.std() < least:  # BERT starts from a deviation of 0.02
            variable.assign(value * (2 * least / value.std()))


def random_cut(structure, share, seed):
    """A share of all channels that may go, at random, but never a whole group."""
    random = np.random.default_rng(seed)
    removed = set()
    for group in groups_of(structure).prunable:
        count = min(round(share * len(group.classes)), len(group.classes) - 1)
        removed |= set(random.choice(group.classes, count, replace=False).tolist())
    return Cut(structure.channels, removed)


def examples(model, seed=0, count=2, length=7):
    """Random values for each input, of any length where it is free."""
    random, inputs = np.random.default_rng(seed), []
    for tensor in model.inputs:
        shape = (count, *(size or length for size in tensor.shape[1:]))
        whole = tensor.dtype.startswith("int")
        inputs.append(random.integers(0, 2, shape) if whole else random.normal(size=shape).astype("float32"))
    structured = keras.tree.pack_sequence_as(model.input, inputs)
    return structured[0] if isinstance(structured, list) and len(structured) == 1 else structured


def outputs(model, inputs):
    found = [keras.ops.convert_to_numpy(one) for one in keras.tree.flatten(model(inputs, training=False))]
    assert all(np.isfinite(one).all() for one in found)
    return found


def distance(found, expected):
    """The largest difference over the largest output."""
    assert [one.shape for one in found] == [one.shape for one in expected]
    pairs = zip(found, expected, strict=True)
    return max(float(np.abs(one - other).max() / max(np.abs(other).max(), 1e-12)) for one, other in pairs)


def difference(model, share=0.4, seed=0, effect=1e-3):
    """(distance to the reference, structure, cut, rebuilt model); the old model's weights are lost.

    effect: the least that the cut must change in the outputs, so that a small difference says something.
    """
    randomize(model, seed)
    structure = read(model)
    cut = random_cut(structure, share, seed)
    new, inputs = rebuild(structure, cut), examples(model, seed)
    found, before = outputs(new, inputs), outputs(model, inputs)
    assert not cut.removed or distance(found, before) >= effect
    silent = silence(structure, cut)
    for variable in model.weights:
        if id(variable) in silent:
            variable.assign(silent[id(variable)])
    assert cut.total(structure.parameters()) == new.count_params()
    return distance(found, outputs(model, inputs)), structure, cut, new
