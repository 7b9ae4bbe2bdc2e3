"""Ejected scripts run in a process of their own, in which kspec cannot be imported."""

import json
import subprocess
import sys
from pathlib import Path

import keras

from kspec import text
from kspec.builders.experiment import build
from kspec.commands.measure import measure
from kspec.eject.known import study
from kspec.eject.verify import is_pretrained, undisturbed, verified
from kspec.spec.reader import read

RUNNER = """
import contextlib, io, json, os, runpy, sys

class NoKspec:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] == "kspec":
            raise ImportError("a script must not import kspec")

sys.meta_path.insert(0, NoKspec())
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


def spec_of(name, tree):
    """The typed spec of a tree."""
    return read(text.read_text(text.dump({"name": name, **tree})))


def ejected(spec, folder):
    """Writes NAME.py into the folder; returns the metrics that kspec gets, as `kspec run` writes them to run.json."""
    keras.backend.clear_session()
    known = study(spec)
    script = verified(known, f"kspec eject {spec.name}.yaml", f"{spec.name}.py")
    (Path(folder) / f"{spec.name}.py").write_text(script.text)
    with undisturbed():
        experiment = build(spec) if is_pretrained(known) else known.experiment
        history = experiment.fit().history
        return measure(experiment, {name: float(values[-1]) for name, values in history.items()})


def written(name, tree):
    """The script of a spec, after its data and initial weights were compared with kspec's."""
    keras.backend.clear_session()
    return verified(study(spec_of(name, tree)), "kspec eject", f"{name}.py").text


def run(names, folder):
    """Runs the scripts NAME.py in the folder, one after the other; name -> what it printed."""
    files = [f"{name}.py" for name in names]
    command = [sys.executable, "-W", "ignore", "-c", RUNNER, *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return {Path(file).stem: lines for file, lines in json.loads((Path(folder) / "printed.json").read_text()).items()}


def metrics_of(name, folder):
    """What a script wrote down."""
    return json.loads((Path(folder) / f"{name}_output" / "metrics.json").read_text())
