"""The examples before preprocessing, as the saved model of a run reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from kspec.builders.data.clean import clean
from kspec.builders.data.sources import load
from kspec.builders.data.splits import split
from kspec.builders.data.synthetic import synthetic_source
from kspec.builders.data.table import input_name, typed
from kspec.spec.data import Data


def raw_features(data: Data, seed: int, preprocessor: Any, *, smoke: bool = False) -> dict[str, Any]:
    """Split -> its features, in the order of `Datasets`, whose own are preprocessed already.

    Texts: object array of str (n,). Tables: an array (n,) for each input of the preprocessor, by its name.
    preprocessor: of the datasets. smoke: of the generated data.

    Raises:
        DataError: the data cannot be read any more.
    """
    source, wanted = synthetic_source(data) if smoke else (load(data), data)
    splits, _ = clean(split(source, wanted, seed), wanted, source.class_names)
    return {role: None if part is None else _as_read(part.x, preprocessor) for role, part in splits.items()}


def _as_read(features: Any, preprocessor: Any) -> Any:
    if not isinstance(features, Mapping):
        return np.asarray(features)
    kinds = {tensor.name: tensor.dtype for tensor in preprocessor.inputs}
    return dict(typed(features, {column: kinds[input_name(column)] for column in features}))
