"""Whether an exported file computes what Keras does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kspec.parts.export.table import ExportError, Precision

Task = Literal["classification", "multi_label", "regression"]

CLOSE = 1e-3
"""The largest difference of a float32 file, for outputs up to 1; larger outputs may differ in proportion."""
LEAST_AGREEMENT = 0.9
"""The share of examples whose class a file of fewer bits must give as Keras does."""
MOST_ERROR = 0.1
"""Of a regression in fewer bits: the root mean square of the differences, in standard deviations of Keras' outputs."""


@dataclass(frozen=True)
class Comparison:
    """A file beside Keras, on the same examples.

    max_difference: the largest absolute difference of an output. agreement: the share of examples with the same class
    (for several labels, of labels on the same side of 0.5); None for regression.
    """

    examples: int
    max_difference: float
    agreement: float | None


def compare(found: np.ndarray, wanted: np.ndarray, task: Task) -> Comparison:
    """The outputs of a file beside those of Keras, both (n, k).

    Raises:
        ExportError: another shape, or outputs that are NaN or infinite.
    """
    if found.shape != wanted.shape:
        raise ExportError(f"gives outputs of shape {found.shape}, and Keras of {wanted.shape}")
    if not np.all(np.isfinite(found)):
        raise ExportError("gives NaN or infinite outputs")
    return Comparison(len(wanted), float(np.abs(found - wanted).max()), agreement(found, wanted, task))


def agreement(found: np.ndarray, wanted: np.ndarray, task: Task) -> float | None:
    """The share of equal decisions; None for regression."""
    if task == "regression":
        return None
    if task == "classification" and wanted.shape[-1] > 1:
        return float(np.mean(found.argmax(-1) == wanted.argmax(-1)))
    return float(np.mean((found > 0.5) == (wanted > 0.5)))


def judge(found: np.ndarray, wanted: np.ndarray, one: Comparison, precision: Precision, least: float) -> None:
    """Refuses a file that is too far from Keras.

    least: the agreement that fewer bits need; 0 accepts whatever they give.

    Raises:
        ExportError: with the figure and its bound.
    """
    if precision == "float32":
        bound = CLOSE * max(1.0, float(np.abs(wanted).max()))
        if one.max_difference > bound:
            told, limit = _apart(one.max_difference, bound, ".{}g", 2)
            raise ExportError(f"differs from Keras by {told}; at most {limit} is accepted")
    elif one.agreement is not None:
        if one.agreement < least:
            told, limit = _apart(100 * one.agreement, 100 * least, ".{}f", 1)
            said = f"agrees with Keras on {told} % of {one.examples} examples; at least {limit} % are asked for"
            raise ExportError(said + _advice(precision))
    elif least > 0:
        error = float(np.sqrt(np.mean((found - wanted) ** 2)) / max(float(np.std(wanted)), 1e-12))
        if error > MOST_ERROR:
            told, limit = _apart(error, MOST_ERROR, ".{}g", 2)
            said = f"differs from Keras by {told} standard deviations; at most {limit} is accepted"
            raise ExportError(said + _advice(precision))


def _apart(value: float, bound: float, form: str, digits: int) -> tuple[str, str]:
    """Both numbers, with as many digits as tell them apart."""
    pairs = ([format(one, form.format(count)) for one in (value, bound)] for count in range(digits, 18))
    told, limit = next((told, limit) for told, limit in pairs if told != limit)
    return told, limit


def _advice(precision: Precision) -> str:
    return "; more calibration may bring it nearer, or take dynamic_range (LiteRT)" if precision == "int8" else ""


def task_of(outputs: np.ndarray) -> Task:
    """What outputs of Keras look like: shares that add up to 1 are classes, other numbers of 0 to 1 labels, several
    numbers without bounds logits of classes, and one a regression."""
    is_share = bool(np.all((outputs >= 0) & (outputs <= 1)))
    if is_share and (outputs.shape[-1] == 1 or not np.allclose(outputs.sum(-1), 1, atol=1e-2)):
        return "multi_label"
    return "classification" if outputs.shape[-1] > 1 else "regression"
