"""What converters have said, word for word, and the reasons in it."""

from importlib.util import find_spec

import keras
import numpy as np
import pytest

import kspec
from kspec.parts.export.reasons import reason_of

OPENVINO = """Exception from src/inference/src/cpp/core.cpp:132:
Exception from src/inference/src/dev/plugin.cpp:59:
Check 'util::directory_exists(path) || util::file_exists(path)' failed at src/frontends/common/src/frontend.cpp:117:
FrontEnd API failed with GeneralFailure:
ir: Could not open the file: "/tmp/no.xml"
"""
TENSORFLOW = (
    '<unknown>:0: error: loc(callsite(fused["Add:", "net/Add@__call___347"] at fused["Call:", "Call_1"])): '
    "'tfl.add' op failed to verify that it can be broadcast\n<unknown>:0: note: loc(): called from"
)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError(OPENVINO), 'ir: Could not open the file: "/tmp/no.xml"'),
        (RuntimeError(TENSORFLOW), "'tfl.add' op failed to verify that it can be broadcast"),
        (KeyError("aa"), "the converter looks for 'aa' in vain"),
        (RuntimeError("\n two words\nmore"), "two words"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_the_first_line_that_says_something(error, reason):
    assert reason_of(error) == reason


def test_layers_that_keras_has_quantized(tmp_path):
    inputs = keras.Input((8,))
    model = keras.Model(inputs, keras.layers.Dense(2, name="head")(inputs))
    kspec.quantize_layers(model)
    x = np.linspace(-1, 1, 40, dtype="float32").reshape(5, 8)
    [made] = kspec.export(model, tmp_path, ["litert"], examples=x)
    assert made.reason.startswith("LiteRT's converter cannot hold Keras' int8 layers (") and "/head" in made.reason
    assert made.reason.endswith(
        "quantize the float32 model for LiteRT instead: kspec.quantize, or `quantize: int8` in a spec"
    )


@pytest.mark.parametrize(
    ("form", "runtime", "modules"),
    [
        ("openvino", "OpenVINO", ["openvino"]),
        ("onnx", "onnxruntime cannot run model.onnx: ONNX", ["tf2onnx", "onnxruntime"]),
    ],
)
def test_operations_that_other_formats_have_not(tmp_path, form, runtime, modules):
    if any(find_spec(name) is None for name in modules):
        pytest.skip("needs kspec[export]")
    inputs = keras.Input((3, 3))
    model = keras.Model(inputs, keras.ops.linalg.cholesky(inputs))
    x = np.stack(4 * [np.eye(3, dtype="float32")])
    [made] = kspec.export(model, tmp_path, [form], examples=x)
    assert made.reason == f"{runtime} has no operation for TensorFlow's Cholesky"
