"""Exported files as functions from arrays to arrays, each in the runtime it was made for."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from kspec.parts.export.reasons import reason_of
from kspec.parts.export.signature import Arrays, file_names, parts
from kspec.parts.export.silence import silence
from kspec.parts.export.table import XML, ExportError


class Runtime(Protocol):
    """Runs a file.

    name: of the runtime, with its version. precision: in which it computes what the file leaves open.
    batch: the only size that the file reads; None for any.
    """

    name: str
    precision: str
    batch: int | None

    def __call__(self, arrays: Arrays | np.ndarray) -> np.ndarray:
        """Predictions for the examples, float32 (n, ...).

        arrays: by the names of the inputs, in the model or in the file, in the types that the file reads; of a single
        input the array alone. Raises ValueError for other names.
        """
        ...


def _named(arrays: Arrays | np.ndarray, inputs: Iterable[str]) -> Arrays:
    names = list(inputs)
    given: Arrays = arrays if isinstance(arrays, Mapping) else {names[0]: arrays} if len(names) == 1 else {}
    if set(given) == set(names):
        return given
    renamed = file_names(given)  # all the model's names give those of the file, without a look at the model
    if set(renamed.values()) != set(names):
        found = ", ".join(given) or "one array"
        raise ExportError(f"the file reads {', '.join(names)}; given: {found}")
    return {renamed[name]: values for name, values in given.items()}


def processors() -> int:
    """How many threads the runtimes get: the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_file(path: str | Path, threads: int | None = None, precision: str = "float32") -> Runtime:
    """The runtime of an exported file, ready to be called.

    threads: by default all processors. precision: `float32`, or `auto`: what the runtime finds fastest, which is
        bfloat16 in OpenVINO on processors that multiply in it; the other runtimes do what the file says.

    Raises:
        ValueError: no such file, a suffix that is none of kspec's, or one the runtime cannot read.

    Example:
        run = kspec.run_file("model.tflite")
        probabilities = run(x_test[:64].astype("float32"))
    """
    path, count = Path(path), threads or processors()
    if not path.exists():
        raise ExportError(f"{path}: no such file")
    path = path / XML if (path / XML).is_file() else path
    if (path / "saved_model.pb").is_file():
        return SavedModel(path)
    if path.suffix == ".xml":
        return OpenVINO(path, count, precision)
    if path.suffix not in (".tflite", ".onnx"):
        raise ExportError(
            f"{path}: neither a .tflite, .onnx or .xml file nor the folder of a SavedModel or of OpenVINO"
        )
    return LiteRT(path, count) if path.suffix == ".tflite" else OnnxRuntime(path, count)


def _facts(name: str, batch: int | None = None) -> tuple[str, str, int | None]:
    return name, "float32", batch


class SavedModel:
    """TensorFlow runs a SavedModel; its threads are those of the process."""

    def __init__(self, path: Path) -> None:
        self.name, self.precision, self.batch = _facts(f"TensorFlow {tf.__version__}")
        self._loaded = tf.saved_model.load(str(path))
        self._call = self._loaded.signatures["serving_default"]

    def __call__(self, arrays: Arrays | np.ndarray) -> np.ndarray:
        """See Runtime."""
        given = _named(arrays, self._call.structured_input_signature[1])
        made = self._call(**{name: tf.constant(values) for name, values in given.items()})
        return np.asarray(next(iter(made.values())).numpy(), np.float32)


class LiteRT:
    """LiteRT runs a .tflite file, with XNNPACK; the interpreter of TensorFlow where `ai_edge_litert` is not there."""

    def __init__(self, path: Path, threads: int) -> None:
        with silence():
            name, interpreter = _interpreter()
            try:
                self._run = interpreter(model_path=str(path), num_threads=threads)
                self._run.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise ExportError(f"LiteRT cannot run {path.name}: {str(error).splitlines()[0]}") from error
        runner = self._run.get_signature_runner("serving_default")
        self._inputs = runner.get_input_details()
        self._output = next(iter(runner.get_output_details().values()))["index"]
        first = next(iter(self._inputs.values()))
        batch = int(first["shape_signature"][0])
        self.name, self.precision, self.batch = _facts(name, None if batch == -1 else batch)

    def __call__(self, arrays: Arrays | np.ndarray) -> np.ndarray:
        """See Runtime; a file with a fixed batch is run often enough."""
        given = _named(arrays, self._inputs)
        if self.batch is None:
            return self._once(given)
        return np.concatenate([self._once(part) for part in parts(given, self.batch)])

    def _once(self, arrays: Arrays) -> np.ndarray:
        shapes = {name: values.shape for name, values in arrays.items()}
        if shapes != getattr(self, "_shapes", None):
            for name, shape in shapes.items():
                self._run.resize_tensor_input(self._inputs[name]["index"], shape)
            self._run.allocate_tensors()
            self._shapes = shapes
        for name, values in arrays.items():
            self._run.set_tensor(self._inputs[name]["index"], values)
        self._run.invoke()
        return np.asarray(self._run.get_tensor(self._output), np.float32)


def _interpreter() -> tuple[str, Any]:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that it is deprecated
            return f"LiteRT of TensorFlow {tf.__version__}", tf.lite.Interpreter
    return f"LiteRT {metadata.version('ai-edge-litert')}", Interpreter


class OpenVINO:
    """OpenVINO runs an .xml file, or a .tflite one, on the CPU."""

    def __init__(self, path: Path, threads: int, precision: str = "float32") -> None:
        with silence():
            import openvino

        self.name, self.precision, self.batch = _facts(f"OpenVINO {metadata.version('openvino')}")
        options: dict[str, Any] = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
        if precision == "float32":
            options["INFERENCE_PRECISION_HINT"] = "f32"
        self._run = openvino.Core().compile_model(path, "CPU", options)
        self._inputs = [one.get_any_name() for one in self._run.inputs]
        found = self._run.get_property("INFERENCE_PRECISION_HINT").to_string()
        self.precision = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}[found]

    def __call__(self, arrays: Arrays | np.ndarray) -> np.ndarray:
        """See Runtime."""
        return np.array(self._run(dict(_named(arrays, self._inputs)))[0], np.float32)


class OnnxRuntime:
    """onnxruntime runs an .onnx file on the CPU."""

    def __init__(self, path: Path, threads: int) -> None:
        with silence():
            import onnxruntime

        self.name, self.precision, self.batch = _facts(f"onnxruntime {onnxruntime.__version__}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = threads, 3
        try:
            self._run = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its own types, which have no public name
            raise ExportError(f"onnxruntime cannot run {path.name}: {reason_of(error)}") from error
        self._inputs = [one.name for one in self._run.get_inputs()]

    def __call__(self, arrays: Arrays | np.ndarray) -> np.ndarray:
        """See Runtime."""
        return np.asarray(self._run.run(None, dict(_named(arrays, self._inputs)))[0], np.float32)
