"""Ctrl-C and SIGTERM: a training stops between two steps, anything else at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopping:
    """Whether the user, or the system, has asked this process to stop.

    reason: "" until then; in words afterwards. patient: whether the code that runs now looks at `asked` by itself.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.patient = False

    def asked(self) -> bool:
        """Whether somebody has asked."""
        return bool(self.reason)

    def handle(self, number: int, frame: FrameType | None) -> None:
        """The signal handler: the second signal, or one outside of a training, stops at once."""
        again = self.asked()
        self.reason = "interrupted by the user" if number == signal.SIGINT else "ended by SIGTERM"
        if again or not self.patient:
            raise KeyboardInterrupt
        # Not `print`: the signal may have come in the middle of one.
        os.write(2, b"\nkspec: stopping after this step; once more to stop at once, without saving it\n")


@contextmanager
def stopping(state: Stopping | None = None) -> Iterator[Stopping]:
    """Handles SIGINT and SIGTERM in this block; a signal that the caller had set to be ignored stays ignored.

    Outside of the main thread nothing is handled: Python delivers signals there only.

    state: to use, by default a new one.
    """
    state = Stopping() if state is None else state
    if threading.current_thread() is not threading.main_thread():
        yield state
        return
    numbers = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is not signal.SIG_IGN]
    before = {number: signal.signal(number, state.handle) for number in numbers}
    try:
        yield state
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
