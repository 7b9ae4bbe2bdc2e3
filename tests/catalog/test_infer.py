"""Which type an argument has."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Literal, Optional

import pytest

from kspec.catalog.index import Index
from kspec.catalog.infer import from_annotation, type_of

EMPTY = inspect.Parameter.empty


def typed(
    kind: str, name: str, default: Any, annotation: Any = EMPTY, of: str = "Thing"
) -> tuple[str, tuple[str, ...]]:
    parameter = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
    return type_of(kind, of, parameter)


@pytest.mark.parametrize(
    ("annotation", "choices", "found"),
    [
        ("int", (), "int"),
        ("float | Sequence[float] | None", (), "number|list|null"),
        ("tuple[int, int]", (), "list"),
        ("Literal['linear', 'exponential']", ("linear", "exponential"), "string"),
        ("str | Callable[[Any], Any]", (), "string"),
        ("Any", (), ""),
        ("keras.Model | None", (), ""),
        ("keras.layers.Layer | None", (), "component:layer|null"),
        ("float | LearningRateSchedule", (), "number|component:schedule"),
        (EMPTY, (), ""),
        ("Optional[Sequence[int]]", (), "list|null"),
        ("typing.Union[int, str]", (), "int|string"),
        (int, (), "int"),
        (float | None, (), "number|null"),
        (Optional[list[int]], (), "list|null"),  # noqa: UP045
        (Sequence[float], (), "list"),
        (Literal["a", "b"], ("a", "b"), "string"),
        (Index, (), ""),
        ("a rate above 0", (), ""),
    ],
)
def test_annotations(annotation: Any, choices: tuple[str, ...], found: str) -> None:
    assert from_annotation(annotation) == (choices, found)


@pytest.mark.parametrize(
    ("argument", "default", "found"),
    [
        ("units", EMPTY, "int"),
        ("kernel_size", EMPTY, "int|list"),
        ("clipnorm", None, "number|null"),
        ("scale", True, "bool"),
        ("scale", 1.0, "number|list"),
        ("kernel_initializer", "zeros", "component:initializer|null"),
        ("layer", EMPTY, "component:layer"),
        ("never_heard_of", EMPTY, "any"),
        ("never_heard_of", None, "any"),
        ("never_heard_of", (1, 2), "any"),
        ("never_heard_of", False, "bool"),
        ("never_heard_of", 3, "number"),
        ("never_heard_of", "fast", "string"),
    ],
)
def test_tables_and_defaults(argument: str, default: Any, found: str) -> None:
    assert typed("layer", argument, default) == (found, ())


def test_choices_hold_for_strings_only() -> None:
    assert typed("layer", "padding", "valid") == ("string", ("valid", "same"))
    assert typed("layer", "padding", "valid", of="Conv1D") == ("string", ("valid", "same", "causal"))
    assert typed("layer", "padding", (1, 1)) == ("int|list", ())


def test_an_annotation_wins_over_the_table() -> None:
    assert typed("model", "filters", (32, 64), "Sequence[int]") == ("list", ())
    assert typed("model", "activation", "relu", "str") == ("name:activation", ())
    assert typed("model", "cell", "LSTM", "Literal['LSTM', 'GRU']") == ("string", ("LSTM", "GRU"))
