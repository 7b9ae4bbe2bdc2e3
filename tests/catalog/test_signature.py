"""Which arguments a constructor really takes."""

from __future__ import annotations

from typing import Any

import keras

from kspec.catalog.signature import parameters


class Base:
    def __init__(self, rank: int, size: int = 1, *, name: str | None = None) -> None:
        self.rank, self.size, self.name = rank, size, name


class PassesOn(Base):
    def __init__(self, colour: str = "red", **kwargs: Any) -> None:
        super().__init__(2, **kwargs)
        self.colour = colour


class SetsByName(PassesOn):
    def __init__(self, width: int, **kwargs: Any) -> None:
        super().__init__(colour="blue", **kwargs)
        self.width = width


class Keeps:
    def __init__(self, size: int = 1, **kwargs: Any) -> None:
        self.size, self.others = size, kwargs


class TakesNothingElse(Base):
    def __init__(self, size: int) -> None:
        super().__init__(1, size=size)


def names(target: Any) -> tuple[list[str], bool]:
    found, is_open = parameters(target)
    return list(found), is_open


def test_arguments_of_the_parents_count_without_those_that_are_set() -> None:
    assert names(PassesOn) == (["colour", "size", "name"], False)
    assert names(SetsByName) == (["width", "size", "name"], False)
    assert names(TakesNothingElse) == (["size"], False)


def test_a_constructor_that_keeps_its_keywords_is_open() -> None:
    assert names(Keeps) == (["size"], True)


def test_functions() -> None:
    assert names(lambda units, rate=0.5: None) == (["units", "rate"], False)
    assert names(lambda **kwargs: None) == ([], True)


def test_a_keras_layer_takes_what_the_base_class_takes() -> None:
    found, is_open = parameters(keras.layers.Dropout)
    assert (set(found), is_open) == (
        {"rate", "noise_shape", "seed", "activity_regularizer", "trainable", "dtype", "autocast", "name"},
        False,
    )
