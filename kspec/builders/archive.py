"""What a `.keras` file holds, looked at before Keras loads it: Keras' parts and numbers, and no code.

A `.keras` file is a zip archive whose config.json says which classes to make and with what. Keras' `safe_mode` refuses
Python code in it; several ways around it were found (CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905,
CVE-2025-9906, CVE-2025-12058), all of them through names in config.json that stand for something else than a part of a
network. Here only such parts pass, so that a file is as safe with an older or a newer Keras.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

CONFIG = "config.json"
LARGEST_CONFIG = 100_000_000
"""Bytes; that of a network with ten thousand layers has about 10 MB."""
PRESET = (
    *(CONFIG, "task.json", "preprocessor.json", "tokenizer.json"),
    *("image_converter.json", "audio_converter.json", "video_converter.json"),
)
"""Files of a preset's folder that say which classes to make."""
BOMB = 64 * 2**20
MOST_EXPANSION = 100
"""An entry of more than BOMB bytes may be this many times larger than in the file; Keras does not compress at all."""
MOST_ENTRIES = 100_000
LINK = 0o120000
"""The type of a symbolic link in the Unix mode of an entry."""

CODE: dict[str, str] = {
    "Lambda": "a Lambda layer, which is Python code",
    "__lambda__": "a Python function",
    "TFSMLayer": "a TFSMLayer, which runs a TensorFlow program",
    "TorchModuleWrapper": "a TorchModuleWrapper, which is a pickled Python object",
    "JaxLayer": "a JaxLayer, which is a Python function",
    "FlaxLayer": "a FlaxLayer, which is a Python object",
    "__typespec__": "a TensorFlow type, which is made by any class",
}
"""Class in config.json -> what it is."""

PLAIN = ("__keras_tensor__", "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__")
"""Keras' own forms of values."""

CLASSES = (
    *("keras", "keras.layers", "keras.models", "keras.activations", "keras.initializers", "keras.regularizers"),
    *("keras.constraints", "keras.losses", "keras.metrics", "keras.optimizers", "keras.optimizers.schedules"),
    *("keras.dtype_policies", "keras.quantizers", "keras.random"),
)
"""Modules whose classes are parts of a network or of its training."""
INSIDE = ("keras.src.", "keras_hub.")
"""Beginnings of modules from which Keras itself takes parts of networks only."""
FUNCTIONS = (
    *("builtins", "keras.activations", "keras.initializers", "keras.regularizers", "keras.constraints"),
    *("keras.losses", "keras.metrics", "keras.ops", "keras.ops.nn", "keras.ops.numpy"),
)
"""Modules whose functions a layer or a loss may be given by name; `builtins` is how Keras writes its own."""
MAKERS = ("get", "serialize", "deserialize")
"""Functions that stand in FUNCTIONS and make any object from its name."""

READ_FILES = ("vocabulary", "merges", "proto", "preset", "idf_weights")
"""Arguments of lookup layers and tokenizers that are lists or mappings; a text there is the path of a file to read."""


class Finding(NamedTuple):
    """Why a file is not loaded. is_code: it may be, by someone who trusts its author."""

    message: str
    is_code: bool = False


def inspect(path: Path) -> Finding | None:
    """What speaks against loading a `.keras` file, None where nothing does. Reads no more than its config.json."""
    if not path.is_file():
        return Finding("no such file")
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        # Keras reads .h5 files too: an older format that holds code in places that safe_mode does not know.
        return Finding("not a .keras file")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            found = _packed_wrongly(entries, path.stat().st_size)
            if found:
                return Finding(found)
            config = json.loads(archive.read(CONFIG))
    except (
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        OSError,
        NotImplementedError,
        RuntimeError,
        RecursionError,
    ) as error:
        return Finding(f"not a whole .keras file: {(str(error).splitlines() or [type(error).__name__])[0]}")
    return inspect_config(config)


def inspect_preset(folder: Path) -> Finding | None:
    """What speaks against loading a KerasHub preset from a folder; its configurations are those of a `.keras` file."""
    for name in PRESET:
        file = folder / name
        if not file.is_file():
            continue
        try:
            found = inspect_config(json.loads(file.read_bytes()) if file.stat().st_size <= LARGEST_CONFIG else None)
        except (ValueError, OSError, RecursionError) as error:
            return Finding(f"{name} cannot be read: {(str(error).splitlines() or [type(error).__name__])[0]}")
        if found is not None:
            return Finding(f"{name}: {found.message}", found.is_code)
    return None


def _packed_wrongly(entries: list[zipfile.ZipInfo], size: int) -> str:
    """What is wrong with the entries of a zip archive of this size in bytes; "" for nothing."""
    names = [entry.filename for entry in entries]
    if len(names) > MOST_ENTRIES or len(set(names)) < len(names):
        return "the archive holds a name twice, or very many files"
    if sum(entry.compress_size for entry in entries) > size:
        return "entries of the archive lie upon each other"
    for entry in entries:
        name = PurePosixPath(entry.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or PureWindowsPath(entry.filename).anchor:
            return f"the archive holds a file that would lie outside of it: {entry.filename[:80]!r}"
        if (entry.external_attr >> 16) & 0o170000 == LINK:
            return f"the archive holds a link: {entry.filename[:80]!r}"
        if entry.file_size > BOMB and entry.file_size > MOST_EXPANSION * entry.compress_size:
            grown = f"{entry.compress_size:,} bytes that become {entry.file_size:,}"
            return f"the archive holds {grown}: {entry.filename[:80]!r}"
        if entry.filename == CONFIG and entry.file_size > LARGEST_CONFIG:
            return f"its {CONFIG} has {entry.file_size:,} bytes"
    return ""


def inspect_config(config: Any) -> Finding | None:
    """What in the configuration of a model is no part of a network; None where all of it is."""
    return next((found for node in _mappings(config) if (found := _refused(node)) is not None), None)


def _mappings(config: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in it, from outside to inside; without recursion, since a file can be nested very deep."""
    waiting = [config]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def _refused(node: dict[str, Any]) -> Finding | None:
    for key in READ_FILES:
        if key in node and isinstance(node[key], str):
            return Finding(f"it would read the file {node[key][:80]!r} as its {key}")
    name, module = node.get("class_name"), node.get("module")
    if not isinstance(name, str) or name in PLAIN:
        return None
    is_function = name == "function"
    wanted = node.get("config") if is_function else name
    if name in CODE or wanted in CODE:
        return Finding(f"it holds {CODE[str(wanted) if wanted in CODE else name]}", is_code=True)
    if _is_registered(wanted if is_function else node.get("registered_name") or name):
        return None  # by code that the user has imported
    if isinstance(module, str) and not _is_part(str(wanted), module, is_function):
        return Finding(f"it names '{str(wanted)[:80]}' of '{module[:80]}', which is no part of a network", is_code=True)
    return None


def _is_registered(name: Any) -> bool:
    import keras

    return isinstance(name, str) and keras.saving.get_registered_object(name) is not None


def _is_part(name: str, module: str, is_function: bool) -> bool:
    if is_function:
        return module in FUNCTIONS and name not in MAKERS
    # Classes have a capital, and functions none: `{module: keras.models, class_name: load_model}` was CVE-2025-8747.
    return name[:1].isupper() and (module in CLASSES or module.startswith(INSIDE))
