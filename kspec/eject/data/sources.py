"""Loading: each source by its own library. A function a source, which gives paragraphs and the names they define."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kspec.builders.data.sources import fields
from kspec.builders.data.sources.tfds import open_builder
from kspec.builders.data.splits import plan
from kspec.eject.code import Call, Name, flat, quoted, statement
from kspec.eject.data import folders
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
    """The paragraphs that load the source of a spec."""
    name, _ = known.data.source
    return SOURCES[name](known)


def reads_roles(known: Known) -> bool:
    """Whether the source is read by role, as the splits of the spec say: then there is nothing left to split."""
    return known.data.source[0] == "tfds"


def _sklearn(known: Known) -> Loaded:
    name = known.data.source[1].name
    load_it = statement(f"{name} = ", Call(f"datasets.load_{name}"))
    if not known.is_table:
        x = f'x, y = {name}.images[..., np.newaxis].astype("float32"), {name}.target'
        return [f"{load_it}\n{x}"], {"train": ("x", "y")}
    held = list(known.source.splits["train"].x)
    from sklearn import datasets

    available = [str(one) for one in getattr(datasets, f"load_{name}")().feature_names]
    columns = f"x = dict(zip(map(str, {name}.feature_names), {name}.data.T, strict=True))"
    lines = [load_it, f"{columns}  # the columns by name"]
    if held != available:
        lines.append(statement("x = {name: x[name] for name in ", _closed(held)))
    return ["\n".join([*lines, f"y = {name}.target"])], {"train": ("x", "y")}


def _closed(names: list[str]) -> Name:
    return Name(flat(names) + "}")


def _keras(known: Known) -> Loaded:
    settings = known.data.source[1]
    held = known.source.splits
    pairs = {name: (f"x_{name}", f"y_{name}") if name in held else ("_", "_") for name in ("train", "test")}
    names = ", ".join(f"({x}, {y})" for x, y in pairs.values())
    lines = [statement(f"{names} = ", Call(f"keras.datasets.{settings.name}.load_data", (), settings.arguments))]
    for name in held:
        x, y = pairs[name]
        if known.source.kind == "image" and settings.name in ("mnist", "fashion_mnist"):
            lines.append(f"{x} = {x}[..., np.newaxis]")
        if settings.name in ("imdb", "reuters"):
            length = known.data.text.sequence_length
            padded = Call("keras.utils.pad_sequences", (Name(x),), {"maxlen": length, "padding": "post"})
            lines.append(
                statement(
                    f"{x} = ", Call(padded.function, padded.positional, {**padded.keywords, "truncating": "post"})
                )
            )
        if settings.name in ("cifar10", "cifar100"):
            lines.append(f"{y} = {y}.reshape(len({y}))")
    return ["\n".join(lines)], {name: pairs[name] for name in held}


def _npz(known: Known) -> Loaded:
    settings = known.data.source[1]
    import numpy as np

    stored = np.load(settings.path, allow_pickle=False)
    lines = [statement("arrays = ", Call("np.load", (relative(settings.path),)))]
    pieces = {}
    for name in known.source.splits:
        suffix = next(s for s in ("", f"_{name}", "_val") if settings.x + s in stored.files and (s or name == "train"))
        x, y = ("x", "y") if not suffix else (f"x_{name}", f"y_{name}")
        key = settings.x + suffix
        change = ""
        if known.source.kind == "image" and stored[key].ndim == 3:
            change = "[..., np.newaxis]"
        if known.source.kind == "text":
            change = ".astype(object)"
        read = f"arrays[{quoted(key)}]"
        if stored[key].dtype.kind == "S":
            read = f'np.char.decode({read}, "utf-8")'
        lines.append(f"{x}, {y} = {read}{change}, arrays[{quoted(settings.y + suffix)}]")
        pieces[name] = (x, y)
    return ["\n".join(lines)], pieces


def _table(known: Known) -> Loaded:
    kind, settings = known.data.source
    text = known.data.columns.text
    label = list(known.data.label or ())
    example = next(iter(known.source.splits.values()))
    columns = [text] if text is not None else list(example.x)
    if kind == "csv":
        options = {}
        if settings.separator != ",":
            options["sep"] = settings.separator
        if settings.encoding != "utf-8":
            options["encoding"] = settings.encoding
        read: Any = Call("pd.read_csv", (Name("path"),), options)
    else:
        read = Call("pd.read_parquet", (Name("path"),))
    body = [
        "def read(path):",
        f'    """The features and labels of a {"CSV" if kind == "csv" else "Parquet"} file."""',
        statement("table = ", read, 4),
        "    table.columns = [str(name) for name in table.columns]",
    ]
    if text is not None:
        texts = f"_array(table[{quoted(text)}]).tolist()"
        body.append(f"    x = np.array([text if text is None else str(text) for text in {texts}], object)")
    else:
        body.append("    x = {name: _array(table[name]) for name in COLUMNS}")
    if len(label) == 1:
        body.append(f"    return x, _array(table[{quoted(label[0])}])")
    else:
        kinds = "object" if example.y.dtype.kind == "O" else "np.float64"
        body.append(f"    return x, np.stack([_array(table[name]).astype({kinds}) for name in LABELS], axis=1)")
    constants = [statement("COLUMNS = ", columns)] if text is None else []
    constants += [statement("LABELS = ", label)] if len(label) > 1 else []
    place = Path(settings.path)
    one = place.is_file()
    files = {"train": place} if one else {name: place / f"{name}.{kind}" for name in known.source.splits}
    names = {name: ("x", "y") if one else (f"x_{name}", f"y_{name}") for name in files}
    loads = [
        f"{names[name][0]}, {names[name][1]} = read({quoted(relative(str(file)))})" for name, file in files.items()
    ]
    return [*(["\n".join(constants)] if constants else []), "\n".join(body), "\n".join(loads)], names


def _tfds(known: Known) -> Loaded:
    """Read by role: the splits of the spec are in TFDS' own syntax."""
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
    import numpy as np

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


SOURCES: dict[str, Callable[[Known], Loaded]] = {
    "tfds": _tfds,
    "keras": _keras,
    "sklearn": _sklearn,
    "image_folder": folders.images,
    "text_folder": folders.texts,
    "csv": _table,
    "parquet": _table,
    "npz": _npz,
}
