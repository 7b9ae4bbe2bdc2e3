"""`model.lora`: low-rank updates of a frozen network train in place of its weights. A number is the rank.

lora: 8
lora: {rank: 8, match: ["*/query", "*/value", "*feedforward*"]}
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from kspec.spec.base import ListedOrSingle, Section
from kspec.spec.forms import or_value


class Lora(Section):
    """Low-rank adaptation (Hu et al. 2021, arXiv:2106.09685): the pretrained part is frozen, and beside each chosen
    kernel W trains a product A B of two thin matrices: W + alpha / rank * A B. A saved model holds the sum."""

    model_config = ConfigDict(json_schema_extra=or_value("rank", {"type": "integer", "minimum": 1}))

    rank: int = Field(ge=1, le=65_536, examples=[8])
    """Columns of A and rows of B."""
    alpha: float | None = Field(default=None, gt=0, examples=[16])
    """The strength of the update; by default the rank, which makes the factor 1."""
    match: Annotated[ListedOrSingle[str], Field(min_length=1)] = ("*query*", "*value*")
    """Patterns over layer paths: the layers with a kernel that get an update."""

    @model_validator(mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return {"rank": value} if isinstance(value, int) and not isinstance(value, bool) else value
