import numpy as np

from kspec.parts.neurons.channels import Channels


def test_united_channels_are_one_class():
    channels = Channels()
    a, b, c = (channels.fresh(3) for _ in range(3))
    channels.unite(a, b)
    channels.unite(b[1:], c[:2])
    assert channels.roots(a).tolist() == channels.roots(b).tolist() == [0, 1, 2]
    assert channels.roots(c).tolist() == [1, 2, 8]


def test_a_reason_counts_for_the_class():
    channels = Channels()
    a, b = channels.fresh(2), channels.fresh(2)
    channels.freeze(b[:1], "first")
    channels.freeze(b, "second")
    channels.unite(a, b)
    channels.join(b[1:])
    assert channels.frozen() == {0: "first", 1: "second"}
    assert channels.joined() == {1}


def test_an_output_is_the_better_reason():
    channels = Channels()
    a = channels.fresh(1)
    channels.freeze(a, "a softmax")
    channels.freeze_outputs(a, "an output")
    assert channels.frozen() == {0: "an output"}


def test_classes_are_read_anew_after_a_union():
    channels = Channels()
    a = channels.fresh(2)
    assert channels.roots(a).tolist() == [0, 1]
    channels.unite(a[:1], a[1:])
    assert channels.roots(a).tolist() == [0, 0]
    assert channels.roots(channels.fresh(1)).tolist() == [2]
    assert channels.roots(np.array([0, 2])).tolist() == [0, 2]
