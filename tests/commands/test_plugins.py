"""`--plugin FILE` and installed plug-ins through the command line, from the spec to run.json and back."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kspec.cli import cli
from kspec.commands.plugins import of_run
from tests.plugin_files import GATE, install, layer

SPEC = {
    "data": {"sklearn": "digits", "train": "train[:64]", "validation": 0.25, "test": 0.25, "batch_size": 16},
    "model": {"Gated": {"width": 4}},
    "training": {"epochs": 1, "callbacks": [{"Count": {"every": 2}}]},
    "device": {"precision": "float32"},
}


@pytest.fixture(autouse=True)
def no_plugins():
    from kspec.catalog import index

    index.forget_plugins()
    yield
    index.forget_plugins()


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(yaml.safe_dump(SPEC, sort_keys=False))
    return path


@pytest.fixture
def gate(tmp_path):
    path = tmp_path / "gate.py"
    path.write_text(GATE)
    return path


def shell(folder, *arguments, packages=None):
    """kspec in a process of its own, as a user calls it."""
    paths = [str(packages)] if packages else []
    kept = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}  # as a user has it
    paths += [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-m", "kspec", *map(str, arguments)],
        cwd=folder,
        env={**kept, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )


def forget():
    from kspec.catalog import index

    index.forget_plugins()


def test_every_verb_takes_plugins():
    assert [name for name, verb in cli.commands.items() if all(one.name != "plugin" for one in verb.params)] == []


def test_a_run_with_a_file_and_what_needs_it_again(kspec, spec, gate, tmp_path):
    result = kspec("run", spec, "--plugin", "gate.py")
    assert result.code == 0, result.err
    assert re.search(r"^plug-in gate\.py, SHA-256 [0-9a-f]{12}: layer Gate;", result.err, re.MULTILINE)
    assert "layer Gate; callback Count, Watch; activation square; model Gated" in result.err
    [folder] = (tmp_path / "runs" / "spec").iterdir()
    record = json.loads((folder / "run.json").read_text())
    [plugin] = record["plugins"]
    assert (plugin["name"], plugin["file"], plugin["package"]) == ("gate", str(gate), "")
    assert plugin["components"]["callback"] == ["Count", "Watch"]
    assert "plug-in" in (folder / "log.txt").read_text()
    assert (folder / "count.txt").read_text() == "1"  # `filename` is relative to the run's folder
    forget()
    for verb, *data in (["evaluate"], ["predict", "a.png"]):
        refused = kspec(verb, folder, *data)
        assert (refused.code, refused.out) == (2, "")
        assert f"the run was made with the plug-in gate.py, SHA-256 {plugin['sha256'][:12]}: layer Gate;" in refused.err
        assert f"hint: give it again: --plugin {gate}" in refused.err
    again = kspec("evaluate", folder, "--plugin", gate)
    assert again.code == 0, again.err
    assert again.out.count(f"{record['metrics']['test']['accuracy']:.4f}") >= 2
    forget()
    gate.write_text(GATE + "\n# changed\n")
    changed = kspec("evaluate", folder, "--plugin", gate)
    assert changed.code == 0
    assert "not the plug-in that the run was made with: plug-in gate.py" in changed.err + changed.out


def test_without_the_file_the_spec_is_refused(kspec, spec):
    result = kspec("run", spec)
    assert result.code == 2
    assert "unknown callback 'Count'" in result.err
    assert not (spec.parent / "runs").exists()


def test_errors_in_arguments_of_a_plugin_have_their_place(kspec, spec, gate):
    spec.write_text("data: {sklearn: digits}\nmodel:\n  Gated: {widht: 4}\n")
    result = kspec("run", spec, "--plugin", gate)
    assert result.code == 2
    assert "spec.yaml:3:11: model.Gated.widht: Gated has no argument 'widht'" in result.err
    assert "did you mean 'width'?" in result.err


def test_list_shows_them(kspec, gate):
    result = kspec("list", "callback", "--plugin", gate)
    assert "Count: Counts epochs [plug-in gate.py]\n    every, filename='count.txt'" in result.out
    assert "Gate" in kspec("list").out


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(:\n", "own.py: the plug-in cannot be loaded: SyntaxError"),
        ("raise ValueError('no licence')\n", "own.py: the plug-in cannot be loaded: ValueError: no licence"),
        ("x = 1\n", "own.py: not a plug-in: it has no COMPONENTS"),
        (layer("Dense"), "own.py: two components are called 'Dense'"),
        (None, "own.py: no such file"),
    ],
)
def test_a_broken_plugin_is_a_wrong_command_line(kspec, spec, tmp_path, source, words):
    if source is not None:
        (tmp_path / "own.py").write_text(source)
    result = kspec("run", spec, "--plugin", "own.py")
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert "Traceback" not in result.err
    assert not (tmp_path / "runs").exists()


def test_debug_shows_where_a_plugin_raised(kspec, spec, tmp_path):
    (tmp_path / "own.py").write_text("def f():\n    raise ValueError('no licence')\nf()\n")
    result = kspec("run", spec, "--plugin", "own.py", "--debug")
    assert result.code == 2
    assert "at: own.py:2: raise ValueError('no licence')" in result.err
    assert "Traceback" in result.err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"plugins": ["gate.py"]}, "plugins: unknown key"),
        ({"plugin": "gate.py"}, "plugin: unknown key"),
        ({"training": {"callbacks": [{"gate.py:Count": {}}]}}, "unknown callback 'gate.py:Count'"),
        ({"training": {"callbacks": ["gate:Count"]}}, "unknown callback 'gate:Count'"),
        ({"training": {"callbacks": ["kspec_plugin_gate.Count"]}}, "unknown callback"),
        ({"model": {"layers": [{"gate>Gate": {}}]}}, "unknown layer 'gate>Gate'"),
    ],
)
def test_a_spec_cannot_name_a_plugin(kspec, spec, gate, tmp_path, change, words):
    gate.write_text("open('executed', 'w').close()\n" + GATE)
    spec.write_text(yaml.safe_dump({**SPEC, **change}))
    result = kspec("run", spec)
    assert result.code == 2
    assert words in result.err
    assert not (tmp_path / "executed").exists()


def test_an_override_cannot_name_a_plugin(kspec, spec, gate):
    result = kspec("run", spec, "plugins=[gate.py]")
    assert result.code == 2
    assert "plugins: unknown key" in result.err


def test_a_file_of_a_plugin_callback_stays_in_the_run_folder(kspec, spec, gate, tmp_path):
    result = kspec("run", spec, "--plugin", gate, "training.callbacks=[{Count: {every: 1, filename: ../../out.txt}}]")
    assert result.code == 2
    assert "the path leads out of the run's folder" in result.err


def test_the_monitor_of_a_plugin_callback_must_be_logged(kspec, spec, gate):
    result = kspec("run", spec, "--plugin", gate, "training.callbacks=[{Watch: {monitor: val_los}}]")
    assert result.code == 2
    assert "nothing will be logged as 'val_los'" in result.err
    for arguments in ("{monitor: val_loss}", "{monitor: null}", "{}"):
        assert kspec("run", spec, "--plugin", gate, f"training.callbacks=[{{Watch: {arguments}}}]", "--smoke").code == 0


def test_an_installed_plugin_from_the_spec_to_the_record(spec, tmp_path):
    """In processes of their own, with a real installed distribution on the path."""
    packages = tmp_path / "site"
    packages.mkdir()
    install(packages, "kspec-gate", {"gated": GATE}, {"gate": "gated"})
    install(packages, "kspec-broken", {"breaks": "import no_such_module\n"}, {"breaks": "breaks"}, version="0.1")
    done = shell(tmp_path, "run", spec, packages=packages)
    assert done.returncode == 0, done.stderr
    assert done.stderr == (
        "the plug-in breaks (kspec-broken 0.1) cannot be loaded: "
        "ModuleNotFoundError: No module named 'no_such_module'\n"
    )
    [folder] = (tmp_path / "runs" / "spec").iterdir()
    [plugin] = json.loads((folder / "run.json").read_text())["plugins"]
    assert (plugin["name"], plugin["package"], plugin["version"]) == ("gate", "kspec-gate", "1.2")
    gone = shell(tmp_path, "evaluate", folder)
    assert (gone.returncode, gone.stdout) == (2, "")
    assert "the run was made with the plug-in gate (kspec-gate 1.2)" in gone.stderr
    assert "hint: pip install kspec-gate==1.2" in gone.stderr


def test_a_spec_that_needs_no_plugin_is_checked_without_them(spec, tmp_path):
    packages = tmp_path / "site"
    packages.mkdir()
    install(packages, "kspec-loud", {"loud": "open('executed', 'w').close()\n" + GATE}, {"loud": "loud"})
    spec.write_text("data: {sklearn: digits}\nmodel: {MLP: {hidden: 3}}\ntraining: {learning_rate: {peak: 0.1}}\n")
    done = shell(tmp_path, "run", spec, packages=packages)
    assert (done.returncode, done.stdout) == (2, "")
    assert "model.MLP.hidden" in done.stderr
    assert not (tmp_path / "executed").exists()
    spec.write_text("data: {sklearn: digits}\nmodel: {MLPP: {}}\n")
    assert "did you mean 'MLP'?" in shell(tmp_path, "run", spec, packages=packages).stderr
    assert (tmp_path / "executed").exists()


def test_the_record_holds_installed_plugins_that_the_spec_names(spec, tmp_path, monkeypatch):
    from kspec.spec.reader import load_spec

    install(tmp_path, "kspec-gate", {"gated": GATE}, {"gate": "gated"})
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [one["name"] for one in of_run(load_spec(spec))] == ["gate"]
    assert of_run(load_spec(spec, ["model=MLP", "~training.callbacks"])) == []
    forget()
