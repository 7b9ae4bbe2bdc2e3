"""Tables: columns brought to their types, and the model that normalises numbers and makes categories one-hot."""

from __future__ import annotations

from typing import Any

from kspec.builders.data.prepared import train_features
from kspec.builders.data.table import column_kinds
from kspec.eject.code import statement
from kspec.eject.data.clean import cleaned
from kspec.eject.known import Known, unable
from kspec.eject.layout import comment

AS_TEXTS = '''\
def as_texts(column):
    """Categories as texts."""
    return np.array([text_of(value) for value in column.tolist()], object)'''
FEATURES = '''\
def features(table):
    """The columns of a table as one matrix, as the network reads it."""
    return np.array(preprocessor({name: column[:, None] for name, column in table.items()}))'''
LOOKUPS = {"int64": "keras.layers.IntegerLookup", "string": "keras.layers.StringLookup"}


def each(known: Known, function: str) -> str:
    """The lines that call a function on the features of every split."""
    return "\n".join(f"x_{role} = {function}(x_{role})" for role in known.roles)


def table(known: Known) -> list[str]:
    """The paragraphs that define `preprocessor` and make x_train and so on with it."""
    parts = cleaned(known)
    kinds = column_kinds(train_features(parts), known.data.columns)
    numeric = [name for name, kind in kinds.items() if kind == "float32"]
    categories = {name: str(kind) for name, kind in kinds.items() if kind != "float32"}
    _check(kinds, categories, [parts[role].x for role in known.roles])
    constants = [statement("NUMERIC = ", numeric)] if numeric else []
    if len(set(categories.values())) > 1:
        constants.append(statement("CATEGORICAL = ", categories) + "  # whole numbers or texts")
    elif categories:
        constants.append(statement("CATEGORICAL = ", list(categories)))
    texts = [AS_TEXTS] if "string" in categories.values() else []
    typed = "\n".join(_typed(numeric, categories))
    model = "\n".join(_preprocessor(numeric, categories))
    return ["\n".join(constants), *texts, typed, each(known, "typed"), model, FEATURES, each(known, "features")]


def _check(kinds: Any, categories: dict[str, str], tables: list[Any]) -> None:
    """Refuses what the lines below would not do as kspec does."""
    for name in kinds:
        if "/" in name:
            raise unable(("data", "columns"), f"the column '{name}', whose name has a slash,")
    for name, kind in categories.items():
        if kind == "int64" and any(one[name].dtype.kind not in "iubf" for one in tables):
            raise unable(("data", "columns", "categorical"), f"the column '{name}' of numbers and texts")


def _typed(numeric: list[str], categories: dict[str, str]) -> list[str]:
    """The function that brings columns to their types, in the order of the table where that counts."""
    kinds = set(categories.values())
    cast = {"int64": 'table[name].astype("int64")', "string": "as_texts(table[name])"}
    numbers = '{name: table[name].astype("float32") for name in NUMERIC}'
    define = ["def typed(table):", '    """The columns with the types that the preprocessor takes."""']
    if not categories:
        return [*define, f"    return {numbers}"]
    if len(kinds) == 1:
        found = f"{{name: {cast[next(iter(kinds))]} for name in CATEGORICAL}}"
        if not numeric:
            return [*define, f"    return {found}"]
        return [*define, f"    numbers = {numbers}", f"    categories = {found}", "    return numbers | categories"]
    return [
        *define,
        f"    columns = {numbers if numeric else '{}'}",
        "    for name, kind in CATEGORICAL.items():",
        f'        columns[name] = {cast["int64"]} if kind == "int64" else {cast["string"]}',
        "    return columns",
    ]


def _preprocessor(numeric: list[str], categories: dict[str, str]) -> list[str]:
    kinds = set(categories.values())
    what = [
        *(["numbers to mean 0 and variance 1"] if numeric else []),
        *(["categories one-hot, with a place for unknown ones"] if categories else []),
    ]
    lines = comment(f"What makes features of columns, by the columns of train: {'; '.join(what)}.")
    inputs = '{name: keras.Input((1,), dtype="float32", name=name) for name in NUMERIC}'
    several = len(kinds) == 2
    loop = "for name, kind in CATEGORICAL.items()" if several else "for name in CATEGORICAL"
    dtype = "kind" if several else f'"{next(iter(kinds), "")}"'
    lookups = f"{{name: keras.Input((1,), dtype={dtype}, name=name) {loop}}}"
    lines.append(f"inputs = {inputs if numeric else lookups}")
    if numeric and categories:
        lines.append(f"inputs |= {lookups}")
    lines += _numbers(numeric) if numeric else ["parts = []"]
    if categories:
        maker = LOOKUPS[next(iter(kinds))]
        lines.append(f"{loop}:")
        if several:
            maker = "layer"
            lines.append(f'    layer = {LOOKUPS["int64"]} if kind == "int64" else {LOOKUPS["string"]}')
        lines += [
            f'    lookup = {maker}(num_oov_indices=1, output_mode="one_hot", name=f"{{name}}_one_hot")',
            "    lookup.set_vocabulary(np.unique(x_train[name]))",
            "    parts.append(lookup(inputs[name]))",
        ]
    count = bool(numeric) + len(categories)
    joined = 'keras.layers.Concatenate(name="features")(parts)' if count > 1 else "parts[0]"
    return [*lines, f'preprocessor = keras.Model(inputs, {joined}, name="preprocessor")']


def _numbers(numeric: list[str]) -> list[str]:
    several = len(numeric) > 1
    together = 'keras.layers.Concatenate(name="numeric")([inputs[name] for name in NUMERIC])'
    return [
        'normalization = keras.layers.Normalization(name="normalization")',
        'normalization.adapt(np.stack([x_train[name] for name in NUMERIC], axis=1).astype("float64"))',
        f"parts = [normalization({together if several else 'inputs[NUMERIC[0]]'})]",
    ]
