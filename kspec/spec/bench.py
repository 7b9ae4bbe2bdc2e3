"""`bench`: how long a prediction takes, in every form that the model has by then.

bench: 1
bench: [1, 64]
bench: {batch_sizes: [1, 64], rounds: 20}
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from kspec.errors import Problem
from kspec.spec.base import ListedOrSingle, Section, refuse
from kspec.spec.forms import or_value

LARGEST = 4096


def _different(sizes: tuple[int, ...]) -> tuple[int, ...]:
    twice = [place for place, one in enumerate(sizes) if one in sizes[:place]]
    message = "a batch size that stands in the list before"
    if twice:
        raise refuse([Problem((place,), message, found=str(sizes[place])) for place in twice])
    return sizes


_SIZE = {"type": "integer", "minimum": 1, "maximum": LARGEST}


class Bench(Section):
    """Latency of the model in Keras and of the files that the stages before have made of it, in turn with the base
    model in Keras and in the same formats. Gates can bound it: `latency_1_ms`, for a batch of one; it is the base's in
    its fastest runtime, and the model's in the fastest of the files, or in Keras where there are none."""

    model_config = ConfigDict(json_schema_extra=or_value("batch_sizes", _SIZE, {"type": "array", "items": _SIZE}))

    batch_sizes: Annotated[
        ListedOrSingle[Annotated[int, Field(ge=1, le=LARGEST)]], Field(min_length=1), AfterValidator(_different)
    ] = Field(default=(1, 64), examples=[[1, 64]])
    """How many examples a prediction is for; each size is measured, and is a column in the table."""
    rounds: int = Field(default=20, ge=1, le=1000)
    """How often each variant has its turn, for a fifth of a second or 5 calls."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"batch_sizes": value} if isinstance(value, int | list) else value
