"""What a verb does before its work."""

import logging

import keras
import numpy as np

from kspec.commands.start import start


def test_functions_that_are_traced_again_and_again_are_not_warned_of(caplog):
    start()
    for width in range(1, 9):
        inputs = keras.Input((width,))
        model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
        model.predict(np.zeros((2, width), "float32"), verbose=0)
    logging.getLogger("tensorflow").warning("something else")
    assert [one.getMessage() for one in caplog.records] == ["something else"]
