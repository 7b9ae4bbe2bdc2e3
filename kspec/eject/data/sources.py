"""Loading: each source by its own library. A function a source, which gives paragraphs and the names they define."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kspec.eject.code import Call, Name, flat, quoted, statement
from kspec.eject.data import folders, tfds
from kspec.eject.known import Known, Loaded, relative


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

    with np.load(settings.path, allow_pickle=False) as stored:
        form = {key: (array.ndim, array.dtype.kind) for key, array in stored.items()}
    lines = [f"with np.load({quoted(relative(settings.path))}) as arrays:"]
    pieces = {}
    for name in known.source.splits:
        suffix = next(s for s in ("", f"_{name}", "_val") if settings.x + s in form and (s or name == "train"))
        x, y = ("x", "y") if not suffix else (f"x_{name}", f"y_{name}")
        key = settings.x + suffix
        dimensions, kind = form[key]
        change = ""
        if known.source.kind == "image" and dimensions == 3:
            change = "[..., np.newaxis]"
        if known.source.kind == "text":
            change = ".astype(object)"
        read = f"arrays[{quoted(key)}]"
        if kind == "S":
            read = f'np.char.decode({read}, "utf-8")'
        lines.append(f"    {x}, {y} = {read}{change}, arrays[{quoted(settings.y + suffix)}]")
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


SOURCES: dict[str, Callable[[Known], Loaded]] = {
    "tfds": tfds.load,
    "keras": _keras,
    "sklearn": _sklearn,
    "image_folder": folders.images,
    "text_folder": folders.texts,
    "csv": _table,
    "parquet": _table,
    "npz": _npz,
}
