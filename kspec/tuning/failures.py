"""What the failures of a search's trials have in common, and when they end the search."""

from __future__ import annotations

from collections.abc import Mapping

from kspec.errors import Problem, RunError, SpecError
from kspec.tuning.folder import Search
from kspec.tuning.record import DIVERGED, FAILED

FILE = "failure.json"
"""In the run folder of a training that failed: its kind, message and traceback."""
OBJECTIVE = "objective"
"""The kind of a failure in which the training does not log the objective."""
SAID = ("problem", "expected", "found", "hint")
"""What such a failure says besides: the parts of a problem of the spec."""
ALIKE = 3
"""Trials that fail in the same way in a row end the search."""


def give_up(search: Search) -> None:
    """Ends a search in which every trial will fail.

    Raises:
        SpecError: no training logs the objective.
        RunError: the last trials failed in the same way; or all trials diverged.
    """
    ended = search.record.ended()
    last = ended[-1]
    error = last.error or {}
    if error["kind"] == OBJECTIVE:
        raise SpecError(search.base.locate(_problem(error)))
    alike = [one for one in ended[-ALIKE:] if one.error is not None and one.error["kind"] == error["kind"]]
    # Values under which a training diverges are a result, unless there is no other.
    only = last.status == FAILED or all(one.status == DIVERGED for one in ended)
    if len(alike) == ALIKE and only:
        names = ", ".join(one.name for one in alike)
        raise RunError(
            f"the trials {names} failed in the same way, one after the other:\n\n{error['traceback'].rstrip()}\n\n"
            f"       hint: mend the cause, then go on with: kspec resume {search.folder}"
        )


def _problem(error: Mapping[str, str]) -> Problem:
    message, expected, found, hint = (error[key] for key in SAID)
    return Problem(("tune", "objective"), message, expected, found, hint)
