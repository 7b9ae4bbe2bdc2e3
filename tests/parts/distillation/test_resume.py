"""A distillation that is left after any step and gone on with ends in the same bits."""

import keras
import numpy as np
import pytest

from kspec import (
    DeterministicViews,
    Distiller,
    FeatureDistillation,
    LogitsDistillation,
    SelfTeacher,
    TeacherCache,
)
from kspec.parts.resume.resumable import ResumableCallbacks

EPOCHS, STEPS, BATCH = 2, 3, 8
X = np.random.default_rng(0).normal(size=(BATCH * STEPS, 8, 8, 1)).astype("float32")
Y = np.arange(len(X)) % 3


class _Training:
    def __init__(self, teacher, network):
        views = DeterministicViews(X, Y, lambda x, _: x, batch_size=BATCH, views=2)
        soft = [LogitsDistillation(weight=keras.optimizers.schedules.PolynomialDecay(1.0, 6, 0.0))]
        self.data = views.epochs().map(lambda key, batch: batch)
        if teacher == "cache":
            teacher = TeacherCache(len(X), 2).fill(network(8, seed=1), views.all())
            self.data = teacher.attach(views.epochs())
        else:
            soft.append(FeatureDistillation("conv", "conv", projection=True))
            teacher = SelfTeacher(0.8) if teacher == "self" else network(8, seed=1)
        self.student = network(4, dropout=0.5, seed=2)
        self.distiller = Distiller(teacher, self.student, soft)
        self.distiller.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        self.distiller.compute_metrics(None, Y[:2], np.ones((2, 3), "float32") / 3)

    def fit(self, state=None):
        states = []
        callbacks = ResumableCallbacks(
            [], self.distiller, epochs=EPOCHS, steps=STEPS, save=states.append, seconds=0, state=state
        )
        self.distiller.fit(
            self.data.skip(callbacks.initial_epoch * STEPS + callbacks.first_step),
            initial_epoch=callbacks.initial_epoch,
            steps_per_epoch=STEPS,
            shuffle=False,
            epochs=EPOCHS,
            callbacks=callbacks,
            verbose=0,
        )
        return states

    def result(self):
        return [one.numpy() for one in (*self.distiller.variables, *self.distiller.optimizer.variables)]


@pytest.mark.parametrize("teacher", ["network", "self", "cache"])
def test_goes_on_to_the_same_bits(network, teacher):
    alone = _Training(teacher, network)
    states = alone.fit()
    assert len(states) == EPOCHS * STEPS + 1
    for number in (1, 3, 5):
        again = _Training(teacher, network)
        again.fit(states[number])
        for ours, theirs in zip(again.result(), alone.result(), strict=True):
            np.testing.assert_array_equal(ours, theirs)
