import keras
import numpy as np
import tensorflow as tf

from kspec.parts.callbacks.epoch_counter import EpochCounter


class _Seen(keras.layers.Layer):
    """Keeps the inputs of every training step."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def call(self, x, training=False):
        if training:
            self.seen.append(np.ravel(x).astype(int).tolist())
        return x


def test_every_batch_is_of_its_epoch():
    epoch = tf.Variable(0, dtype=tf.int64, trainable=False)
    epochs = tf.data.Dataset.from_tensors(0).flat_map(
        lambda _: tf.data.Dataset.from_tensors(tf.fill((1, 1), tf.cast(epoch.read_value(), tf.float32))).repeat(3)
    )
    dataset = tf.data.Dataset.zip(epochs, tf.data.Dataset.from_tensors(tf.zeros((1, 1))).repeat(3)).prefetch(4)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(3))
    seen = _Seen()
    model = keras.Sequential([keras.Input((1,)), seen, keras.layers.Dense(1)])
    model.compile(loss="mse", run_eagerly=True)
    model.fit(dataset, initial_epoch=4, epochs=7, callbacks=[EpochCounter(epoch)], shuffle=False, verbose=0)
    assert [value for [value] in seen.seen] == [4, 4, 4, 5, 5, 5, 6, 6, 6]
