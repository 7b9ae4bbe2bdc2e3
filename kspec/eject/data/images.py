"""Images at another size or with other channels: the function `resized` of a script."""

from __future__ import annotations

from kspec.eject.code import Call, Name, statement
from kspec.spec.data import Image


def resizing(image: Image, channels: int, dtype: str) -> str:
    """The definition of `resized(images)`; see kspec.builders.data.images.fitted.

    channels, dtype: of the images that it is given.
    """
    said = [f"{image.size[0]} x {image.size[1]} pixels"] if image.size is not None else []
    said += [f"{image.channels} channel{'s' * (image.channels > 1)}"] if image.channels is not None else []
    lines = [
        "def resized(images):",
        f'    """Images (h, w, c) or (n, h, w, c) at {" and with ".join(said)}."""',
        '    x = keras.ops.cast(images, "float32")',
    ]
    if image.size is not None:
        options = {
            "interpolation": image.interpolation,
            "antialias": image.interpolation != "nearest",
            **({"crop_to_aspect_ratio": True} if image.crop_to_aspect_ratio else {}),
            "data_format": "channels_last",
        }
        lines.append(statement("x = ", Call("keras.ops.image.resize", (Name("x"), tuple(image.size)), options), 4))
    if image.channels == 1 and channels == 3:
        lines.append('    x = keras.ops.image.rgb_to_grayscale(x, data_format="channels_last")')
    if image.channels == 3 and channels == 1:
        lines.append("    x = keras.ops.repeat(x, 3, axis=-1)")
    if dtype == "uint8":
        lines.append("    x = keras.ops.clip(keras.ops.round(x), 0, 255)")
    return "\n".join([*lines, f'    return keras.ops.cast(x, "{dtype}")'])
