"""The smallest case that fails in the same way: delta debugging (Zeller & Hildebrandt 2002) of lines, then bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tests.fuzz.cases import MAIN, Case

LONGEST = 20.0
"""Seconds that shrinking may take; what was reached until then is shown."""


def shrunk(case: Case, fails: Callable[[Case], bool]) -> Case:
    """The case without what the failure does not need. fails: whether a case fails as the first did."""
    end = time.monotonic() + LONGEST

    def still(one: Case) -> bool:
        return time.monotonic() < end and fails(one)

    case = replace(
        case, overrides=tuple(_fewer(case.overrides, lambda kept: still(replace(case, overrides=tuple(kept)))))
    )
    for name in [name for name in case.files if name != MAIN]:
        without = replace(case, files={key: data for key, data in case.files.items() if key != name})
        case = without if still(without) else case
    for name in case.files:
        for parts in (
            lambda data: data.splitlines(keepends=True),
            lambda data: [data[at : at + 1] for at in range(len(data))],
        ):
            pieces = parts(case.files[name])
            if len(pieces) <= 3000:  # beyond, single characters take too long
                kept = _fewer(pieces, lambda kept, case=case, name=name: still(_with(case, name, kept)))
                case = _with(case, name, kept)
    return case


def _with(case: Case, name: str, parts: Sequence[bytes]) -> Case:
    return replace(case, files={**case.files, name: b"".join(parts)})


def _fewer(parts: Sequence[Any], still: Callable[[Sequence[Any]], bool]) -> Sequence[Any]:
    """ddmin without the test of the parts alone: leaves out ever smaller runs of parts as long as it still fails."""
    parts, size = list(parts), len(parts)
    while size:
        at, changed = 0, False
        while at < len(parts):
            without = parts[:at] + parts[at + size :]
            if still(without):
                parts, changed = without, True
            else:
                at += size
        size = min(size, len(parts)) if changed and size == 1 else size // 2
        if not changed and size == 0:
            break
    return parts
