"""What run.json says of the base and the stages: `name`, `quantities`, `metrics`, ..., an entry each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Entry = Mapping[str, Any]


def is_baseline(entry: Entry) -> bool:
    """Whether it is only to compare with: what came after it went on from the model before it."""
    return bool(entry.get("baseline"))


def lineage(entries: Sequence[Entry]) -> list[Entry]:
    """The entries from the base to the final model, without baselines."""
    return [one for one in entries if not is_baseline(one)]


def label(entry: Entry) -> str:
    """The name of a stage for a person."""
    return f"{entry['name']} (baseline)" if is_baseline(entry) else str(entry["name"])
