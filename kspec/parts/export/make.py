"""One file of a model: converted, run on the examples, compared, and moved to its place."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kspec.parts.export import convert
from kspec.parts.export.compare import Comparison, Task, compare, judge, task_of
from kspec.parts.export.reasons import reason_of
from kspec.parts.export.runtimes import Runtime, run_file
from kspec.parts.export.signature import (
    Arrays,
    file_names,
    has_loop,
    inputs_of,
    named,
    per_input,
    predictions,
    texts_inside,
)
from kspec.parts.export.silence import silence
from kspec.parts.export.table import CANNOT, NEEDS, ExportError, Format, Precision, file_name

EXAMPLES = 256
"""How many examples a file is run on."""


@dataclass(frozen=True)
class Exported:
    """A format that was asked for.

    path: of the file, or the folder of a SavedModel or of OpenVINO; None where it failed, and then `reason` says why.
    size, gzip: bytes, of all files of a folder. runtime: that ran it. batch: the only size that it reads; None
    for any. inputs: the name of each input in the model, which `run_file` takes too -> its name in the file.
    compared: with Keras. notes: what is not as one would think.
    """

    format: Format
    precision: Precision
    path: Path | None = None
    size: int = 0
    gzip: int = 0
    runtime: str = ""
    batch: int | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    compared: Comparison | None = None
    notes: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Source:
    """What all formats begin with.

    examples, calibration: by the names of the inputs. wanted: what Keras gives for the examples, (n, k).
    least: the agreement that fewer bits need. saved: batch size -> the SavedModel that was written on the way.
    """

    network: keras.Model
    examples: Arrays
    wanted: np.ndarray
    task: Task
    calibration: Arrays | None
    least: float
    saved: dict[int | None, Path] = field(default_factory=dict)


def source_of(
    network: keras.Model, prepare: Any, examples: Any, calibration: Any, task: Task | None, least: float
) -> Source:
    """The source of a network, from features as `prepare` takes them.

    Raises:
        ExportError: no examples, a dataset, examples that do not fit, or for which Keras gives no numbers; calibration
            without examples, or with NaN or infinity in it.
    """
    arrays = named(network, prepare(first(per_input(network, examples, "examples"), EXAMPLES)))
    if not all(len(values) for values in arrays.values()):
        raise ExportError("there are no examples to run the files on; give some of test, e.g. examples=x_test[:256]")
    wanted = predictions(network, arrays)
    wanted = wanted.reshape(len(wanted), -1)
    convert.require_finite(wanted, "what Keras predicts for the examples")
    held = None
    if calibration is not None:
        held = _that_calibrates(named(network, prepare(per_input(network, calibration, "calibration"))))
    return Source(network, arrays, wanted, task or task_of(wanted), held, least)


def _that_calibrates(arrays: Arrays) -> Arrays:
    """The arrays; LiteRT's converter writes float32 without a word where it has seen no range of the activations."""
    if not all(len(values) for values in arrays.values()):
        raise ExportError("calibration holds no examples; give some hundreds of train, e.g. calibration=x_train[:512]")
    for name, values in arrays.items():
        if values.dtype.kind == "f":
            convert.require_finite(values, f"in calibration, a value of {name}")
    return arrays


def first(examples: Any, count: int) -> Any:
    """The first examples of arrays by name, of a tuple of arrays, or of one array."""
    if isinstance(examples, Mapping):
        return {name: values[:count] for name, values in examples.items()}
    return tuple(one[:count] for one in examples) if isinstance(examples, tuple) else examples[:count]


def refusal(network: keras.Model, form: Format, precision: Precision) -> str:
    """Why a format cannot hold a network, as far as can be seen before it is converted; "" where it may."""
    if reason := CANNOT.get((form, precision)):
        return reason
    needed = [*NEEDS[form], *(["nncf"] if form == "openvino" and precision == "int8" else [])]
    if absent := [name for name in needed if find_spec(name) is None]:
        return f"needs {' and '.join(absent)}: pip install 'kspec[export]'"
    if form == "saved_model":
        return ""
    if layers := texts_inside(network):
        return f"the layer {layers[0]} needs strings or a look-up table, which only a SavedModel holds"
    if form == "litert" and precision == "int8" and has_loop(network):
        return (
            "TensorFlow's converter crashes on recurrent layers in int8; take dynamic_range, which keeps their weights "
            "in int8, as int8 through OpenVINO does not"
        )
    return ""


def make(source: Source, form: Format, precision: Precision, folder: Path, scratch: Path, said: str) -> Exported:
    """Writes a format, runs and compares it; what goes wrong is the reason in the result."""
    try:
        if reason := refusal(source.network, form, precision):
            raise ExportError(reason)
        work = scratch / form
        work.mkdir()
        made = work / file_name(form, precision)
        write(source, form, precision, made, scratch)
        return _finished(source, form, precision, made, folder, said)
    except MemoryError:
        raise
    except Exception as error:  # converters raise many types, and what they say is what there is to say
        return Exported(form, precision, reason=reason_of(error))


