"""`drop_layers`, a stage: leaves whole layers out, such as every second encoder of a transformer.

- drop_layers: ["transformer_layer_[135]"]
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from kspec.spec.base import ListedOrSingle, Section
from kspec.spec.forms import TEXT, or_value


class DropLayers(Section):
    """Leaves whole layers out (`kspec.drop_layers`): what goes into one comes out of it."""

    model_config = ConfigDict(
        json_schema_extra=or_value("layers", TEXT, {"type": "array", "items": TEXT, "minItems": 1})
    )

    layers: Annotated[ListedOrSingle[str], Field(min_length=1)] = Field(examples=[["transformer_layer_[135]"]])
    """Patterns over layers that give a tensor of the shape that they get."""
    calibration: int = Field(default=1024, ge=1, le=100_000_000)
    """So many examples of the train split, not augmented, set batch norm anew."""

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return {"layers": value} if isinstance(value, str | list) else value
