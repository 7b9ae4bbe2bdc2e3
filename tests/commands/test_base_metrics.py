"""A base that its own run has measured is not measured again, unless something may give other numbers now."""

import json

import numpy as np
import pytest

from tests.commands.runs import only_run, record

STAGES = "stages=[{prune_neurons: {ratio: 0.5, criterion: l2, calibration: 64}}]"


@pytest.fixture
def base(kspec, small, tmp_path):
    assert kspec("run", small, "--runs", "first").code == 0
    return only_run(tmp_path / "first")


def on(kspec, small, base, tmp_path, *more):
    """The metrics of the base in a run on it, and whether they were measured there."""
    result = kspec("run", small, "--runs", "second", f"base={base}", STAGES, *more)
    assert (result.code, result.err) == (0, "")
    found = record(only_run(tmp_path / "second"))
    assert ("measured by its own run" in result.out) is ("measure" not in found["timing"])
    return found["metrics"], "measure" in found["timing"]


def written(base, change):
    file = base / "run.json"
    found = json.loads(file.read_text())
    change(found)
    file.write_text(json.dumps(found))


def test_metrics_are_those_of_the_record(kspec, small, base, tmp_path):
    """Also the proof: a number that was written into the record by hand comes back."""
    written(base, lambda found: found["metrics"]["test"].update(accuracy=0.125))
    metrics, again = on(kspec, small, base, tmp_path)
    then = record(base)["metrics"]
    assert not again
    assert metrics == {"validation": then["validation"], "test": then["test"]}


@pytest.mark.parametrize("more", [["training.loss=CategoricalFocalCrossentropy"], ["training.metrics=[accuracy, AUC]"]])
def test_another_way_to_measure_is_measured(kspec, small, base, tmp_path, more):
    metrics, again = on(kspec, small, base, tmp_path, *more)
    assert again
    assert metrics["test"] != record(base)["metrics"]["test"]


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found["versions"].update(keras="3.0.0"),
        lambda found: found.update(weights_sha256="0"),
        lambda found: found["device"].update(precision="float16"),
    ],
)
def test_what_may_give_other_numbers_is_measured(kspec, small, base, tmp_path, change):
    then = record(base)["metrics"]["test"]
    written(base, change)
    metrics, again = on(kspec, small, base, tmp_path)
    assert again
    np.testing.assert_allclose(metrics["test"]["loss"], then["loss"], rtol=1e-6)


def test_a_spec_that_cannot_be_read_is_no_obstacle(kspec, small, base, tmp_path):
    (base / "spec.yaml").write_text("future: 1\n")
    assert on(kspec, small, base, tmp_path)[1]