def write(source: Source, form: Format, precision: Precision, made: Path, scratch: Path) -> None:
    """Converts the network to the file or folder `made`; raises what the converter raises."""
    with silence():
        if form == "onnx":
            convert.to_onnx(source.network, made)
            return
        # The converter of LiteRT lowers loops over tensors of known size only.
        batch = 1 if form == "litert" and has_loop(source.network) else None
        if batch not in source.saved:
            saved = scratch / f"saved_{batch}"
            convert.to_saved_model(source.network, saved, batch)
            source.saved[batch] = saved
        saved = source.saved[batch]
        if form == "saved_model":
            shutil.copytree(saved, made)
        elif form == "litert":
            convert.to_litert(saved, made, precision, _calibration(source))
        else:
            kind = {"attention": _attends(source.network), "flat": _is_flat(source.network)}
            convert.to_openvino(saved, made, precision, _calibration(source), **kind)


def _calibration(source: Source) -> Arrays | None:
    """By the file's names of the inputs."""
    held, names = source.calibration, file_names(inputs_of(source.network))
    return None if held is None else {names[name]: values for name, values in held.items()}


def _is_flat(network: keras.Model) -> bool:
    """Whether a network reads numbers without positions, as of a table."""
    inputs = inputs_of(network).values()
    return all(len(one.shape) <= 2 and keras.backend.is_float_dtype(one.dtype) for one in inputs)


def _attends(network: keras.Model) -> bool:
    """Whether a network has attention in it."""
    return any("Attention" in type(layer).__name__ for layer in network._flatten_layers())


def _finished(source: Source, form: Format, precision: Precision, made: Path, folder: Path, said: str) -> Exported:
    """Runs the file, compares, and moves it to its place."""
    run = run_file(made)
    found = run(source.examples)
    found = found.reshape(len(found), -1)
    compared = compare(found, source.wanted, source.task)
    judge(found, source.wanted, compared, precision, source.least)
    _other_shapes(run, source, precision)
    names = file_names(inputs_of(source.network))
    unchanged = _float_notes(source.network, made, form, precision)
    notes = (*([said] if said else []), *_notes(source.network, run), *unchanged)
    size, squeezed = sizes(made)
    shutil.move(made, folder / made.name)
    return Exported(form, precision, folder / made.name, size, squeezed, run.name, run.batch, names, compared, notes)


def _notes(network: keras.Model, run: Runtime) -> Iterator[str]:
    if run.batch is not None:
        yield f"reads {run.batch} example at a time: recurrent layers have no open batch in LiteRT"
    if wide := _open_lengths(network):
        yield f"reads any length of {', '.join(wide)}"


def _float_notes(network: keras.Model, made: Path, form: Format, precision: Precision) -> Iterator[str]:
    """What is not in fewer bits, though its file is."""
    if form == "openvino" and precision == "int8" and has_loop(network):  # NNCF 3.1 has no rule for their loops
        yield "recurrent layers are no smaller: NNCF leaves their weights in float32; LiteRT's dynamic_range does not"
    if form == "litert" and precision == "dynamic_range" and "int8" not in convert.types_in(made):
        fewest = f"{convert.FEWEST_WEIGHTS:,}"
        yield f"nothing in it is int8: LiteRT leaves weights of fewer than {fewest} numbers as they are"
    if form == "litert" and precision == "float16" and "float16" not in convert.types_in(made):
        yield "nothing in it is float16: LiteRT has found no weights to keep so"


def _other_shapes(run: Runtime, source: Source, precision: Precision) -> None:
    """Batches of other sizes, and shorter examples where the network leaves a length open, as users will give them."""
    wide = _open_lengths(source.network)
    for count in (1, 3):
        batch = {name: values[:count] for name, values in source.examples.items()}
        if wide:
            half = min(batch[name].shape[1] for name in wide) // 2 or 1
            batch = {name: values[:, :half] if name in wide else values for name, values in batch.items()}
        wanted = predictions(source.network, batch)
        found = run(batch)
        compared = compare(found, wanted, source.task)
        if precision == "float32":
            judge(found, wanted, compared, precision, source.least)


def _open_lengths(network: keras.Model) -> list[str]:
    """The inputs that the network reads in any length, such as token ids."""
    return [name for name, one in inputs_of(network).items() if len(one.shape) > 1 and one.shape[1] is None]


def sizes(path: Path) -> tuple[int, int]:
    """Bytes of an exported file or folder, as it is and after gzip."""
    held = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    contents = [one.read_bytes() for one in held]
    return sum(map(len, contents)), sum(len(gzip.compress(one, mtime=0)) for one in contents)
