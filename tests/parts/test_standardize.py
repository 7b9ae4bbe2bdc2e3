import keras
import numpy as np
import pytest

from kspec.parts.standardize import plain_words, plain_words_without_html


@pytest.mark.parametrize(
    ("function", "text", "expected"),
    [
        (plain_words, "Hello, World!", "hello world"),
        (plain_words, "ÄRGER", "ärger"),
        (plain_words, "a <br />b", "a br b"),
        (plain_words_without_html, "Good.<br />Bad", "good bad"),
        (plain_words_without_html, "3 < 4", "3  4"),
    ],
)
def test_text(function, text, expected):
    assert function([text]).numpy()[0].decode() == expected


@pytest.mark.parametrize("function", [plain_words, plain_words_without_html])
def test_is_found_again_by_keras(function):
    layer = keras.layers.TextVectorization(standardize=function, vocabulary=["good"])
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    np.testing.assert_array_equal(copy(["GOOD, bad"]), [[2, 1]])
