"""What a search asks of whatever trains for it: processes of this machine, or those of a Ray cluster."""

from __future__ import annotations

from typing import Protocol

from kspec.tuning.order import Order

LOST = -1000
"""The exit code of a training that was lost with its worker or its node; no signal has this number."""


class Process(Protocol):
    """A training that has been started."""

    def poll(self) -> int | None:
        """None while it runs; then its exit code, negative for the signal that killed it, or LOST.

        When it is not None, everything that the training wrote is in the folder of its order.

        Raises:
            RunError: no training of the search can run.
        """

    def stop(self) -> None:
        """Asks it to stop after its step."""

    def kill(self) -> None:
        """Ends it at once."""

    def said(self) -> str:
        """The end of what it wrote to standard error."""

    def close(self) -> None:
        """Lets go of it, after its end."""


class Workers(Protocol):
    """Starts trainings. jobs: beside each other at most. threads: of each; None: as many as its machine gives it."""

    jobs: int
    threads: int | None

    def start(self, order: Order, place: int) -> Process:
        """Starts a training in one of the places beside each other, from 0 to below `jobs`."""
