"""From a Keras network to the file of each format. All but ONNX begin with a SavedModel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kspec.parts.export.signature import Arrays, file_names, inputs_of, only_output, unlike
from kspec.parts.export.table import XML, ExportError, Precision


def to_saved_model(network: keras.Model, folder: Path, batch: int | None) -> None:
    """Writes a SavedModel with the signature `serving_default`. batch: None for any.

    The inputs have the names of `file_names`; the lengths that the network leaves open stay so.
    """
    inputs = inputs_of(network)
    names = file_names(inputs)
    specs = {
        name: keras.InputSpec(shape=(batch, *tensor.shape[1:]), dtype=tensor.dtype, name=names[name])
        for name, tensor in inputs.items()
    }
    is_named = isinstance(getattr(network, "_inputs_struct", None), dict)
    signature = [specs] if is_named else [list(specs.values())] if len(specs) > 1 else [*specs.values()]
    network.export(folder, format="tf_saved_model", verbose=False, input_signature=signature)


def to_litert(saved: Path, file: Path, precision: Precision, calibration: Arrays | None) -> None:
    """Writes a .tflite file from a SavedModel.

    Not from a concrete function of the Keras 3 model: that converts, and then fails when it runs (READ_VARIABLE).
    int8: weights and activations, by the range of activations on the calibration examples; inputs and outputs stay
    float32, and so does an operation that LiteRT has not in int8. calibration: by the file's names of the inputs.

    Raises:
        ExportError: an int8 file in which nothing is int8.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8" and calibration is not None:
        converter.representative_dataset = lambda: _one_by_one(calibration)
    file.write_bytes(converter.convert())
    if precision == "int8" and "int8" not in types_in(file):
        raise ExportError("nothing in the file would be int8: LiteRT quantizes none of the network's operations")


FEWEST_WEIGHTS = 1024
"""What LiteRT quantizes without calibration has as many numbers: kWeightsMinNumElementsDefault in the C++ of its
converter; with TensorFlow 2.21 weights of 1,023 stay as they are."""


def types_in(file: Path) -> set[str]:
    """The types of the tensors of a .tflite file, such as `float32` and `int8`; those in loops too."""
    from tensorflow.lite.python import schema_py_generated as schema

    names = {number: name.lower() for name, number in vars(schema.TensorType).items() if isinstance(number, int)}
    model = schema.Model.GetRootAs(file.read_bytes())
    graphs = [model.Subgraphs(place) for place in range(model.SubgraphsLength())]
    return {names[graph.Tensors(place).Type()] for graph in graphs for place in range(graph.TensorsLength())}


def _one_by_one(arrays: Arrays) -> Iterator[dict[str, np.ndarray]]:
    for row in range(len(next(iter(arrays.values())))):
        yield {name: values[row : row + 1] for name, values in arrays.items()}


def to_openvino(
    saved: Path, folder: Path, precision: Precision, calibration: Arrays | None, *, attention: bool, flat: bool
) -> None:
    """Writes a folder with model.xml, and the weights in model.bin, from a SavedModel.

    int8: NNCF's post-training quantization; with `attention` it smooths activations first, as its transformer preset
    does (SmoothQuant, arXiv:2211.10438). With `flat`, for inputs of a few numbers, activations reach as far as they
    do anywhere in calibration: NNCF's default, the mean of what each example reaches, is for images.
    calibration: by the file's names of the inputs.
    """
    import openvino

    # Not openvino.convert_model: it reports its use to Intel.
    model = openvino.Core().read_model(saved)
    if precision == "int8" and calibration is not None:
        os.environ.setdefault("NNCF_CI", "1")  # NNCF reports its use to Intel unless it believes to be tested
        import nncf

        examples = nncf.Dataset(list(_one_by_one(calibration)))
        kind = nncf.ModelType.TRANSFORMER if attention else None
        count = examples.get_length() or 1
        more = nncf.AdvancedQuantizationParameters(activations_range_estimator_params=_extremes()) if flat else None
        model = nncf.quantize(model, examples, subset_size=count, model_type=kind, advanced_parameters=more)
    folder.mkdir()
    openvino.save_model(model, folder / XML, compress_to_fp16=precision == "float16")


def _extremes() -> Any:
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    return RangeEstimatorParametersSet.MINMAX


def to_onnx(network: keras.Model, file: Path) -> None:
    """Writes an .onnx file.

    Not by `network.export(format="onnx")`: in Keras 3.15 it leaves tensors that a layer keeps outside of its variables
    (the statistics of Normalization) as inputs of the file, and unrolls no loop. The graph is frozen here, with those
    tensors as constants and loops as they are, and tf2onnx converts it.
    """
    import tf2onnx
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    inputs = inputs_of(network)
    names = file_names(inputs)
    specs = {name: tf.TensorSpec(one.shape, one.dtype, name=names[name]) for name, one in inputs.items()}
    is_named = isinstance(getattr(network, "_inputs_struct", None), dict)

    def call(*given: tf.Tensor) -> tf.Tensor:
        values = dict(zip(specs, given, strict=True)) if is_named else list(given) if len(given) > 1 else given[0]
        return tf.identity(only_output(network, network(values, training=False)), name="output")

    concrete = tf.function(call).get_concrete_function(*specs.values())
    frozen = convert_variables_to_constants_v2(concrete, lower_control_flow=False)
    graph = frozen.graph.as_graph_def()
    kept = {inner.op.name: outer for outer, inner in concrete.graph.captures if outer.dtype != tf.resource}
    _keep_constants(graph, kept)
    placeholders = [f"{names[name]}:0" for name in specs]
    result = unlike("output", {name.lower() for name in names.values()})
    [output] = [tensor.name for tensor in frozen.outputs]
    tf2onnx.convert.from_graph_def(
        graph,
        input_names=placeholders,
        output_names=[output],
        opset=OPSET,
        tensors_to_rename={**{one: one.removesuffix(":0") for one in placeholders}, output: result},
        custom_op_handlers={"Erfc": (_erfc, [])},
        output_path=str(file),
    )


OPSET = 18
"""Of ONNX (2022); onnxruntime 1.14 and later run it."""


def _keep_constants(graph: Any, kept: dict[str, Any]) -> None:
    """Placeholders of tensors that the graph had taken from outside become constants."""
    for node in graph.node:
        if node.op == "Placeholder" and node.name in kept:
            value = kept[node.name].numpy()
            node.op = "Const"
            node.attr.clear()
            node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))


def _erfc(context: Any, node: Any, name: str, _: Any) -> Any:
    """ONNX has no Erfc, which the exact GELU computes: it is 1 - Erf."""
    erf = context.make_node("Erf", [node.input[0]], name=f"{name}_erf")
    one = context.make_const(f"{name}_one", np.ones((), np.float32))
    shapes, types = [context.get_shape(node.output[0])], [context.get_dtype(node.output[0])]
    context.remove_node(node.name)
    return context.make_node(
        "Sub", [one.output[0], erf.output[0]], name=name, outputs=node.output, shapes=shapes, dtypes=types
    )


def require_finite(values: np.ndarray, what: str) -> None:
    """Refuses NaN and infinity.

    Raises:
        ExportError: one is there.
    """
    if not np.all(np.isfinite(values)):
        raise ExportError(f"{what} is NaN or infinite")
