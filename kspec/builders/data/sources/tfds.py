"""`tfds:` data sets of TensorFlow Datasets, read from disk; downloaded first where one is missing."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from kspec.builders.data.download import reachable
from kspec.builders.data.sources import fields
from kspec.builders.data.sources.prepared_set import check_classes
from kspec.builders.data.splits import join, plan
from kspec.builders.examples import Examples, Source
from kspec.errors import DataError, Problem, did_you_mean
from kspec.spec.data import Data, Tfds

PATH = ("data", "tfds")
BUCKET = "https://storage.googleapis.com"
"""Where TFDS looks for sets that Google has prepared."""


def load(data: Data) -> Source:
    """The examples that `train`, `validation` and `test` ask for, as stored, in the order of the files.

    A split that is given by an expression stands in `splits` under that expression, so that no more than it is read.

    Raises:
        DataError: no set of this name; not prepared and not to be downloaded; no such split or feature.
    """
    settings = data.source[1]
    builder = prepared(settings)
    chosen = fields.choose(builder.info.features, builder.info.supervised_keys, data)
    sizes = {name: info.num_examples for name, info in builder.info.splits.items()}
    read = {}
    for role, parts in plan(data, sizes).items():
        written = getattr(data, role)
        name = written if isinstance(written, str) and written != "auto" else role
        read[name] = join([_read(builder, part.split, part.start, part.stop, chosen, data) for part in parts])
    return Source(chosen.kind, read, chosen.class_names, chosen.task, chosen.label_names)


def open_builder(settings: Tfds) -> Any:
    """TFDS' builder of the set; needs neither its data nor a network.

    Raises:
        DataError: TFDS knows no set, config or version of this name; the set is code, or names code to import.
    """
    import tensorflow_datasets as tfds

    name = settings.name.split("/")[0]
    base, _, after = name.partition(":")
    if after and not after[0].isdigit() and after[0] != "*":
        hint = "prepare the set yourself and name its folder with data.tfds.data_dir"
        message = "community data sets are Python code from the network, which kspec does not run"
        raise DataError(Problem((*PATH, "name"), message, "a set of TFDS itself", settings.name, hint))
    check_classes(Path(settings.data_dir or tfds.core.constants.DATA_DIR).expanduser() / base)
    try:
        return tfds.builder(settings.name, data_dir=settings.data_dir)
    except tfds.core.DatasetNotFoundError:
        known = tfds.list_builders()
        base = settings.name.split("/")[0].split(":")[0]
        hint = did_you_mean(base, known) or "https://www.tensorflow.org/datasets/catalog lists them all"
        raise DataError(Problem((*PATH, "name"), "TFDS has no such data set", found=settings.name, hint=hint)) from None
    except (ValueError, AssertionError, TypeError, ImportError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(
            Problem((*PATH, "name"), "TFDS cannot open the data set", found=f"{settings.name}: {reason}")
        ) from None


def prepared(settings: Tfds) -> Any:
    """The builder of a set that lies on disk, after a download where one is needed and possible.

    Raises:
        DataError: within seconds where the set is missing and no network is there.
    """
    builder = open_builder(settings)
    if _is_prepared(builder):
        return builder
    if not settings.download:
        raise _missing(builder, settings, "the data set is not prepared, and tfds.download is false")
    sources = list(builder.url_infos or ())
    bucket = reachable(BUCKET)
    if not bucket and not (sources and reachable(sources[0])):
        raise _missing(builder, settings, "the data set is not on this machine, and its host cannot be reached")
    return _download(builder, settings, bucket)


def _is_prepared(builder: Any) -> bool:
    """Whether the set lies on disk; TFDS' warning that it does not is kept back, since kspec says so itself."""
    log = logging.getLogger("absl")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        return bool(builder.is_prepared())
    finally:
        log.setLevel(level)


def _download(builder: Any, settings: Tfds, bucket: bool) -> Any:
    """Downloads and prepares, with TFDS' own progress bars, for as long as it takes."""
    import tensorflow_datasets as tfds

    # With a bucket that does not answer, TFDS would retry for minutes.
    config = tfds.download.DownloadConfig(try_download_gcs=bucket)
    try:
        builder.download_and_prepare(download_config=config)
    except Exception as error:  # TFDS has no common base for what its sets raise while downloading
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise _missing(builder, settings, f"the download failed: {reason}") from error
    return open_builder(settings)


def _missing(builder: Any, settings: Tfds, message: str) -> DataError:
    load = f"import tensorflow_datasets; tensorflow_datasets.load('{settings.name}')"
    hint = (
        f'where there is a network, run python -c "{load}" and copy ~/tensorflow_datasets here; '
        "or say where the prepared set lies with data.tfds.data_dir"
    )
    return DataError(Problem(PATH, message, f"a prepared set in {builder.data_path}", "nothing there", hint))


def _read(builder: Any, split: str, start: int, stop: int, chosen: fields.Chosen, data: Data) -> Examples:
    """A part of a split as arrays, decoded in parallel, in the order of the files."""
    import tensorflow_datasets as tfds

    dataset = builder.as_dataset(
        split=tfds.core.ReadInstruction(split, from_=start, to=stop, unit="abs"),
        shuffle_files=False,
        # TFDS reads deterministically with shuffle_files=False; its cache would hold every example a second time.
        read_config=tfds.ReadConfig(try_autocache=False),
    )
    return fields.collect(dataset, chosen, data)
