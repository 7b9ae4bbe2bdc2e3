"""`export`: the model as files for other runtimes.

export: litert
export: [litert, openvino]
export: {formats: [saved_model, onnx], precision: float32}
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from kspec.errors import Problem
from kspec.spec.base import ListedOrSingle, Section, refuse
from kspec.spec.forms import or_value

Format = Literal["saved_model", "litert", "openvino", "onnx"]
FORMATS: tuple[Format, ...] = ("saved_model", "litert", "openvino", "onnx")


def _different(formats: tuple[str, ...]) -> tuple[str, ...]:
    twice = [place for place, one in enumerate(formats) if one in formats[:place]]
    if twice:
        raise refuse(
            [Problem((place,), "a format that stands in the list before", found=formats[place]) for place in twice]
        )
    return formats


_NAME = {"enum": list(FORMATS)}


class Export(Section):
    """The model as files for other runtimes, each of them run on examples and compared with Keras."""

    model_config = ConfigDict(json_schema_extra=or_value("formats", _NAME, {"type": "array", "items": _NAME}))

    formats: Annotated[ListedOrSingle[Format], Field(min_length=1), AfterValidator(_different)] = Field(
        examples=[["litert", "openvino"]]
    )
    """`saved_model` for TensorFlow, `litert` (.tflite), `openvino`, `onnx`."""
    precision: Literal["auto", "float32", "float16", "dynamic_range", "int8"] = "auto"
    """`auto`: that of the `quantize` stage before it, else float32."""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"formats": value} if isinstance(value, str | list) else value
