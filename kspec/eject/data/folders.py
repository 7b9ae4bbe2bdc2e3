"""Loading folders of images and texts, a folder per class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kspec.builders.data.sources.folders import IMAGES, TEXTS, listed
from kspec.eject.code import Name, flat, quoted, statement
from kspec.eject.data.images import resizing
from kspec.eject.data.labels import LISTED
from kspec.eject.known import Known, Loaded, relative


def images(known: Known) -> Loaded:
    """`read(folder)` with Pillow."""
    image = known.data.image
    channels = np.asarray(known.source.splits["train"].x).shape[-1]
    mode, grey = ('"L"', "[..., np.newaxis]") if channels == 1 else ('"RGB"', "")
    body = [
        "def pixels(file):",
        f'    """An image as uint8 (height, width, {channels})."""',
        "    with Image.open(file) as image:",
        f"        array = np.asarray(image.convert({mode})){grey}",
    ]
    before = []
    if image.size is None:
        body.append("    return array")
    else:
        before = [resizing(image, channels, "uint8")]
        body.append(f"    return array if array.shape[:2] == {flat(tuple(image.size))} else np.asarray(resized(array))")
    return _folder(known, IMAGES, [*before, "\n".join(body)], "np.stack([pixels(file) for file in files])", "images")


def texts(known: Known) -> Loaded:
    """`read(folder)`."""
    read = 'np.array([file.read_text(encoding="utf-8") for file in files], object)'
    return _folder(known, TEXTS, [], read, "texts")


def _folder(known: Known, suffixes: tuple[str, ...], before: list[str], read: str, word: str) -> Loaded:
    kind, settings = known.data.source
    root = Path(settings.path)
    found = listed(root, suffixes, ("data", kind))
    roots = _roots(root, list(found.splits))
    classes = list(found.class_names)
    first = f"Path({quoted(relative(str(roots['train'])))})"
    names = f"sorted(folder.name for folder in {first}.iterdir() if folder.is_dir())"
    constants = [statement("SUFFIXES = ", suffixes)]
    constants.append(statement("CLASSES = ", classes if len(classes) <= LISTED else Name(names)))
    inside = '(Path(root) / name).rglob("*")'
    body = [
        "def read(root):",
        f'    """The {word} below a folder, class by class in the order of their names, and their class numbers."""',
        "    files, labels = [], []",
        "    for number, name in enumerate(CLASSES):",
        f"        found = sorted(file for file in {inside} if file.suffix.lower() in SUFFIXES)",
        '        found = [file for file in found if file.is_file() and not file.name.startswith(".")]',
        "        files += found",
        "        labels += [number] * len(found)",
        f"    return {read}, np.array(labels)",
    ]
    pieces = {name: ("x", "y") if len(roots) == 1 else (f"x_{name}", f"y_{name}") for name in roots}
    loads = [f"{x}, {y} = read({quoted(relative(str(roots[name])))})" for name, (x, y) in pieces.items()]
    return ["\n".join(constants), *before, "\n".join(body), "\n".join(loads)], pieces


def _roots(root: Path, splits: list[str]) -> dict[str, Path]:
    """The folder of each split."""
    if not (root / "train").is_dir():
        return {"train": root}
    named = {"validation": "val" if (root / "val").is_dir() else "validation"}
    return {split: root / named.get(split, split) for split in splits}
