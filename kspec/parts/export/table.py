"""What each format can hold, and the reasons for what it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Format = Literal["saved_model", "litert", "openvino", "onnx"]
Precision = Literal["float32", "float16", "dynamic_range", "int8"]

FORMATS: tuple[Format, ...] = ("saved_model", "litert", "openvino", "onnx")
PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "dynamic_range", "int8")

FILES: Mapping[Format, tuple[str, str]] = {
    "saved_model": ("saved_model", ""),
    "litert": ("model", ".tflite"),
    "openvino": ("openvino", ""),
    "onnx": ("model", ".onnx"),
}
"""Format -> stem and suffix of its file; a SavedModel and OpenVINO's pair of files are folders."""
XML = "model.xml"
"""In OpenVINO's folder; its weights are beside it, in a .bin."""

NEEDS: Mapping[Format, tuple[str, ...]] = {
    "saved_model": (),
    "litert": (),
    "openvino": ("openvino",),
    "onnx": ("onnx", "tf2onnx", "onnxruntime"),
}
"""Format -> modules that write and run it, beside TensorFlow; all are in kspec's extra `export`."""

CANNOT: Mapping[tuple[Format, Precision], str] = {
    ("saved_model", "float16"): "a SavedModel holds the weights as Keras has them; float16 goes to litert or openvino",
    ("saved_model", "dynamic_range"): "a SavedModel has no quantized operations; dynamic_range goes to litert",
    ("saved_model", "int8"): "a SavedModel has no quantized operations; int8 goes to litert or openvino",
    ("openvino", "dynamic_range"): "OpenVINO quantizes activations with calibration: int8",
    ("onnx", "float16"): "kspec writes ONNX in float32; float16 goes to litert or openvino",
    ("onnx", "dynamic_range"): "kspec writes ONNX in float32; dynamic_range goes to litert",
    ("onnx", "int8"): "kspec writes ONNX in float32; int8 goes to litert or openvino",
}
"""(format, precision) that is refused -> why."""


class ExportError(ValueError):
    """A model that a format cannot hold, or a file that does not compute what the model does."""


def file_name(form: Format, precision: Precision) -> str:
    """The name of an exported file: `model.tflite`, `model_int8.tflite`."""
    stem, suffix = FILES[form]
    return stem + ("" if precision == "float32" else f"_{precision}") + suffix
