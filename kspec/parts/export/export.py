"""`export` and `quantize`: files that were run, and compared with Keras, before they count as made."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import keras

from kspec.parts.export.compare import LEAST_AGREEMENT, Task
from kspec.parts.export.make import Exported, make, refusal, source_of, write
from kspec.parts.export.reasons import reason_of
from kspec.parts.export.signature import in_float32, network_of
from kspec.parts.export.table import FORMATS, PRECISIONS, ExportError, Format, Precision, file_name


def export(
    model: keras.Model,
    folder: str | Path,
    formats: Format | Sequence[Format] = FORMATS,
    *,
    examples: Any,
    precision: Precision = "float32",
    calibration: Any = None,
    task: Task | None = None,
    agreement: float = LEAST_AGREEMENT,
) -> tuple[Exported, ...]:
    """Writes a model for other runtimes; runs each file on the examples and compares it with Keras.

    What cannot be written, cannot be run, or differs too much leaves no file, and its entry says why: a float32 file
    may differ by 0.001 (of the largest output, where that is above 1), one of fewer bits must give the same class for
    90 % of the examples, or for a regression stay within a tenth of a standard deviation.

    model: functional or Sequential, one output. Of a KerasHub task, what comes after its preprocessor: token ids, of
        any length, or images. A network in mixed precision is written in float32.
    folder: is made if need be; a file that is there is never replaced.
    formats: one or several of `saved_model`, `litert` (.tflite), `openvino` (a folder with .xml and .bin) and `onnx`.
        All read batches of any size, but LiteRT one example at a time where there are recurrent layers.
        Inputs have the model's names (the keys, where it takes a dict), but for those that TensorFlow cannot take:
        `petal length (cm)` is `petal_length_cm` in every file. The result's `inputs` says which is which, and
        `kspec.run_file` takes both.
    examples: arrays as `model.predict` takes them, no dataset; the first 256 are run.
    precision: of litert and openvino: `float32`, `float16` (weights), `int8` (weights and activations, for which
        `calibration` gives some hundreds of examples of train), and of litert `dynamic_range` (weights in int8).
        Recurrent layers become smaller by `dynamic_range`: int8 is refused by litert, and openvino's leaves them as
        they are.
    task: `classification`, `multi_label` or `regression`, for the comparison; by default as the outputs look.
    agreement: the share of examples for which fewer bits must give the same class; 0 accepts whatever they give.

    Raises ValueError for arguments that fit nothing, and FileExistsError; the formats' own failures are in the result.

    Example:
        for one in kspec.export(model, "exported", ["litert", "openvino"], examples=x_test):
            print(one.format, one.path or one.reason, one.compared)
    """
    formats = (formats,) if isinstance(formats, str) else formats
    _check(formats, precision, calibration)
    folder = Path(folder)
    for form in formats:
        if (folder / file_name(form, precision)).exists():
            raise FileExistsError(f"{folder / file_name(form, precision)}: exists already; remove it, or name a folder")
    network, prepare, said = network_of(model)
    folder.mkdir(parents=True, exist_ok=True)
    with in_float32(network), tempfile.TemporaryDirectory() as scratch:
        source = source_of(network, prepare, examples, calibration, task, agreement)
        return tuple(make(source, form, precision, folder, Path(scratch), said) for form in formats)


def converted_in_vain(model: keras.Model, examples: Any, form: Format, precision: Precision) -> str:
    """Why a format cannot hold a model, found by converting it; "" where it can. What is written is thrown away.

    examples: some features as the model reads them; for int8 they calibrate too.
    """
    network, prepare, _ = network_of(model)
    if reason := refusal(network, form, precision):
        return reason
    with in_float32(network), tempfile.TemporaryDirectory() as scratch:
        try:
            source = source_of(network, prepare, examples, examples if precision == "int8" else None, None, 0.0)
            write(source, form, precision, Path(scratch) / file_name(form, precision), Path(scratch))
        except MemoryError:
            raise
        except Exception as error:  # converters raise many types, and what they say is what there is to say
            return reason_of(error)
    return ""


def quantize(
    model: keras.Model,
    path: str | Path,
    precision: Precision = "int8",
    *,
    examples: Any,
    calibration: Any = None,
    runtime: Literal["litert", "openvino"] = "litert",
    task: Task | None = None,
    agreement: float = LEAST_AGREEMENT,
) -> Exported:
    """Writes one file of fewer bits, and compares it with Keras as `export` does.

    path: of the .tflite file, or of the folder that OpenVINO's two files come into; the folder around it is made if
    need be. precision, examples, calibration,
    task, agreement: as in `export`. runtime: what it is for.

    Convolutions become int8 too, which Keras' own `model.quantize("int8")` leaves in float32. There is no
    quantization-aware training: it would need the rounding of each runtime in the training graph, at every place where
    its converter puts one, and the tool that knows those places for LiteRT (TF-MOT) refuses Keras 3 models.

    Raises ValueError for arguments that fit nothing, or a file that cannot be made, with the reason; FileExistsError.

    Example:
        made = kspec.quantize(model, "small.tflite", "int8", calibration=x_train[:512], examples=x_test)
        print(made.size, made.compared)
    """
    path = Path(path)
    if runtime not in ("litert", "openvino"):
        raise ValueError(f"runtime is litert or openvino, not {runtime!r}")
    if runtime == "litert" and path.suffix != ".tflite":
        raise ValueError(f"a file of LiteRT ends in .tflite, unlike {path.name!r}")
    if path.exists():
        raise FileExistsError(f"{path}: exists already; remove it, or name another one")
    path.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.absolute().parent) as scratch:
        given = {"examples": examples, "precision": precision, "calibration": calibration, "task": task}
        given["agreement"] = agreement
        [made] = export(model, scratch, [runtime], **given)
        if made.path is None:
            raise ExportError(made.reason)
        made.path.rename(path)
    return replace(made, path=path)


def _check(formats: Sequence[str], precision: str, calibration: Any) -> None:
    unknown = [one for one in formats if one not in FORMATS]
    if unknown or not formats or len(set(formats)) != len(formats):
        raise ValueError(f"formats are different ones of {', '.join(FORMATS)}, not {tuple(formats)}")
    if precision not in PRECISIONS:
        raise ValueError(f"precision is one of {', '.join(PRECISIONS)}, not {precision!r}")
    if precision == "int8" and calibration is None:
        raise ValueError("int8 needs calibration: some hundreds of examples of train, e.g. calibration=x_train[:512]")
