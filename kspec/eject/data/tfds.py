"""Loading with TensorFlow Datasets: by role, for the splits of the spec are in TFDS' own syntax."""

from __future__ import annotations

from typing import Any

import numpy as np

from kspec.builders.data.sources import fields
from kspec.builders.data.sources.tfds import open_builder
from kspec.builders.data.splits import plan
from kspec.eject.code import Call, Name, quoted, statement
from kspec.eject.data.images import resizing
from kspec.eject.known import Known, Loaded, relative, unable

TEXTS = '''\
def texts(values):
    """Bytes as texts."""
    return np.array([value.decode("utf-8", errors="replace") for value in values.tolist()], object)'''
CLASS_NAMES = '''\
def class_names(ids, names):
    """Class ids as the names of the classes; -1 is TFDS' mark of a missing one."""
    return np.array([names[i] if i >= 0 else None for i in ids.tolist()], object)'''


def load(known: Known) -> Loaded:
    """`read(split)`, and what it reads."""
    settings = known.data.source[1]
    builder = open_builder(settings)
    chosen = fields.choose(builder.info.features, builder.info.supervised_keys, known.data)
    options: dict[str, Any] = {"split": Name("split"), "shuffle_files": False}
    if settings.data_dir is not None:
        options["data_dir"] = relative(settings.data_dir)
    if not settings.download:
        options["download"] = False
    before: list[str] = []
    varies = isinstance(chosen.x, str) and None in tuple(builder.info.features[chosen.x].shape or ())
    if chosen.many or (varies and chosen.kind == "image"):
        before, lines = _mapped(known, chosen, settings.name, options, builder)
    else:
        examples = Call("tfds.load", (settings.name,), {**options, "batch_size": -1})
        lines = [
            statement("examples = ", Call("tfds.as_numpy", (examples,)), 4),
            *_whole(chosen, builder.info.features),
        ]
    before += _helpers(chosen, "\n".join(lines))
    word = {"image": "images", "text": "texts", "table": "columns", "array": "features"}[chosen.kind]
    body = ["def read(split):", f'    """The {word} and labels of a split, in the order of its files."""', *lines]
    sizes = {name: info.num_examples for name, info in builder.info.splits.items()}
    loads = []
    for role, parts in plan(known.data, sizes).items():
        loads += _reads(known, role, [_split_text(part, sizes) for part in parts])
    names = {role: (f"x_{role}", f"y_{role}") for role in known.roles}
    fractions = [role for role in known.roles if isinstance(getattr(known.data, role), float)]
    if fractions:
        loads = [line.replace("x_train, y_train", "x, y") for line in loads]
        names["train"] = ("x", "y")
    return [*before, "\n".join(body), "\n".join(loads)], names


def _helpers(chosen: fields.Chosen, read: str) -> list[str]:
    """What `read` calls, and the class names it looks up."""
    names = {column: list(found) for column, found in chosen.names.items()}
    found = [statement("NAMES = ", names)] if "NAMES[" in read else []
    found += [TEXTS] if " texts(" in read else []
    return [*found, CLASS_NAMES] if "class_names(" in read else found


def _split_text(part: Any, sizes: Any) -> str:
    size = sizes[part.split]
    start = str(part.start) if part.start else ""
    stop = str(part.stop) if part.stop != size else ""
    return f"{part.split}[{start}:{stop}]" if start or stop else part.split


def _reads(known: Known, role: str, parts: list[str]) -> list[str]:
    if len(parts) == 1:
        return [f"x_{role}, y_{role} = read({quoted(parts[0])})"]
    if known.is_table:
        raise unable(("data", role), "a table of several splits")
    listed = ", ".join(f"read({quoted(part)})" for part in parts)
    return [
        f"parts = [{listed}]",
        f"x_{role}, y_{role} = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))",
    ]


def _whole(chosen: fields.Chosen, features: Any) -> list[str]:
    """The end of `read` for features that TFDS can give as whole arrays."""
    y = [_values(features, (name,), {}) for name in chosen.y]
    labels = y[0] if len(y) == 1 else f"np.stack([{', '.join(y)}], axis=1)"
    if isinstance(chosen.x, str):
        return [f"    return {_values(features, (chosen.x,), {})}, {labels}"]
    lines = ["    x = {"]
    lines += [
        f"        {quoted(column)}: {_values(features, path, {path: column} if column in chosen.names else {})},"
        for column, path in chosen.x.items()
    ]
    return [*lines, "    }", f"    return x, {labels}"]


def _values(features: Any, path: tuple[str, ...], named: dict[tuple[str, ...], str]) -> str:
    """The array of a feature: bytes as texts, class ids of a column as the names of the classes."""
    read = "examples" + "".join(f"[{quoted(name)}]" for name in path)
    if path in named:
        return f"class_names({read}, NAMES[{quoted(named[path])}])"
    return f"texts({read})" if fields.at(features, path).dtype == object or _is_text(features, path) else read


def _is_text(features: Any, path: tuple[str, ...]) -> bool:
    return np.dtype(fields.at(features, path).numpy_dtype).kind in "OSU"


def _mapped(known: Known, chosen: fields.Chosen, name: str, options: Any, builder: Any) -> tuple[list[str], list[str]]:
    """`read` for images of different sizes, or for several labels an example: one by one, in tf.data."""
    x, y = f"example[{quoted(str(chosen.x))}]", f"example[{quoted(chosen.y[0])}]"
    before = []
    features = builder.info.features[chosen.x] if isinstance(chosen.x, str) else None
    if chosen.kind == "image" and features is not None and None in tuple(features.shape):
        before, x = [resizing(known.data.image, features.shape[-1], "uint8")], f"resized({x})"
    if chosen.many:
        y = f"tf.minimum(tf.reduce_sum(tf.one_hot({y}, {len(chosen.class_names)}), axis=0), 1.0)"
    pairs = [
        statement("examples = ", Call("tfds.load", (name,), options), 4),
        "",
        "    def pair(example):",
        f"        return {x}, {y}",
        "",
        "    batches = list(examples.map(pair, tf.data.AUTOTUNE).batch(256).as_numpy_iterator())",
        "    return np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])",
    ]
    return before, pairs
