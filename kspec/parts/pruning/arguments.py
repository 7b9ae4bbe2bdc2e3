"""Arguments of schedules and of the callback as plain Python values; what is no number is named with its argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any


def number(value: Any, name: str) -> float:
    """A number, also one of NumPy.

    Raises:
        TypeError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, not {value!r}")
    return float(value)


def whole(value: Any, name: str) -> int:
    """A whole number; 2.0 is one.

    Raises:
        TypeError: it is no number.
        ValueError: it has a fraction.
    """
    if not number(value, name).is_integer():
        raise ValueError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def share(value: Any, name: str) -> float:
    """A share of the weights that can be zero.

    Raises:
        TypeError: it is no number.
        ValueError: out of range.
    """
    found = number(value, name)
    if not 0.0 <= found < 1.0:
        raise ValueError(f"{name} must be at least 0 and below 1, not {value}")
    return found


def shares(value: Any, name: str) -> dict[str, float]:
    """Pattern -> share; of None none.

    Raises:
        TypeError: no mapping, or one of something else.
        ValueError: a share out of range.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must map patterns to sparsities, e.g. {{'head/*': 0.5}}, not {value!r}")
    return {
        _pattern(pattern, name): share(one, f"the sparsity of {pattern!r} in {name}") for pattern, one in value.items()
    }


def pair(value: Any, name: str) -> tuple[int, int]:
    """Two whole numbers.

    Raises:
        TypeError: not two of something, or no numbers.
        ValueError: not two, or with a fraction.
    """
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be two whole numbers, e.g. (2, 4), not {value!r}")
    found = tuple(whole(one, name) for one in value)
    if len(found) != 2:
        raise ValueError(f"{name} must be two whole numbers, e.g. (2, 4), not {value!r}")
    return found[0], found[1]


def patterns(value: str | Sequence[str], name: str) -> tuple[str, ...]:
    """Patterns; a single string is one.

    Raises:
        TypeError: something else is among them.
    """
    if isinstance(value, str):
        return (value,)
    if not hasattr(value, "__iter__"):
        raise TypeError(f"{name} must be a pattern such as '*/kernel', or a list of them, not {value!r}")
    return tuple(_pattern(one, name) for one in value)


def _pattern(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a pattern in {name} must be a string such as '*/kernel', not {value!r}")
    return value
