"""Small files of every kind that a spec can read, the same in every session."""

from pathlib import Path

import numpy as np
import pandas
import tensorflow_datasets as tfds
from PIL import Image

from tests import tiny_bert
from tests.builders.data import tiny_tfds

F = tfds.features


class TinyColours(tiny_tfds._Tiny):
    """Images of 16 x 16 pixels in ten classes, in the place of CIFAR-10."""

    FEATURES = F.FeaturesDict({"image": F.Image(shape=(16, 16, 3)), "label": F.ClassLabel(num_classes=10)})
    SUPERVISED = ("image", "label")

    def example(self, i):
        return {"image": np.random.default_rng(i).integers(0, 256, (16, 16, 3), np.uint8), "label": i % 10}


def make(folder: Path) -> None:
    """Writes all of them into a folder."""
    rng = np.random.default_rng(0)
    _tables(folder, rng)
    x, y = rng.normal(size=(40, 5, 3)), np.array(["a", "b", "c", "a"] * 10)
    np.savez(folder / "sequences.npz", x_train=x[:30], y_train=y[:30], x_val=x[30:], y_val=y[30:])
    np.savez(folder / "grey.npz", images=rng.integers(0, 256, (40, 8, 8), dtype=np.uint8), digits=np.arange(40) % 12)
    for split, count in (("train", 6), ("test", 3)):
        for name in ("cats", "dogs", "owls"):
            (folder / "photos" / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 256, (9 + i, 10, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / "photos" / split / name / f"{i}.png")
    tiny_bert.save_texts(folder / "texts")
    tiny_tfds.prepare(folder / "tfds")
    TinyColours(data_dir=str(folder / "tfds")).download_and_prepare(
        download_config=tfds.download.DownloadConfig(try_download_gcs=False)
    )
    tiny_bert.save(folder / "bert")


def _tables(folder, rng):
    """60 rows with missing numbers and texts, a misspelt label, a class of two, and three rows that stand twice."""
    rows = ["size,rooms,town,kind,price"]
    for i in range(60):
        size = "" if i % 11 == 3 else f"{rng.normal(50, 20):.1f}"
        town = "" if i % 13 == 5 else ["Ulm", "Rom", "Oslo"][i % 3]
        kind = "goood" if i % 17 == 0 else "odd" if i % 19 == 4 else "bad" if i % 2 else "good"
        rows.append(f"{size},{i % 4},{town},{kind},{100 + i}")
    (folder / "table.csv").write_text("\n".join([*rows, *rows[3:6]]) + "\n")
    pandas.read_csv(folder / "table.csv").dropna().to_parquet(folder / "table.parquet")
