"""What can be written under the stages `quantize` and `export`."""

import pytest
from pydantic import ValidationError

from kspec import text
from kspec.errors import SpecError
from kspec.spec.export import Export
from kspec.spec.quantize import Quantize
from kspec.spec.reader import read
from kspec.spec.writer import write


def test_a_word_or_a_mapping():
    name, found = Quantize.model_validate("int8").chosen
    assert (name, found.calibration, found.runtime) == ("int8", 512, "litert")
    name, found = Quantize.model_validate({"int8": {"calibration": 64, "runtime": "openvino"}}).chosen
    assert (found.calibration, found.runtime) == (64, "openvino")
    assert Quantize.model_validate({"keras": {"mode": "int4"}}).chosen[1].mode == "int4"
    assert [Quantize.model_validate(one).chosen[0] for one in ("dynamic_range", "float16")] == [
        "dynamic_range",
        "float16",
    ]


@pytest.mark.parametrize(
    ("value", "formats", "precision"),
    [
        ("litert", ("litert",), "auto"),
        (["litert", "openvino"], ("litert", "openvino"), "auto"),
        ({"formats": ["onnx"], "precision": "float32"}, ("onnx",), "float32"),
    ],
)
def test_formats_alone_stand_for_an_export(value, formats, precision):
    found = Export.model_validate(value)
    assert (found.formats, found.precision) == (formats, precision)


def test_stages_are_written_with_every_default_and_read_back():
    spec = read(text.read_text("data: {sklearn: digits}\nmodel: MLP\nstages: [{quantize: int8}, {export: litert}]\n"))
    written = write(spec)
    assert "calibration: 512" in written and "precision: auto" in written
    assert read(text.read_text(written)) == spec


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("{quantize: int3}", "quantize"),
        ("quantize", "exactly one is needed"),
        ("{quantize: {int8: {calibration: 0}}}", "at least 1"),
        ("{quantize: {int8: {}, float16: {}}}", "exactly one is needed"),
        ("{quantize: {keras: {mode: float8}}}", "the file grows"),
        ("{quantize: {keras: {mode: gptq}}}", "language models"),
        ("{quantize: keras}, {train: {epochs: 1}}", "cannot train or cut"),
        ("{export: tflite}", "litert"),
        ("{export: [litert, litert]}", "stands in the list before"),
        ("{export: []}", "at least 1 entry"),
    ],
)
def test_what_is_refused(stage, said):
    with pytest.raises((SpecError, ValidationError), match=said):
        read(text.read_text(f"data: {{sklearn: digits}}\nmodel: MLP\nstages: [{stage}]\n"))
