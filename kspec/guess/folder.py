"""A spec for a folder of images or texts with a folder per class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from kspec.errors import UsageError
from kspec.guess.draft import Draft, batch_size, early_stopping, imbalance, splits
from kspec.spec.data import IMAGE_SUFFIXES, SPLIT_FOLDERS, TEXT_SUFFIXES

LOOKED_AT = 200
"""Files that are opened to see their size."""
LARGEST, SMALLEST = 128, 32
"""Images of different sizes are brought to the median, within these bounds."""
MANY_TEXTS = 5_000
"""From so many texts on a recurrent network is worth its time; below, a bag of words is as good."""


def draft(path: Path, written: str) -> Draft:
    """The spec for a folder.

    Raises:
        UsageError: no classes, or neither images nor texts.
    """
    roots = _roots(path)
    classes = sorted({folder.name for root in roots.values() for folder in _folders(root)})
    files = {name: _files(roots["train"] / name) for name in classes}
    images = {name: [file for file in held if file.suffix.lower() in IMAGE_SUFFIXES] for name, held in files.items()}
    texts = {name: [file for file in held if file.suffix.lower() in TEXT_SUFFIXES] for name, held in files.items()}
    is_images = sum(map(len, images.values())) >= sum(map(len, texts.values()))
    chosen = images if is_images else texts
    if len(classes) < 2 or not any(chosen.values()):
        raise UsageError(f"{written}: no folder of images or texts with a folder per class\n"
                         f"       expected: CLASS/file.png (or .jpg, .txt, ...) for two classes or more, or train.csv\n"
                         f"       found: {', '.join(classes[:8]) or 'no folder'}")  # fmt: skip
    empty = [name for name, held in chosen.items() if not held]
    if empty:
        raise UsageError(f"{written}: the class folder '{empty[0]}' holds no {'image' if is_images else '.txt file'}")
    count = sum(map(len, chosen.values()))
    what = "images" if is_images else "texts"
    made = Draft(f"kspec init {written}: {count:,} {what} for training, {len(classes)} classes")
    made.data["image_folder" if is_images else "text_folder"] = written
    splits(made, [split for split in roots if split != "train"])
    names = ", ".join(f"{name} ({len(held):,})" for name, held in list(chosen.items())[:5])
    made.notes.append(f"{what} {names}{', ...' if len(classes) > 5 else ''}")
    (_images if is_images else _texts)(made, [file for held in chosen.values() for file in held])
    imbalance(made, [len(held) for held in chosen.values()])
    return made


def _roots(path: Path) -> dict[str, Path]:
    """The folder of each split."""
    found = {SPLIT_FOLDERS[folder.name]: folder for folder in _folders(path) if folder.name in SPLIT_FOLDERS}
    return found if "train" in found else {"train": path}


def _folders(path: Path) -> list[Path]:
    return (
        sorted(one for one in path.iterdir() if one.is_dir() and not one.name.startswith(".")) if path.is_dir() else []
    )


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file() and not file.name.startswith("."))


def _looked_at(files: Sequence[Path]) -> Sequence[Path]:
    """Some of the files, from all classes."""
    return files[:: max(1, len(files) // LOOKED_AT)]


def _images(made: Draft, files: Sequence[Path]) -> None:
    sizes = [size for file in _looked_at(files) if (size := _image_size(file)) is not None]
    if not sizes:
        raise UsageError(f"{files[0]}: not an image that can be read")
    height, width = (int(median(one[axis] for one in sizes)) for axis in (0, 1))
    if len(set(sizes)) > 1 or max(height, width) > LARGEST:
        scale = min(1.0, LARGEST / max(height, width))
        height, width = (max(SMALLEST, round(one * scale / 8) * 8) for one in (height, width))
        made.data["image"] = {"size": [height, width]}
        made.comments["data.image"] = f"[height, width] of every image; they differ, or are large: {_range(sizes)}"
        made.notes.append(f"size   resized to {height} x {width}; found {_range(sizes)}")
    made.data["augment"] = [
        {"RandomFlip": {"mode": "horizontal"}},
        {"RandomCrop": {"padding": max(1, min(height, width) // 10)}},
    ]
    made.comments["data.augment"] = "take RandomFlip away where left and right matter, as for letters"
    made.data["batch_size"] = batch_size(len(files))
    stages = [32, 64, 128] if min(height, width) >= 24 else [32, 64]
    made.model["CNN"] = {"filters": stages, "dropout": 0.25}
    made.comments["model.CNN"] = (
        "for few images: `MobileNetV2: {weights: imagenet}` and `freeze: base`, which downloads its weights once"
    )
    made.training["epochs"] = 30
    made.training["learning_rate"] = {"peak": 0.003, "warmup": "1 epoch", "decay": "cosine"}
    made.training["callbacks"] = early_stopping(8)


def _image_size(file: Path) -> tuple[int, int] | None:
    """(height, width); None for a file that is no image."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            return image.height, image.width
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError):
        return None


def _range(sizes: list[tuple[int, int]]) -> str:
    low, high = min(sizes), max(sizes)
    return f"{low[0]} x {low[1]} to {high[0]} x {high[1]}" if low != high else f"{low[0]} x {low[1]}"


def _texts(made: Draft, files: Sequence[Path]) -> None:
    lengths = sorted(len(file.read_text(encoding="utf-8", errors="replace").split()) for file in _looked_at(files))
    longest = lengths[int(0.9 * (len(lengths) - 1))]
    made.notes.append(f"length 9 of 10 texts have at most {longest} words")
    rate: dict[str, Any] = {"peak": 0.002, "warmup": "5%", "decay": "linear"}
    if len(files) < MANY_TEXTS:
        made.data["text"] = {"output": "multi_hot", "max_tokens": 10_000, "ngrams": 2}
        made.comments["data.text"] = "a bag of words and pairs of words"
        made.data["batch_size"] = batch_size(len(files))
        made.model["MLP"] = {"hidden": [64], "dropout": 0.4}
        made.training |= {"epochs": 15, "learning_rate": rate}
        made.training["callbacks"] = early_stopping(4)
    else:
        length = min(400, max(16, longest))
        made.data["text"] = {"max_tokens": 20_000, "sequence_length": length, "truncate": "head_tail"}
        made.data["batch_size"] = 64
        made.model["RNN"] = {
            "cell": "LSTM",
            "units_per_layer": [64],
            "bidirectional": True,
            "pooling": "max",
            "dropout": 0.4,
        }
        made.training |= {"epochs": 5, "optimizer": {"Adam": {"clipnorm": 1.0}}, "learning_rate": rate}
        made.training["callbacks"] = early_stopping(2)
