"""Whether a network can read the data at all, asked before anything is built."""

from __future__ import annotations

from typing import Literal

from kspec.builders.examples import Datasets
from kspec.errors import DataError, Problem

Reads = Literal["images", "texts", "sequences", "vectors"]

DATA = {"image": "images", "text": "texts", "table": "a table", "array": "arrays"}
"""Kind of data -> how a message calls it."""

NEEDS: dict[Reads, str] = {
    "images": "images (height, width, channels)",
    "texts": "texts as strings",
    "sequences": "token ids (length,) or sequences (length, features)",
    "vectors": "numbers of any shape",
}


def require(reads: Reads, name: str, datasets: Datasets) -> None:
    """Refuses data that the network called `name` cannot read.

    Raises:
        DataError: at `model.<name>`, e.g. "ResNet reads images, the data are texts".
    """
    if _fits(reads, datasets):
        return
    kind = DATA[datasets.kind]
    verb = "is" if datasets.kind == "table" else "are"
    found = f"{datasets.input_dtype} of shape {datasets.input_shape}"
    message = f"{name} reads {reads}, the data {verb} {kind}"
    raise DataError(Problem(("model", name), message, NEEDS[reads], found, _hint(reads, datasets), on_key=True))


def _fits(reads: Reads, datasets: Datasets) -> bool:
    rank, raw = len(datasets.input_shape), datasets.input_dtype == "string"
    ids = datasets.vocabulary_size is not None and rank == 1 and datasets.input_dtype.startswith("int")
    if reads == "texts":
        return raw
    if reads == "images":
        return rank == 3 and not raw
    if reads == "sequences":
        return ids or (rank == 2 and not raw)
    return not raw and not ids


def _hint(reads: Reads, datasets: Datasets) -> str:
    if datasets.kind == "text":
        wanted = {"texts": "raw", "sequences": "int", "vectors": "multi_hot"}
        return f"set data.text.output: {wanted[reads]}" if reads in wanted else "RNN and Transformer read texts"
    if datasets.kind == "image":
        return "CNN, ResNet and the networks of keras.applications read images"
    return "MLP reads numbers of any shape"
