"""Every shipped spec: it reads, it is complete, it says what was measured, and its whole path runs."""

from pathlib import Path

import pytest

from kspec import text
from kspec.spec.reader import load_spec, read
from kspec.spec.writer import write

FOLDER = Path(__file__).parent.parent / "specs"
SPECS = sorted(FOLDER.rglob("*.yaml"))
# A smoke run builds the whole network, which takes long: cifar_wide has 36 million weights. The paths of these are
# those of cifar_resnet, digits_compressed, imdb_bert and imdb_bert_lora, and tests/commands/test_check_promise.py
# trains a step of each on fewer examples.
LARGE = {
    *("cifar_wide", "cifar_baseline", "cifar_compressed", "cifar_pruned", "cifar_distilled"),
    *("cifar_resnet20", "cifar_resnet20_distilled", "digits_baseline"),
    *("imdb_bert_quick", "imdb_bert_small", "imdb_bert_two_layers"),
}
# Whether the package with the weights is installed or not: a small stand-in takes the place of 22 million.
SMALLER = {"imdb_bert": ["model.BackboneTextClassifier.preset=./absent"]}


def test_there_are_specs():
    assert {path.stem for path in SPECS} >= {
        "quickstart",
        "digits_search",
        "cifar_resnet",
        "cifar_resnet20",
        "cifar_wide",
        "imdb_lstm",
        "tabular",
    }


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_reads_and_repeats(path):
    spec = load_spec(path)
    assert spec.name == path.stem
    assert read(text.read_text(write(spec))) == spec


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_header_says_the_command_and_the_result(path):
    header = [line for line in path.read_text().splitlines() if line.startswith("#")]
    verbs = ("run",) if load_spec(path).tune is None else ("run", "tune")
    assert header[0] in [f"# kspec {verb} specs/{path.name}" for verb in verbs]
    assert any("easured" in line or "ot run here" in line for line in header)


@pytest.mark.parametrize("path", [path for path in SPECS if path.stem not in LARGE], ids=lambda path: path.stem)
def test_smoke(path, tmp_path, monkeypatch, capfd):
    from kspec.cli import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["run", str(path), "--smoke", *SMALLER.get(path.stem.removesuffix("_lora"), [])])
    assert ended.value.code == 0
    assert "everything ran" in capfd.readouterr().out
    assert list(tmp_path.iterdir()) == []
