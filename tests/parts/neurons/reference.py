"""The reference for a rebuilt model: the old one with the weights that read a removed channel set to zero."""

import keras
import numpy as np

from kspec.parts.neurons.groups import groups_of
from kspec.parts.neurons.rebuild import rebuild, silence
from kspec.parts.neurons.structure import Cut
from kspec.parts.neurons.walk import read


def randomize(model, seed):
    """Weights and statistics of a network that has learnt something: no zero shift, no unit variance."""
    random = np.random.default_rng(seed)
    for variable in model.weights:
        shape = tuple(variable.shape)
        if variable.name in ("gamma", "moving_variance"):
            variable.assign(random.uniform(0.5, 1.5, shape))
        elif variable.name in ("beta", "moving_mean", "bias", "alpha"):
            variable.assign(random.normal(0, 0.3, shape))


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


def difference(model, share=0.4, seed=0, structure=None):
    """(largest difference over the largest output, structure, cut, rebuilt model); the old model's weights are lost."""
    randomize(model, seed)
    structure = structure or read(model)
    cut = random_cut(structure, share, seed)
    new = rebuild(structure, cut)
    inputs = examples(model, seed)
    found = [keras.ops.convert_to_numpy(one) for one in keras.tree.flatten(new(inputs, training=False))]
    silent = silence(structure, cut)
    for variable in model.weights:
        if id(variable) in silent:
            variable.assign(silent[id(variable)])
    expected = [keras.ops.convert_to_numpy(one) for one in keras.tree.flatten(model(inputs, training=False))]
    worst = 0.0
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        worst = max(worst, float(np.abs(one - other).max() / max(np.abs(other).max(), 1e-12)))
    assert cut.total(structure.parameters()) == new.count_params()
    return worst, structure, cut, new
