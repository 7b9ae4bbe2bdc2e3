"""`--unsafe-model`: lets code that stands in model files run, and says so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

WARNING = """\
UNSAFE: --unsafe-model is set. A model file may hold Python code (a Lambda layer), which now runs with all your rights:
        it can read, change and send whatever you can. Only for files whose author you trust."""


@contextmanager
def models(unsafe: bool) -> Iterator[None]:
    """In this block model files may hold code, if `unsafe`; the warning goes to the standard error, which stays clean
    of results."""
    if not unsafe:
        yield
        return
    from kspec.builders.saved import trusted

    is_shown_to_a_person = sys.stderr.isatty()
    print(f"\033[1;31m{WARNING}\033[0m" if is_shown_to_a_person else WARNING, file=sys.stderr)
    with trusted():
        yield
