"""`distill` of a stage as the model that `fit` trains, and the batches that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from kspec.builders.data.order import ENDLESS
from kspec.builders.data.pipeline import pipeline, steps_an_epoch
from kspec.builders.distill_losses import Losses, build_losses, check_layers
from kspec.builders.experiment import SMOKE_STEPS, Experiment
from kspec.builders.saved import taken_apart
from kspec.builders.targets import MIXING
from kspec.builders.trained import read_trained, trained_file
from kspec.errors import Gathered, Problem, SpecError, did_you_mean
from kspec.parts.distillation.cache import TeacherCache
from kspec.parts.distillation.distiller import Distiller
from kspec.parts.distillation.teachers import SelfTeacher
from kspec.spec.data import Data
from kspec.spec.distill import BASE, PREVIOUS, SELF, WORDS, Distill

Address = tuple[str | int, ...]
Watch = Callable[[Iterable[Any], int, int], Iterable[Any]]
"""Gives the same batches, of which there are so many, of the view with this number, and shows how far it has come."""
SCORES = "teacher_scores.npz"
"""The cache of a teacher's answers, in the folder of the stage, so that a resumed training reads the same ones.
It is written after every view."""


def build_distiller(
    experiment: Experiment,
    section: Distill,
    path: Address,
    files: Mapping[str, Path],
    folder: Path,
    watch: Watch,
    *,
    smoke: bool,
) -> Experiment:
    """The experiment with a Distiller around its model, which stays what is saved; `undistilled` takes it off again.

    section: at `path` of the spec. files: what `base` and `previous` mean. folder: for the cache of `views`.
    watch: is given the batches that the teacher is asked about before the training.

    Raises:
        SpecError: teachers that are not there, or do not fit; losses that do not fit the task, layers that are not
            there, weights whose lengths do not fit into the training; views of blended examples are averaged.
    """
    gathered = Gathered()
    gathered.part(lambda: _one_answer(section, path, experiment), None)
    losses: Any = gathered.part(lambda: build_losses(section, path, experiment, smoke=smoke), None)
    teacher = gathered.part(lambda: build_teacher(section, path, files, experiment), None)
    gathered.part(lambda: check_layers(section, path, teacher, experiment.model), None)
    gathered.stop()
    cached = section.views is not None
    student = experiment.model
    student.optimizer, student.compiled = None, False  # the Distiller has it
    weights = None if cached else section.teacher_weights
    try:
        filled = _filled(experiment, teacher, losses, section, folder, watch) if cached else teacher
        distiller = Distiller(filled, student, losses.soft, hard_weight=losses.hard_weight, teacher_weights=weights)
    except ValueError as error:
        raise SpecError(Problem(path, str(error), on_key=True)) from error
    distiller.compile(
        optimizer=experiment.plan.optimizer,
        loss=experiment.plan.loss,
        metrics=list(experiment.plan.metrics),
        jit_compile=experiment.settings.jit_compile,
        steps_per_execution=experiment.spec.training.steps_per_execution,
    )
    train = filled.attach(_views(experiment, section, smoke)) if cached else experiment.train
    return replace(experiment, model=distiller, train=train)


def undistilled(experiment: Experiment) -> Any:
    """The network of an experiment, without a Distiller around it."""
    return experiment.model.student if isinstance(experiment.model, Distiller) else experiment.model


def build_teacher(section: Distill, path: Address, files: Mapping[str, Path], experiment: Experiment) -> Any:
    """The teacher, or the list of them.

    Raises:
        SpecError: every teacher that is not there, reads its data another way, or does not put out what the student
            does.
    """
    if section.teacher == (SELF,):
        return SelfTeacher() if section.decay is None else SelfTeacher(section.decay)
    gathered = Gathered()
    found = [
        gathered.part(partial(_network, name, (*path, "teacher", number), files, experiment), None)
        for number, name in enumerate(section.teacher)
    ]
    gathered.stop()
    return found[0] if len(found) == 1 else found


def _network(name: str, place: Address, files: Mapping[str, Path], experiment: Experiment) -> Any:
    file = files[name] if name in (BASE, PREVIOUS) else _file(name, place)
    preprocessor, network = taken_apart(read_trained(file, place))
    if name not in (BASE, PREVIOUS):
        _fits(preprocessor, network, place, name, experiment)
    return network


def _file(name: str, place: Address) -> Path:
    try:
        return trained_file(name, place)
    except SpecError as error:
        hint = did_you_mean(Path(name).name, WORDS)
        raise SpecError([replace(one, hint=one.hint or hint) for one in error.problems]) from error


def _fits(preprocessor: Any, network: Any, place: Address, name: str, experiment: Experiment) -> None:
    ours = experiment.datasets.preprocessor
    if not _same(preprocessor, ours):
        message = "the teacher makes features of the raw data in another way than this run"
        raise SpecError(Problem(place, message, "a teacher of the same `data`", name))
    student = experiment.model
    if network.output_shape[1:] != student.output_shape[1:]:
        message = "the teacher's output is another than the student's"
        raise SpecError(Problem(place, message, str(student.output_shape[1:]), str(network.output_shape[1:])))


def _same(one: Any, other: Any) -> bool:
    """Whether two preprocessors do the same: the same layers with the same statistics."""
    if one is None or other is None:
        return one is other
    layers = [[type(layer).__name__ for layer in each.layers] for each in (one, other)]
    values = [each.get_weights() for each in (one, other)]
    return layers[0] == layers[1] and all(np.array_equal(a, b) for a, b in zip(*values, strict=True))


def _views(experiment: Experiment, section: Distill, smoke: bool) -> Any:
    """The batches of the training, which say which view of which example they hold."""
    limit = SMOKE_STEPS if smoke else experiment.spec.training.steps_per_epoch
    data = experiment.spec.data
    steps = steps_an_epoch(len(experiment.datasets.train), data, limit)
    views = ENDLESS if section.average_views else section.views
    return _batches(experiment, data, views=views, steps=steps, epoch=experiment.epoch, first=experiment.first)


def _batches(experiment: Experiment, data: Data, **given: Any) -> Any:
    train, targets, seed = experiment.datasets.train, experiment.targets, experiment.spec.seed
    return pipeline(train, data, targets, seed=seed, training=True, **given)


def _filled(
    experiment: Experiment, teacher: Any, losses: Losses, section: Distill, folder: Path, watch: Watch
) -> TeacherCache:
    """The cache with the teacher's word on every view; views that the folder's file holds are not asked for again."""
    cache = _cache(experiment, teacher, losses, section, folder, watch)
    return cache.average() if section.average_views else cache


def _cache(
    experiment: Experiment, teacher: Any, losses: Losses, section: Distill, folder: Path, watch: Watch
) -> TeacherCache:
    file, count = folder / SCORES, len(experiment.datasets.train)
    views, data = section.views or 1, experiment.spec.data
    dtype: Literal["float16", "float32"] = "float32" if losses.of_numbers else "float16"
    cache = TeacherCache.load(file) if file.is_file() else TeacherCache(count, views, dtype)
    asked: Any = {
        "teacher_weights": section.teacher_weights,
        "teacher_activation": "numbers" if losses.of_numbers else None,
    }
    if section.average_views:  # asked for in any view, an example that a pass left out would have no answer
        data = data.model_copy(update={"drop_remainder": False})
    steps = steps_an_epoch(count, data, None)
    for view in np.flatnonzero(~cache.filled.any(axis=0)):  # all, or those after the one at which it was stopped
        batches = _batches(experiment, data, views=views, steps=steps, epoch=tf.constant(view, tf.int64))
        cache.fill(teacher, watch(batches, steps, int(view)), **asked)
        cache.save(file, overwrite=True)
    return cache


def _one_answer(section: Distill, path: Address, experiment: Experiment) -> None:
    """One answer for all views of an example is none for its blends with others."""
    mixing = [one.name for one in experiment.spec.data.augment if one.name in MIXING]
    if section.average_views and mixing:
        message = f"{mixing[0]} blends examples: the mean over the views of one would be taught for two"
        raise SpecError(Problem((*path, "average_views"), message, "no average_views, or no mixing", on_key=True))
