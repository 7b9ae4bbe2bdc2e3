"""`quantize`: the model in fewer bits.

quantize: int8
quantize: {int8: {calibration: 512, runtime: openvino}}
quantize: {keras: {mode: int4}}
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from kspec.errors import Problem
from kspec.spec.base import OneOf, Section, refuse

NOT_OFFERED = {
    "float8": "Keras' float8 keeps every weight in float32: the file grows",
    "gptq": "Keras' GPTQ is for language models, and kspec trains classifiers",
    "awq": "Keras' AWQ is for language models, and kspec trains classifiers",
}
"""Mode of Keras -> why a spec cannot ask for it."""


def _offered(mode: Any) -> Any:
    if isinstance(mode, str) and mode in NOT_OFFERED:
        raise refuse(Problem((), NOT_OFFERED[mode], "int8 or int4", mode))
    return mode


class Int8(Section):
    """Weights and activations in int8, convolutions included."""

    calibration: int = Field(default=512, ge=1, le=100_000)
    """Examples of train, at equal distances, that show how far activations reach."""
    runtime: Literal["litert", "openvino"] = "litert"
    """What the file is for: LiteRT's converter writes a .tflite file, NNCF one for OpenVINO. Not for recurrent layers:
    `litert` refuses them, and `openvino` leaves their weights in float32. `dynamic_range` makes them smaller."""


class DynamicRange(Section):
    """Weights in int8, activations quantized as they come; needs no calibration. A file of LiteRT."""


class Float16(Section):
    """Weights in float16: half the file; processors compute in float32."""

    runtime: Literal["litert", "openvino"] = "litert"
    """What the file is for."""


class KerasLayers(Section):
    """Keras' own quantization: Dense, EinsumDense and Embedding layers, in the .keras file. Smaller, not faster."""

    mode: Annotated[Literal["int8", "int4"], BeforeValidator(_offered)] = "int8"
    """Bits of the weights."""


class Quantize(OneOf):
    """The model in fewer bits. int8, dynamic_range and float16 make a file of another runtime and leave the Keras model
    as it is; later exports write the same form."""

    int8: Int8 | None = None
    """Weights and activations in int8."""
    dynamic_range: DynamicRange | None = None
    """Weights in int8."""
    float16: Float16 | None = None
    """Weights in float16."""
    keras: KerasLayers | None = None
    """Keras' own layers in int8 or int4."""
