"""From what was loaded to what the network reads: the function or lines that prepare the features."""

from __future__ import annotations

from typing import Any

import numpy as np

from kspec.builders.data.prepared import train_features
from kspec.builders.data.table import column_kinds
from kspec.builders.model import text_output
from kspec.eject.code import Call, Name, quoted, statement
from kspec.eject.data.clean import cleaned
from kspec.eject.data.images import resizing
from kspec.eject.known import Known, unable


def prepare(known: Known) -> list[str]:
    """The paragraphs that prepare x_train and so on; they define `preprocessor` where kspec has one."""
    kind = known.source.kind
    if kind == "image":
        return _images(known)
    if kind == "table":
        return _table(known)
    if kind == "text":
        return _texts(known)
    dtype = "int32" if known.datasets.input_dtype == "int32" else "float32"
    changed = [role for role in known.roles if known.parts[role].x.dtype != dtype]
    return ["\n".join(f'x_{role} = x_{role}.astype("{dtype}")' for role in changed)] if changed else []


def _each(known: Known, function: str) -> str:
    return "\n".join(f"x_{role} = {function}(x_{role})" for role in known.roles)


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
            _each(known, "resized_all"),
        ]
    return [*paragraphs, "# What the saved model does to new images.\n" + "\n".join(model)]


BATCH = 512


def _table(known: Known) -> list[str]:
    parts = cleaned(known)
    kinds = column_kinds(train_features(parts), known.data.columns)
    kept = [parts[role].x for role in known.roles]
    numeric = [name for name, kind in kinds.items() if kind == "float32"]
    others = {name: kind for name, kind in kinds.items() if kind != "float32"}
    for name in kinds:
        if "/" in name:
            raise unable(("data", "columns"), f"the column '{name}', whose name has a slash,")
    lines = [statement("NUMERIC = ", numeric)] if numeric else []
    lines += [statement("CATEGORICAL = ", list(others))] if others else []
    paragraphs = ["\n".join(lines)]
    paragraphs += _typed(known, kept, numeric, others)
    first = "# The preprocessor: numbers to mean 0 and variance 1, categories one-hot; both as train has them."
    if not others:
        first = "# The preprocessor: every column to mean 0 and variance 1, as train has them."
    if not numeric:
        first = "# The preprocessor: categories one-hot, as train has them."
    paragraphs.append("\n".join([first, *_model(numeric, others)]))
    paragraphs.append(
        "def features(table):\n"
        '    """The columns of a table as one matrix, as the network reads it."""\n'
        "    return np.array(preprocessor({name: column[:, None] for name, column in table.items()}))"
    )
    return [*paragraphs, _each(known, "features")]


def _typed(known: Known, kept: list[Any], numeric: list[str], others: dict[str, Any]) -> list[str]:
    """The paragraphs that bring the columns to their types."""
    if others:
        whole = [name for name, kind in others.items() if kind == "int64"]
        text = [name for name, kind in others.items() if kind == "string"]
        for name in whole:
            if any(part[name].dtype.kind not in "iubf" for part in kept):
                raise unable(("data", "columns", "categorical"), f"the column '{name}' of mixed types")
        parts = []
        if whole:
            names = "CATEGORICAL" if not text else "WHOLE"
            parts.append(f'{{name: table[name].astype("int64") for name in {names}}}')
        if text:
            names = "CATEGORICAL" if not whole else "TEXTS"
            parts.append(f"{{name: as_texts(table[name]) for name in {names}}}")
        extra = [statement("WHOLE = ", whole), statement("TEXTS = ", text)] if whole and text else []
    else:
        parts, text, extra = [], [], []
    pieces = [*(['{name: table[name].astype("float32") for name in NUMERIC}'] if numeric else []), *parts]
    define = ["def typed(table):", '    """The columns with the types that the preprocessor takes."""']
    if len(pieces) == 1:
        define.append(f"    return {pieces[0]}")
    else:
        define += ["    return {", *[f"        **{piece}," for piece in pieces], "    }"]
    found = ["\n".join(extra)] if extra else []
    if text:
        found.append(
            "def as_texts(column):\n"
            '    """Categories as texts."""\n'
            "    return np.array([text_of(value) for value in column.tolist()], object)"
        )
    return [*found, "\n".join(define), _each(known, "typed")]


def _model(numeric: list[str], others: dict[str, Any]) -> list[str]:
    lines = []
    if numeric:
        lines.append('inputs = {name: keras.Input((1,), dtype="float32", name=name) for name in NUMERIC}')
    for name, kind in others.items():
        dtype = "int64" if kind == "int64" else "string"
        made = Call("keras.Input", ((1,),), {"dtype": dtype, "name": name})
        lines += ["inputs = {}"] if not lines else []
        lines.append(statement(f"inputs[{quoted(name)}] = ", made))
    if numeric:
        lines += [
            'normalization = keras.layers.Normalization(name="normalization")',
            'normalization.adapt(np.stack([x_train[name] for name in NUMERIC], axis=1).astype("float64"))',
        ]
        joined = "[inputs[name] for name in NUMERIC]"
        whole = f'keras.layers.Concatenate(name="numeric")({joined})' if len(numeric) > 1 else "inputs[NUMERIC[0]]"
        lines.append(f"parts = [normalization({whole})]")
    else:
        lines.append("parts = []")
    if others:
        lines.append("for name in CATEGORICAL:")
        kinds = set(others.values())
        layer = {"int64": "keras.layers.IntegerLookup", "string": "keras.layers.StringLookup"}
        if len(kinds) == 1:
            maker = layer[next(iter(kinds))]
        else:
            lines.append("    kind = keras.layers.IntegerLookup if name in WHOLE else keras.layers.StringLookup")
            maker = "kind"
        lines += [
            f'    lookup = {maker}(num_oov_indices=1, output_mode="one_hot", name=f"{{name}}_one_hot")',
            "    lookup.set_vocabulary(np.unique(x_train[name]))",
            "    parts.append(lookup(inputs[name]))",
        ]
    count = (1 if numeric else 0) + len(others)
    last = "parts[0]" if count == 1 else 'keras.layers.Concatenate(name="features")(parts)'
    return [*lines, f'preprocessor = keras.Model(inputs, {last}, name="preprocessor")']


def _texts(known: Known) -> list[str]:
    output = text_output(known.spec.model, known.data)
    if output == "raw":
        return []
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
    return ["\n".join(lines), "\n".join(define), _each(known, "prepared")]
