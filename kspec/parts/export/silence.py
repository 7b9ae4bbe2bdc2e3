"""What converters written in C++ print goes aside, and is shown where they fail."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

LOGGERS = ("tensorflow", "tf2onnx", "nncf", "absl")


@contextmanager
def no_warnings() -> Iterator[None]:
    """In this block the loggers of the converters, and TensorFlow's, say errors alone.

    TensorFlow warns of every function that is compiled for many models or shapes, which is what is wanted here.
    """
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def silence() -> Iterator[None]:
    """In this block nothing is written to the process's standard output and error; warnings are not shown either.

    Converters write a page even where all is well. What is wrong comes as an exception.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(1), os.dup(2)]
    with tempfile.TemporaryFile() as aside, warnings.catch_warnings(), no_warnings():
        warnings.simplefilter("ignore")
        for stream in (1, 2):
            os.dup2(aside.fileno(), stream)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for stream, before in zip((1, 2), kept, strict=True):
                os.dup2(before, stream)
                os.close(before)
