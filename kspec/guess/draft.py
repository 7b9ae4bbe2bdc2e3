"""The text of a spec in the making, and what all kinds of data have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kspec import text

LONGEST = 110
"""Characters of a line."""
UNSCALED = 10.0
"""Labels of up to this size are learned without more ado."""


@dataclass(frozen=True)
class Guess:
    """The text of a spec, and what was assumed, in sentences for the user."""

    spec: str
    notes: tuple[str, ...]


@dataclass
class Draft:
    """A spec in the making: sections of keys, each with a value and perhaps a comment."""

    heading: str
    data: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    """`section.key` -> what stands above the key."""
    notes: list[str] = field(default_factory=list)

    def finished(self) -> Guess:
        """The text, and the notes."""
        lines = [f"# {self.heading}"]
        sections: Mapping[str, dict[str, Any]] = {"data": self.data, "model": self.model, "training": self.training}
        for name, keys in sections.items():
            lines.append(f"{name}:")
            for key, value in keys.items():
                if comment := self.comments.get(f"{name}.{key}"):
                    lines.append(f"  # {comment}")
                lines += [f"  {line}" for line in _lines(key, value)]
        return Guess("\n".join(lines) + "\n", tuple(self.notes))


def _lines(key: str, value: Any) -> list[str]:
    """A key and its value as a person writes them: in one line where that is short, components a line each."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return [f"{_inline(key)}:", *(f"  - {_item(item)}" for item in value)]
    line = f"{_inline(key)}: {_inline(value)}"
    return [line] if len(line) <= LONGEST else text.dump({key: value}).rstrip().splitlines()


def _item(value: Any) -> str:
    """An item of a list: a component without the braces around it."""
    return _inline(value)[1:-1] if isinstance(value, dict) and len(value) == 1 else _inline(value)


def _inline(value: Any) -> str:
    """A value in one line of YAML."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_inline(key)}: {_inline(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return text.dump({"_": [value]}).strip().removeprefix("_: [").removesuffix("]")


def splits(draft: Draft, held: Sequence[str]) -> None:
    """Validation and test: what the source holds, else shares of train."""
    for name in ("validation", "test"):
        draft.data[name] = name if name in held else 0.15
    missing = [name for name in ("validation", "test") if name not in held]
    if missing:
        draft.comments[f"data.{missing[0]}"] = "a share of train, drawn with the seed"


def batch_size(count: int) -> int:
    """Examples a step: a power of two, at least ten steps an epoch, at most 512 examples."""
    most = 32 if count < 5_000 else 128 if count < 100_000 else 512
    return min(most, 1 << max(0, int(math.log2(count / 10))))


def epochs(count: int) -> int:
    """Passes over the train split: more over less."""
    return 60 if count < 2_000 else 30 if count < 20_000 else 15


def imbalance(draft: Draft, counts: Sequence[int]) -> None:
    """Weights for the classes where one is much rarer than another."""
    if max(counts) >= 4 * min(counts):
        draft.training["class_weight"] = "balanced"
        draft.comments["training.class_weight"] = (
            f"the largest class has {max(counts):,} examples, the smallest {min(counts):,}"
        )


def scaled(draft: Draft, deviation: float, mean: float) -> None:
    """Lets the output layer of a regression learn at the size of its labels, which kspec does not scale.

    Adam's steps are as long as the rate, whatever the gradient: an output of 300,000 would take 100 million of 0.003.
    """
    size = max(deviation, mean)
    if size > UNSCALED:
        factor = float(f"{size:.0e}")
        draft.training["parameter_groups"] = [{"match": "predictions/*", "learning_rate": factor}]
        about = f"the labels are of the size of {factor:,.0f}, and the output layer learns in steps of that size"
        draft.comments["training.parameter_groups"] = about


def early_stopping(patience: int) -> list[dict[str, Any]]:
    """Stops when validation no longer improves, and keeps the best weights."""
    return [{"EarlyStopping": {"monitor": "val_loss", "patience": patience, "restore_best_weights": True}}]
