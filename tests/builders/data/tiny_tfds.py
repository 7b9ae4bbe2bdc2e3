"""Tiny data sets of TFDS, made in a folder without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

F = tfds.features


class _Tiny(tfds.core.GeneratorBasedBuilder):
    """What all of them share: a train split of 20 examples and a test split of 6."""

    VERSION = tfds.core.Version("1.0.0")
    FEATURES: Any = None
    SUPERVISED: Any = None

    def _info(self) -> Any:
        return self.dataset_info_from_configs(features=self.FEATURES, supervised_keys=self.SUPERVISED)

    def _split_generators(self, dl_manager: Any) -> Any:
        return {"train": self._generate_examples(20), "test": self._generate_examples(6)}

    def _generate_examples(self, count: int) -> Iterator[tuple[int, Any]]:
        for i in range(count):
            yield i, self.example(i)

    def example(self, i: int) -> Any:
        """The i-th example."""
        raise NotImplementedError


class TinyImages(_Tiny):
    """Images of 4 x 4 whose pixels are the number of the example."""

    FEATURES = F.FeaturesDict(
        {"image": F.Image(shape=(4, 4, 3)), "label": F.ClassLabel(names=["cat", "dog"]), "id": F.Text()}
    )
    SUPERVISED = ("image", "label")

    def example(self, i: int) -> Any:
        return {"image": np.full((4, 4, 3), i, np.uint8), "label": i % 2, "id": str(i)}


class TinyPhotos(_Tiny):
    """Images of different sizes, with several labels each."""

    FEATURES = F.FeaturesDict(
        {"photo": F.Image(shape=(None, None, 3)), "tags": F.Sequence(F.ClassLabel(names=["a", "b", "c"]))}
    )

    def example(self, i: int) -> Any:
        return {"photo": np.full((4 + i, 5, 3), i, np.uint8), "tags": [0, 2] if i % 2 else []}


class TinyReviews(_Tiny):
    """Texts."""

    FEATURES = F.FeaturesDict({"text": F.Text(), "title": F.Text(), "label": F.ClassLabel(names=["neg", "pos"])})
    SUPERVISED = ("text", "label")

    def example(self, i: int) -> Any:
        return {"text": f"größe {i}", "title": f"title {i}", "label": i % 2}


class TinyTable(_Tiny):
    """A table of scalars, nothing said about what is to be predicted."""

    FEATURES = F.FeaturesDict(
        {"size": np.float32, "colour": F.ClassLabel(names=["red", "blue"]), "town": np.str_, "price": np.float32}
    )

    def example(self, i: int) -> Any:
        return {"size": i / 2, "colour": i % 2, "town": f"t{i}", "price": 10.0 * i}


def prepare(folder: Path) -> str:
    """Prepares all of them in the folder, which is returned as a string."""
    for builder in (TinyImages, TinyPhotos, TinyReviews, TinyTable):
        config = tfds.download.DownloadConfig(try_download_gcs=False)
        builder(data_dir=str(folder)).download_and_prepare(download_config=config)
    return str(folder)
