"""Ejected scripts run in a process of their own, in which kspec cannot be imported."""

import json
import subprocess
import sys
from pathlib import Path

import keras

from kspec.commands.measure import measure
from kspec.eject.known import study
from kspec.eject.verify import undisturbed, verified
from kspec.spec.reader import load_spec

RUNNER = """
import contextlib, io, json, os, runpy, sys

class NoKspec:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] == "kspec":
            raise ImportError("a script must not import kspec")

sys.meta_path.insert(0, NoKspec())
sys.path = [folder for folder in sys.path if not os.path.isdir(os.path.join(folder or ".", "kspec"))]
import keras

printed = {}
for script in sys.argv[1:]:
    keras.backend.clear_session()
    keras.config.set_dtype_policy("float32")
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        runpy.run_path(script, run_name="__main__")
    printed[script] = shown.getvalue()
json.dump(printed, open("printed.json", "w"))
"""


def run(names, folder):
    """What the scripts NAME.py print, run in the folder one after the other; fails where one of them fails."""
    files = [f"{name}.py" for name in names]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUNNER, *files], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return {Path(file).stem: text for file, text in json.loads((Path(folder) / "printed.json").read_text()).items()}


def metrics_of(name, folder):
    """What a script wrote down."""
    return json.loads((Path(folder) / f"{name}_output" / "metrics.json").read_text())


def write(spec, folder):
    """Writes NAME.py for a spec, and returns the experiment that it was written for."""
    known = study(spec)
    (Path(folder) / f"{spec.name}.py").write_text(verified(known, f"kspec eject {spec.name}.yaml", f"{spec.name}.py").text)
    return known.experiment


def by_kspec(experiment):
    """The metrics of a training by kspec, as `kspec run` writes them to run.json."""
    with undisturbed():
        history = experiment.fit().history
        return measure(experiment, {name: float(values[-1]) for name, values in history.items()})


def ejected(spec, folder):
    """Writes the script of a spec and returns kspec's metrics."""
    keras.backend.clear_session()
    return by_kspec(write(spec, folder))


def read(path, *overrides):
    return load_spec(path, overrides)
