import keras
import numpy as np
import tensorflow as tf

from kspec.parts.layers.byte_inputs import ByteInputs


def made_by(layer):
    return tf.data.Dataset.from_tensors(np.array(["ab", "", "abcdef"], object)).map(layer).get_single_element()


def test_the_bytes_are_the_tokens():
    made = made_by(ByteInputs(["token_ids", "padding_mask"], 4))
    assert sorted(made) == ["padding_mask", "token_ids"]
    np.testing.assert_array_equal(made["token_ids"], [[97, 98, 0, 0], [0, 0, 0, 0], [97, 98, 99, 100]])
    np.testing.assert_array_equal(made["padding_mask"], [[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]])


def test_it_is_made_again_from_its_configuration():
    layer = ByteInputs(["segment_ids", "token_ids"], 3)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    np.testing.assert_array_equal(made_by(again)["token_ids"], made_by(layer)["token_ids"])
    assert again.get_config()["names"] == ["segment_ids", "token_ids"]
