"""The whole way of the data: load, split, clean, encode the labels, preprocess."""

from __future__ import annotations

from typing import Any

from kspec.builders.data.clean import clean
from kspec.builders.data.fingerprint import fingerprint
from kspec.builders.data.labels import encode_labels, infer_task
from kspec.builders.data.prepared import train_of
from kspec.builders.data.preprocess import preprocess
from kspec.builders.data.sources import load
from kspec.builders.data.splits import split
from kspec.builders.data.synthetic import synthetic_source
from kspec.builders.examples import Datasets, Source
from kspec.builders.model.text_output import Output
from kspec.spec.data import Data


def build_data(data: Data, seed: int, text_output: Output, fitted: Any = None) -> Datasets:
    """The data of a spec, in memory, ready for the pipeline.

    seed: of the splits that are drawn as fractions.
    text_output: how texts are written for the model; see kspec.builders.model.text_output.
    fitted: a preprocessor of an earlier run that takes the place of one fitted on train, for tables and texts.

    Raises:
        DataError: the data are not there, or not what the spec says.
    """
    return assemble(load(data), data, seed, text_output, fitted)


def synthetic_data(data: Data, seed: int, text_output: Output, fitted: Any = None) -> Datasets:
    """Generated data of the shapes and classes that the source's metadata gives, by the same path; needs no network.

    Raises:
        DataError: the metadata are not there, or contradict the spec.
    """
    source, wanted = synthetic_source(data)
    return assemble(source, wanted, seed, text_output, fitted)


def assemble(source: Source, data: Data, seed: int, text_output: Output, fitted: Any = None) -> Datasets:
    """The data of a source, split, cleaned and preprocessed."""
    splits, cleaning = clean(split(source, data, seed), data, source.class_names)
    task = infer_task(train_of(splits).y, data, source)
    labelled, class_names = encode_labels(splits, task, source.class_names)
    ready = preprocess(source.kind, labelled, data, text_output, fitted)
    train = train_of(ready.splits)
    return Datasets(
        kind=source.kind,
        task=task,
        train=train,
        validation=ready.splits["validation"],
        test=ready.splits["test"],
        class_names=class_names,
        num_outputs=len(class_names) if task == "classification" else train.y.shape[1],
        input_shape=ready.input_shape,
        input_dtype=ready.input_dtype,
        preprocessor=ready.preprocessor,
        vocabulary_size=ready.vocabulary_size,
        cleaning=cleaning,
        fingerprint=fingerprint(splits),
        label_names=() if task == "classification" else data.label or source.label_names,
        text=data.text,
        texts=labelled if data.baseline and source.kind == "text" else {},
    )
