from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from kspec.check import step
from kspec.check.step import Stopwatch, Timing, columns, whole


def dataset(count, size=4):
    """Batches of `size` examples."""
    return tf.data.Dataset.range(count * size).batch(size)


def test_columns_of_batches():
    batches = [np.ones((2, 3)), np.ones((1, 5))]
    signature = ({"padding_mask": tf.TensorSpec((None, None))}, tf.TensorSpec((None,)))
    made = tf.data.Dataset.from_generator(
        lambda: (({"padding_mask": mask}, np.zeros(len(mask))) for mask in batches), output_signature=signature
    )
    assert columns(made) == [3, 5]
    assert columns(None) == columns(tf.data.Dataset.from_tensors((np.ones((2, 3)), np.zeros(2)))) == []


@pytest.mark.parametrize(
    ("lengths", "seconds"),
    [
        ([], [4.0, 2.0, 6.0]),
        # A batch of mean length, 20, would have taken: 4 s at 20, 2 s at 10, 6 s at 30.
        ([20, 10, 30], [4.0, 4.0, 4.0]),
    ],
)
def test_steps_are_those_of_mean_length(lengths, seconds, monkeypatch):
    times = iter([0.0, 0.0, 4.0, 6.0, 12.0, *[12.0] * 9])
    monkeypatch.setattr(step.time, "perf_counter", lambda: next(times))
    watch = Stopwatch(lengths)
    watch.set_model(SimpleNamespace(stop_training=False))
    watch.on_train_begin()
    watch.on_epoch_begin(0)
    for batch in range(3):
        watch.on_train_batch_end(batch, {"loss": 1.0})
    assert [*watch.firsts, *watch.steps] == pytest.approx(seconds)


def test_several_steps_at_once_count_with_their_mean(monkeypatch):
    times = iter([0.0, 0.0, 8.0])
    monkeypatch.setattr(step.time, "perf_counter", lambda: next(times))
    watch = Stopwatch([10, 30, 80, 80])  # their mean is 50, that of the first two 20
    watch.on_train_begin()
    watch.on_epoch_begin(0)
    watch.on_train_batch_end(1, {"loss": 1.0})
    assert watch.firsts == [10.0]  # 4 s a step, times 50 / 20


@pytest.mark.parametrize(
    ("validation", "epoch", "views", "seconds"),
    [
        # first 10, two epochs of 5 steps of 3 s and 2 batches of validation of 1 s, once more these, 4 of test of 2 s
        (1.0, None, (), 10 + 2 * (15 + 2) + 2 + 8),
        (None, None, (), 10 + 2 * (15 + 4) + 4 + 8),
        (1.0, 20.0, (), 10 + 40 + 2 + 8),
        (1.0, None, ("mirror",), 10 + 2 * (15 + 2) + (2 + 8) * 3),
    ],
)
def test_the_whole_training(validation, epoch, views, seconds):
    spec = SimpleNamespace(training=SimpleNamespace(epochs=2), evaluate=SimpleNamespace(views=views))
    experiment = SimpleNamespace(spec=spec, steps_per_epoch=5, validation=dataset(2), test=dataset(4))
    timing = Timing(first=10.0, step=3.0, validation=validation, test=2.0, epoch=epoch, loss=1.0, length=None)
    assert whole(timing, experiment) == seconds
