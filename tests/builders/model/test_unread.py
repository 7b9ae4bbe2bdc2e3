import keras
import pytest
from keras import layers

from kspec.builders.model.unread import unread_layers


def network(reads):
    """A nested network with two outputs, of which a head reads some."""
    inputs = keras.Input((4,))
    sequence = layers.Dense(3, name="sequence")(inputs)
    pooled = layers.Dense(3, name="pooled")(layers.Activation("tanh", name="tanh")(sequence))
    inner = keras.Model(inputs, {"sequence": sequence, "pooled": pooled}, name="inner")
    outer = keras.Input((4,))
    found = inner(outer)
    read = [found[name] for name in reads]
    return keras.Model(outer, layers.Dense(1, name="head")(layers.Add()(read) if len(read) > 1 else read[0]))


@pytest.mark.parametrize(
    ("reads", "unread"),
    [(["sequence"], ["tanh", "pooled"]), (["pooled"], []), (["sequence", "pooled"], [])],
)
def test_what_no_output_depends_on(reads, unread):
    assert [layer.name for layer in unread_layers(network(reads))] == unread


def test_a_network_that_is_no_graph_reads_all():
    assert unread_layers(keras.Sequential([keras.Input((4,)), layers.Dense(2)])) == []


def test_what_is_nested_in_a_sequence_of_layers_counts():
    sequence = keras.Sequential([keras.Input((4,)), network(["sequence"]), layers.Dense(2)])
    assert [layer.name for layer in unread_layers(sequence)] == ["tanh", "pooled"]


def test_a_network_without_a_graph_is_taken_to_read_all():
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, inputs):
            return self.dense(inputs)

    assert unread_layers(Subclassed()) == []
