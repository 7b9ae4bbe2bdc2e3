"""Trains what reads: a spec that is accepted runs three steps, or is refused in kspec's own words before the first."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

from kspec.errors import KspecError
from tests.fuzz.judge import Hang, Verdict, alarm
from tests.fuzz.watch import Built, watching

LONGEST = 60.0
"""Seconds: a legal spec may ask for a large network, and TensorFlow builds it layer by layer."""
LARGEST = 2_000
"""A number above it, in the model or the data, could be legal and still ask for more memory than a test may take."""


def is_small(value: Any) -> bool:
    """Whether nothing in a tree of arguments asks for a large network."""
    if isinstance(value, dict):
        return all(is_small(inner) for inner in value.values())
    if isinstance(value, list | tuple):
        return all(is_small(inner) for inner in value)
    return not isinstance(value, int | float) or abs(value) <= LARGEST


def judge_live(spec: Any) -> Verdict:
    """Builds the spec on generated data in an empty folder and trains for an epoch of three steps, as `--smoke` does.

    Only KspecErrors with exit code 2 may come out; what callbacks write stays in the folder.
    """
    import keras

    from kspec.builders.experiment import build

    tree = spec.model_dump(mode="json")
    is_preset = spec.model.network is not None and "preset" in spec.model.network.arguments
    if is_preset or not is_small([tree["model"], tree["data"].get("image")]):
        return Verdict("large", 0.0)
    watched = Built("")
    here, started = os.getcwd(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        os.chdir(folder)
        try:
            with alarm(LONGEST), watching(watched):
                build(spec, smoke=True, folder=Path(folder)).fit(epochs=1)
        except KspecError as error:
            wrong = "" if error.exit_code == 2 else f"exit code {error.exit_code}"
            return Verdict(type(error).__name__, time.perf_counter() - started, wrong)
        except Hang:
            return Verdict("hang", LONGEST, f"not built in {LONGEST} s")
        except Exception:
            return Verdict("traceback", time.perf_counter() - started, traceback.format_exc(limit=-6))
        finally:
            os.chdir(here)
            keras.backend.clear_session()
    return Verdict("trained", time.perf_counter() - started, "\n".join(watched.problems[:3]))
