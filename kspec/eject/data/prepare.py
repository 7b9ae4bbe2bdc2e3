"""From what was loaded to what the network reads: the function or lines that prepare the features."""

from __future__ import annotations

from typing import Any

import numpy as np

from kspec.builders.data.tokens import is_tokens
from kspec.builders.model import text_output
from kspec.eject.code import Call, Name, quoted, statement
from kspec.eject.data.images import resizing
from kspec.eject.data.table import each, table
from kspec.eject.known import Known
from kspec.eject.preset import preset, reads_tokens

BATCH = 512


def prepare(known: Known) -> list[str]:
    """The paragraphs that prepare x_train and so on; they define `preprocessor` where kspec has one."""
    kind = known.source.kind
    if kind == "image":
        return _images(known)
    if kind == "table":
        return table(known)
    if kind == "text":
        return _texts(known)
    dtype = "int32" if known.datasets.input_dtype == "int32" else "float32"
    changed = [role for role in known.roles if known.parts[role].x.dtype != dtype]
    return ["\n".join(f'x_{role} = x_{role}.astype("{dtype}")' for role in changed)] if changed else []


def _images(known: Known) -> list[str]:
    if known.datasets.preprocessor is None:
        return []
    image, stored = known.data.image, np.shape(known.parts["train"].x)[1:]
    dtype = known.parts["train"].x.dtype.name
    shape = (*((None, None) if image.size is not None else stored[:2]), stored[2])
    define = resizing(image, stored[2], dtype)
    model = [
        statement("image = ", Call("keras.Input", (shape,), {"dtype": dtype, "name": "image"})),
        'preprocessor = keras.Model(image, keras.ops.cast(resized(image), "float32"), name="preprocessor")',
    ]
    paragraphs = [define]
    if stored != known.datasets.input_shape:
        paragraphs += [
            "def resized_all(images):\n"
            f'    """All images, {BATCH} at a time."""\n'
            f"    parts = [images[start : start + {BATCH}] for start in range(0, len(images), {BATCH})]\n"
            "    return np.concatenate([resized(part) for part in parts])",
            each(known, "resized_all"),
        ]
    return [*paragraphs, "# What the saved model does to new images.\n" + "\n".join(model)]


def _texts(known: Known) -> list[str]:
    output = text_output(known.spec.model, known.data)
    if output == "raw":
        return _tokens(known) if reads_tokens(known) else []
    text = known.data.text
    options: dict[str, Any] = {
        "max_tokens": text.max_tokens,
        "standardize": Name("plain_words_without_html" if text.strip_html else "plain_words"),
        **({"ngrams": text.ngrams} if text.ngrams is not None else {}),
        "output_mode": output,
        "name": "text_vectorization",
        **({"dtype": "int64"} if output == "int" else {}),
    }
    outputs = "vectorization(text)"
    if output == "int":
        keep = "" if text.truncate == "head" else f", {quoted(text.truncate)}"
        outputs = f'Truncate({text.sequence_length}{keep}, name="truncate", dtype="int32")(vectorization(text))'
    lines = [
        "# The vocabulary comes from the texts of train alone.",
        statement("vectorization = ", Call("keras.layers.TextVectorization", (), options)),
        "vectorization.adapt(tf.data.Dataset.from_tensor_slices(x_train).batch(512))",
        'text = keras.Input((), dtype="string", name="text")',
        f"vectors = {outputs}",
        'preprocessor = keras.Model(text, vectors, name="preprocessor")',
    ]
    dtype = {"int": "int32", "multi_hot": "uint8"}.get(output, "float32")
    what = "token ids" if output == "int" else "bags of words"
    define = [
        "def prepared(texts):",
        f'    """The texts as {what}."""',
        f"    batches = tf.data.Dataset.from_tensor_slices(texts).batch({BATCH})",
        f"    found = batches.map(lambda batch: tf.cast(preprocessor(batch), tf.{dtype}), tf.data.AUTOTUNE)",
        "    return np.concatenate(list(found.as_numpy_iterator()))",
    ]
    return ["\n".join(lines), "\n".join(define), each(known, "prepared")]


def _tokens(known: Known) -> list[str]:
    """The preprocessor of a KerasHub model, and what it makes of the texts, once."""
    text, wrapped = known.data.text, known.model.preprocessor.preprocessor
    own = Call(f"keras_hub.models.{type(wrapped).__name__}.from_preset", (Name("PRESET"),))
    options: dict[str, Any] = {
        **({"truncate": text.truncate} if text.truncate != "head" else {}),
        **({} if text.strip_html else {"strip_html": False}),
    }
    define = [
        preset(known),
        statement("preprocessor = ", Call("TokenInputs", (own, text.sequence_length), options)),
        "# The tokens are made once, and not in every epoch.",
        *(f"x_{role} = tokens_of(x_{role}, preprocessor)" for role in known.roles),
    ]
    held_out = [role for role in known.roles if role != "train"]
    if text.group_by_length and held_out and is_tokens(known.datasets.train.x):
        define.append("# Texts of similar length come together; metrics do not ask for the order.")
        define += [f"x_{role}, y_{role} = by_length(x_{role}, y_{role})" for role in held_out]
    return ["\n".join(define)]
