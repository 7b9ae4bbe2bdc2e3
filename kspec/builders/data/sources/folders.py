"""`image_folder:` and `text_folder:`: a folder per class, at the top or under `train/`, `validation/` and `test/`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kspec.builders.data.images import fitted
from kspec.builders.data.sources import memory
from kspec.builders.examples import Examples, Source
from kspec.errors import DataError, Problem
from kspec.spec.data import IMAGE_SUFFIXES, SPLIT_FOLDERS, TEXT_SUFFIXES, Data, Image

IMAGES, TEXTS, SPLITS = IMAGE_SUFFIXES, TEXT_SUFFIXES, SPLIT_FOLDERS
SHOWN = 10
LOG = logging.getLogger("kspec")


@dataclass(frozen=True)
class Listing:
    """The files of a folder: by split, each with its class; and how many others were left out."""

    splits: dict[str, list[tuple[Path, int]]]
    class_names: tuple[str, ...]
    ignored: int


def load_images(data: Data) -> Source:
    """Images uint8 (n, height, width, channels), resized to `data.image.size` where it is set; class ids by folder.

    Raises:
        DataError: no such folder, fewer than two classes, an empty class, images that cannot be read (all of them are
            named), images of different sizes without `data.image.size`, or more than half of the free memory.
    """
    path = ("data", "image_folder")
    listing = listed(Path(data.source[1].path), IMAGES, path)
    files = [file for part in listing.splits.values() for file, _ in part]
    pixels = _decoded(files, data.image, path)
    return _source("image", listing, pixels)


def load_texts(data: Data) -> Source:
    """Texts as an object array (n,) of str; class ids by folder.

    Raises:
        DataError: no such folder, fewer than two classes, an empty class, or a file that is not UTF-8.
    """
    path = ("data", "text_folder")
    listing = listed(Path(data.source[1].path), TEXTS, path)
    files = [file for part in listing.splits.values() for file, _ in part]
    texts = _each(
        files, lambda file: file.read_text(encoding="utf-8"), (UnicodeDecodeError, OSError), path, "text in UTF-8"
    )
    return _source("text", listing, np.array(texts, object))


def _source(kind: Any, listing: Listing, x: np.ndarray) -> Source:
    """The decoded files, which stand split after split, as a source."""
    splits, start = {}, 0
    for name, part in listing.splits.items():
        y = np.array([label for _, label in part], np.int64)
        splits[name] = Examples(x[start : start + len(part)], y)
        start += len(part)
    return Source(kind, splits, listing.class_names, "classification")


def listed(root: Path, suffixes: tuple[str, ...], path: tuple[str, ...]) -> Listing:
    """The files of a data folder in the order of their names; classes are the folders' names, sorted.

    Raises:
        DataError: no such folder, fewer than two classes, or an empty class, or a link that leads out of the folder.
    """
    if not root.is_dir():
        raise DataError(Problem(path, "no such folder", "a folder with a folder per class", str(root)))
    folders = _folders(root)
    roots = {SPLITS[f.name]: f for f in folders if f.name in SPLITS} if any(f.name == "train" for f in folders) else {}
    roots = roots or {"train": root}
    names = sorted({folder.name for split_root in roots.values() for folder in _folders(split_root)})
    if len(names) < 2:
        found = f"{', '.join(names) or 'no folder'} in {root}"
        raise DataError(Problem(path, "at least two classes are needed", "a folder per class", found))
    ids = {name: index for index, name in enumerate(names)}
    splits: dict[str, list[tuple[Path, int]]] = {}
    ignored = 0
    for split, split_root in roots.items():
        splits[split] = []
        for folder in _folders(split_root):
            held = sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))
            files = [file for file in held if file.suffix.lower() in suffixes]
            ignored += len(held) - len(files)
            _stays(folder, held, root, path)
            if not files:
                expected = "files " + ", ".join(f"*{s}" for s in suffixes)
                raise DataError(Problem(path, f"the class folder '{folder.name}' is empty", expected, str(folder)))
            splits[split] += [(file, ids[folder.name]) for file in files]
    if ignored:
        LOG.info("%d files of %s are none of %s and are left out", ignored, root, ", ".join(suffixes))
    return Listing(splits, tuple(names), ignored)


def _stays(folder: Path, files: list[Path], root: Path, path: tuple[str, ...]) -> None:
    """Refuses links that lead out of the data folder: a spec reads what it names, and no more.

    The data folder itself may be a link. Links to folders below a class are not followed at all.
    """
    real = root.resolve()
    links = [one for one in (folder, *files) if one.is_symlink() and not one.resolve().is_relative_to(real)]
    if links:
        message = f"{len(links)} link{'s lead' if len(links) > 1 else ' leads'} out of the data folder"
        found = "; ".join(f"{link} -> {link.resolve()}" for link in links[:SHOWN])
        hint = "put the files themselves there, or hard links"
        raise DataError(Problem(path, message, f"files below {real}", found, hint))


def _folders(root: Path) -> list[Path]:
    return sorted(folder for folder in root.iterdir() if folder.is_dir() and not folder.name.startswith("."))


def _each(
    files: list[Path], read: Callable[[Path], Any], errors: Any, path: tuple[str, ...], expected: str
) -> list[Any]:
    """The result for each file, read in parallel; one error that names every file that cannot be read."""

    def attempt(file: Path) -> tuple[Any, str]:
        try:
            return read(file), ""
        except errors as error:
            return None, f"{file} ({str(error).splitlines()[0] if str(error) else type(error).__name__})"

    with ThreadPoolExecutor() as pool:
        results = list(pool.map(attempt, files))
    bad = [reason for _, reason in results if reason]
    if bad:
        more = f"; and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        message = f"{len(bad)} of {len(files)} files cannot be read"
        raise DataError(Problem(path, message, expected, "; ".join(bad[:SHOWN]) + more, "mend or remove them"))
    return [result for result, _ in results]


def _decoded(files: list[Path], settings: Image, path: tuple[str, ...]) -> np.ndarray:
    """Every image, in one array."""
    heads = _each(files, _head, _unreadable(), path, "whole images")
    channels = settings.channels or max(channels for _, channels in heads)
    size = settings.size or _one_size(files, [size for size, _ in heads])
    memory.check((len(files), *size, channels), path)
    pixels = np.empty((len(files), *size, channels), np.uint8)

    def fill(index: int) -> None:
        image = _pixels(files[index], channels)
        pixels[index] = image if image.shape[:2] == size else fitted(image, settings)

    numbers = {file: index for index, file in enumerate(files)}
    _each(files, lambda file: fill(numbers[file]), _unreadable(), path, "whole images")
    return pixels


def _unreadable() -> tuple[type[Exception], ...]:
    """What Pillow raises for a file that is no whole image."""
    from PIL import Image as pillow

    return (OSError, SyntaxError, ValueError, EOFError, pillow.DecompressionBombError)


def _head(file: Path) -> tuple[tuple[int, int], int]:
    """((height, width), channels) of an image, without decoding it: one channel for grey, three for anything else."""
    from PIL import Image as pillow

    with pillow.open(file) as image:
        return (image.height, image.width), 1 if image.mode in ("1", "L", "LA", "I", "F", "I;16") else 3


def _pixels(file: Path, channels: int) -> np.ndarray:
    """uint8 (height, width, channels); of an animation the first frame; transparency is dropped."""
    from PIL import Image as pillow

    with pillow.open(file) as image:
        pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    return pixels[..., np.newaxis] if channels == 1 else pixels


def _one_size(files: list[Path], sizes: list[tuple[int, int]]) -> tuple[int, int]:
    other = next((index for index, size in enumerate(sizes) if size != sizes[0]), None)
    if other is not None:
        found = ", ".join(f"{files[i]} {sizes[i][0]} x {sizes[i][1]}" for i in (0, other))
        hint = f"set data.image.size: [{sizes[0][0]}, {sizes[0][1]}], or any other height and width"
        raise DataError(Problem(("data", "image", "size"), "the images differ in size", "one size", found, hint))
    return sizes[0]
