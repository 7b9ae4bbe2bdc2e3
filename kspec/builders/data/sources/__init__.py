"""Where examples come from: a file a source, each with `load(data) -> Source`."""

from __future__ import annotations

from collections.abc import Callable

from kspec.builders.data.sources import folders, keras, npz, sklearn, tables, tfds
from kspec.builders.examples import Source
from kspec.errors import DataError, Problem
from kspec.spec.data import Data

SOURCES: dict[str, Callable[[Data], Source]] = {
    "tfds": tfds.load,
    "keras": keras.load,
    "sklearn": sklearn.load,
    "image_folder": folders.load_images,
    "text_folder": folders.load_texts,
    "csv": tables.load,
    "parquet": tables.load,
    "npz": npz.load,
}
LABELLED = ("tfds", "csv", "parquet")
"""Sources whose label can be chosen with `data.label`."""


def load(data: Data) -> Source:
    """Everything that the chosen source holds, in memory.

    Raises:
        DataError: the data is not there, cannot be read, or is not what the spec says; a `data.label` where the
            source has its own.
    """
    name, _ = data.source
    if data.label is not None and name not in LABELLED:
        message = f"a source of {name} has its own labels"
        found = ", ".join(data.label)
        raise DataError(Problem(("data", "label"), message, f"no label, or one of {', '.join(LABELLED)}", found))
    return SOURCES[name](data)
