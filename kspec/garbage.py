"""How often Python's garbage collector looks, in the processes that kspec starts: each `main` calls it."""

from __future__ import annotations

import gc

NEW_OBJECTS = 50_000


def collect_seldom() -> None:
    """Lets the collector look after 50,000 new objects, in place of Python's 700.

    TensorFlow and Keras come with 600,000 objects that stay. While they are imported and networks are built, the
    collector looks through all of them again and again: 7 % of the time of a short command (benchmarks/start.py). The
    memory is the same.
    """
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
