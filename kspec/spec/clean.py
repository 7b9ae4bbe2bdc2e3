"""`data.clean`: what is done about duplicates, missing values, outliers and wrong labels, in the order of the list.

clean:
  - drop_duplicates
  - fill_missing: {strategy: median}
  - map_labels: {labels: {"nagative": negative}}
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kspec.catalog.types import quoted
from kspec.errors import Problem
from kspec.spec.base import ListedOrSingle, OneOf, Section, refuse


class DropDuplicates(Section):
    """Drops every example whose features equal an earlier one's in the same split."""

    across_splits: bool = True
    """Also drop from train what stands in validation or test too."""


class DropMissing(Section):
    """Drops examples with a missing value (NaN, None, empty text)."""

    columns: ListedOrSingle[str] | None = Field(default=None, examples=[["age"]])
    """Look only at these columns; by default at all of them and at the label."""


class FillMissing(Section):
    """Fills missing values; the statistic comes from the train split alone."""

    strategy: Literal["mean", "median", "mode", "constant"] = "mean"
    """`mean` and `median` fill numeric columns, `mode` (the most frequent) any, `constant` uses `value`."""
    value: float | str | None = Field(default=None, examples=["unknown"])
    """What `constant` fills in."""
    columns: ListedOrSingle[str] | None = Field(default=None, examples=[["age"]])
    """Only these columns; by default every feature column that the strategy fits."""

    @model_validator(mode="after")
    def _value_of_constant(self) -> FillMissing:
        if (self.strategy == "constant") != (self.value is not None):
            message = "`value` and `strategy: constant` belong together"
            raise refuse(Problem((), message, "{strategy: constant, value: ...}, or neither", on_key=True))
        return self


class ClipOutliers(Section):
    """Clips numeric features to a range that comes from the train split alone."""

    method: Literal["iqr", "zscore", "quantile"] = "iqr"
    """`iqr`: quartiles -+ factor * (Q3 - Q1) (Tukey 1977); `zscore`: mean -+ factor * standard deviation;
    `quantile`: from the quantile `factor` to the quantile 1 - `factor`."""
    factor: float = Field(default=1.5, gt=0)
    """How far out a value may lie; its meaning depends on `method`."""
    columns: ListedOrSingle[str] | None = Field(default=None, examples=[["age"]])
    """Only these columns; by default every numeric feature."""

    @model_validator(mode="after")
    def _below_the_median(self) -> ClipOutliers:
        if self.method == "quantile" and self.factor >= 0.5:
            raise refuse(Problem(("factor",), "not the lower quantile", "a number below 0.5", quoted(self.factor)))
        return self


class DropLabels(Section):
    """Drops examples that carry one of these labels."""

    labels: ListedOrSingle[str | int | float] = Field(examples=[["unknown"]])
    """Labels as they stand in the data."""


class MapLabels(Section):
    """Replaces labels: wrong or differently spelt names of one class."""

    labels: dict[str, str | int | float] = Field(min_length=1, examples=[{"nagative": "negative"}])
    """From the label as it stands in the data (as text) to what it should be."""


class Step(OneOf):
    """One step of the cleaning."""

    drop_duplicates: DropDuplicates | None = None
    """Drop examples that stand in the data twice."""
    drop_missing: DropMissing | None = None
    """Drop examples with missing values."""
    fill_missing: FillMissing | None = None
    """Fill missing values in."""
    clip_outliers: ClipOutliers | None = None
    """Pull extreme values back to a range."""
    drop_labels: DropLabels | None = None
    """Drop examples with these labels."""
    map_labels: MapLabels | None = None
    """Rename labels."""
