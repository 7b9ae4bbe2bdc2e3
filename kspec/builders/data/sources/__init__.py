"""Where examples come from: a file a source, each with `load(data) -> Source`."""

from __future__ import annotations

from collections.abc import Callable

from kspec.builders.data.sources import folders, keras, npz, sklearn, tables, tfds
from kspec.builders.examples import Source
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


def load(data: Data) -> Source:
    """Everything that the chosen source holds, in memory.

    Raises:
        DataError: the data is not there, cannot be read, or is not what the spec says.
    """
    name, _ = data.source
    return SOURCES[name](data)
