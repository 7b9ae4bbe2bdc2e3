"""Stages on a finished run of a KerasHub classifier, which tokenizes by itself."""

import pytest

from tests import tiny_bert
from tests.commands.runs import only_run, record

SPEC = """name: tiny
data:
  text_folder: texts
  validation: 0.25
  test: 0.25
  batch_size: 4
  text: {sequence_length: 68}
model: {BackboneTextClassifier: {preset: bert}}
training: {epochs: 1, learning_rate: 0.01}
device: {precision: float32}
"""
STAGES = """stages:
  - prune_neurons: {ratio: {"*/units": 0.5, "*/heads": 0.5}, calibration: 8}
  - train: {epochs: 1, freeze: [], distill: {teacher: base, temperature: 2}}
"""


@pytest.fixture
def tiny(tmp_path):
    tiny_bert.save(tmp_path / "bert")
    tiny_bert.save_texts(tmp_path / "texts")
    path = tmp_path / "tiny.yaml"
    path.write_text(SPEC)
    return path


def test_stages_on_a_finished_run(kspec, tiny, tmp_path):
    assert kspec("run", tiny, "--runs", "first").code == 0
    base = only_run(tmp_path / "first")
    tiny.write_text(SPEC + STAGES)
    result = kspec("run", tiny, "--runs", "second", f"base={base}")
    assert (result.code, result.err) == (0, "")
    run = record(only_run(tmp_path / "second"))
    assert run["base"]["metrics"]["test"] == record(base)["metrics"]["test"]
    heads, whole = (one["quantities"]["parameters"] for one in (run["stages"][0], run["base"]))
    # Of 8 hidden units 4, and of 2 heads of 4 numbers one: 4 * (8 + 1 + 8), and 4 * (3 * (8 + 1) + 8).
    assert whole - heads == 4 * 17 + 4 * 35
    tiny.write_text(SPEC)
    again = kspec("run", tiny, "--runs", "third", f"model={{file: {base / 'model.keras'}}}")
    assert (again.code, again.err) == (0, "")
    assert kspec("evaluate", only_run(tmp_path / "second") / "stages" / "2_train").code == 0
