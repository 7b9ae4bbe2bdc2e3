"""Random rotation, translation and zoom, drawn for every example and done in one operation."""

from __future__ import annotations

from typing import Any, Literal

import keras
import tensorflow as tf

from kspec.parts.augmentation.affine import FILL_MODES, INTERPOLATIONS, rotation, scaling, translation, warp
from kspec.parts.augmentation.base import PerSampleAugmentation
from kspec.parts.augmentation.pixels import interval, plain


class _Affine(PerSampleAugmentation):
    """An affine transformation drawn for every example.

    fill_mode: what is seen beyond the border: "reflect" (d c b a | a b c d | d c b a), "constant" (`fill_value`),
    "nearest" (a a a a | a b c d | d d d d) or "wrap" (a b c d | a b c d | a b c d).
    """

    def __init__(
        self,
        fill_mode: Literal["reflect", "constant", "nearest", "wrap"] = "reflect",
        interpolation: Literal["bilinear", "nearest"] = "bilinear",
        fill_value: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if fill_mode not in FILL_MODES:
            raise ValueError(f"fill_mode must be one of {FILL_MODES}, not {fill_mode!r}")
        if interpolation not in INTERPOLATIONS:
            raise ValueError(f"interpolation must be one of {INTERPOLATIONS}, not {interpolation!r}")
        self.fill_mode = fill_mode
        self.interpolation = interpolation
        self.fill_value = fill_value

    def transforms(self, seed: tf.Tensor, batch: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        """A transformation for each example, float32 (batch, 8); size: float32 (2,), height and width in pixels."""
        raise NotImplementedError(f"{type(self).__name__} must define transforms()")

    def augment(self, images: tf.Tensor, labels: Any, seed: tf.Tensor, index: tf.Tensor, epoch: tf.Tensor) -> Any:
        """The transformed images and the same labels; see PerSampleAugmentation.augment."""
        shape = tf.shape(images)
        transforms = self.transforms(seed, shape[0], tf.cast(shape[1:3], tf.float32))
        return warp(images, transforms, self.fill_mode, self.interpolation, self.fill_value), labels

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"fill_mode": self.fill_mode, "interpolation": self.interpolation, "fill_value": self.fill_value}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="kspec")
class RandomRotation(_Affine):
    """Rotates each image about its centre by a random angle; the arguments are those of keras.layers.RandomRotation.

    factor: bounds of the angle as fractions of a full turn, positive counter-clockwise; 0.1 means -36..36 degrees.
    fill_mode: beyond the border, "reflect" (default), "constant" (`fill_value`, 0 by default), "nearest" or "wrap".
    interpolation: "bilinear" (default) or "nearest". seed: see PerSampleAugmentation.
    Raises ValueError for a factor beyond -1..1, or an unknown fill_mode or interpolation.

    Example:
        keras.Sequential([RandomRotation(0.05), keras.layers.Conv2D(16, 3)])
    """

    def __init__(self, factor: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._bounds = interval("factor", factor, -1, 1, symmetric=True)
        self.factor = plain(factor)

    def transforms(self, seed: tf.Tensor, batch: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        """A rotation for each example; see _Affine.transforms."""
        return rotation(tf.random.stateless_uniform([batch], seed, *self._bounds), size)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="kspec")
class RandomTranslation(_Affine):
    """Shifts each image by a random distance; the arguments are those of keras.layers.RandomTranslation.

    height_factor, width_factor: bounds of the shift down and to the right as fractions of height and width; 0.1 means
    -10 % to 10 %. Shifts are not whole pixels: for those see RandomCrop.
    fill_mode: beyond the border, "reflect" (default), "constant" (`fill_value`, 0 by default), "nearest" or "wrap".
    interpolation: "bilinear" (default) or "nearest". seed: see PerSampleAugmentation.
    Raises ValueError for a factor beyond -1..1, or an unknown fill_mode or interpolation.

    Example:
        keras.Sequential([RandomTranslation(0.1, 0.1), keras.layers.Conv2D(16, 3)])
    """

    def __init__(self, height_factor: Any, width_factor: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._down = interval("height_factor", height_factor, -1, 1, symmetric=True)
        self._right = interval("width_factor", width_factor, -1, 1, symmetric=True)
        self.height_factor = plain(height_factor)
        self.width_factor = plain(width_factor)

    def transforms(self, seed: tf.Tensor, batch: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        """A translation for each example; see _Affine.transforms."""
        down, right = _two(seed, batch, self._down, self._right)
        return translation(down * size[0], right * size[1], size)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


@keras.saving.register_keras_serializable(package="kspec")
class RandomZoom(_Affine):
    """Zooms each image about its centre; the arguments are those of keras.layers.RandomZoom.

    height_factor, width_factor: bounds of the zoom; 0.2 shows 20 % more of the scene (out), -0.2 shows 20 % less
    (in), and one number f means -f..f. width_factor None (default) keeps the aspect ratio.
    fill_mode: beyond the border, "reflect" (default), "constant" (`fill_value`, 0 by default), "nearest" or "wrap".
    interpolation: "bilinear" (default) or "nearest". seed: see PerSampleAugmentation.
    Raises ValueError for a factor of -1 or less or above 1, or an unknown fill_mode or interpolation.

    Example:
        keras.Sequential([RandomZoom(0.2), keras.layers.Conv2D(16, 3)])
    """

    def __init__(self, height_factor: Any, width_factor: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._vertical = _zoom("height_factor", height_factor)
        self._horizontal = None if width_factor is None else _zoom("width_factor", width_factor)
        self.height_factor = plain(height_factor)
        self.width_factor = plain(width_factor)

    def transforms(self, seed: tf.Tensor, batch: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        """A zoom for each example; see _Affine.transforms."""
        vertical, horizontal = _two(seed, batch, self._vertical, self._horizontal or self._vertical)
        return scaling(1 + vertical, 1 + (vertical if self._horizontal is None else horizontal), size)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "height_factor": self.height_factor, "width_factor": self.width_factor}


def _zoom(name: str, factor: Any) -> tuple[float, float]:
    bounds = interval(name, factor, -1, 1, symmetric=True)
    if bounds[0] == -1:
        raise ValueError(f"{name} must be above -1, where an image would be one pixel; not {factor!r}")
    return bounds


def _two(seed: tf.Tensor, batch: tf.Tensor, first: tuple[float, float], second: tuple[float, float]) -> list[tf.Tensor]:
    """Two independent numbers for each example, each between its own bounds."""
    lower, upper = tf.constant([first, second])[:, 0, None], tf.constant([first, second])[:, 1, None]
    drawn: list[tf.Tensor] = tf.unstack(lower + (upper - lower) * tf.random.stateless_uniform([2, batch], seed))
    return drawn
