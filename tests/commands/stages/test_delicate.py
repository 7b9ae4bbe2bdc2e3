"""`sensitivity` of the stage `prune_neurons`: the plot, the figures in run.json, and the line."""

import json

import numpy as np
import pytest

import kspec as library
from kspec.commands.stages.delicate import _line
from kspec.parts.neurons.sensitivity import Sensitivity
from tests.commands.runs import only_run

STAGE = "stages: [{{prune_neurons: {{ratio: 0.5, calibration: 100000, sensitivity: {}}}}}]\n"


def deep(small, sensitivity):
    """The small spec with two hidden layers and no loss of units by chance, and the stage."""
    text = small.read_text().replace("{hidden: [16], dropout: 0.3}", "{hidden: [16, 12]}")
    small.write_text(text + STAGE.format(sensitivity))
    return small


def test_figures_plot_and_line(kspec, small, tmp_path):
    result = kspec("run", deep(small, "[0.5, 0.25]"))
    assert (result.code, result.err) == (0, "")
    folder = only_run(tmp_path / "runs")
    [entry] = json.loads((folder / "run.json").read_text())["stages"]
    found = entry["sensitivity"]
    assert (found["metric"], found["ratios"], found["residual"]) == ("accuracy", [0.25, 0.5], [False, False])
    assert found["groups"] == ["dense1", "dense2"]
    assert np.shape(found["values"]) == (2, 2)
    # All of train, not augmented, is what the base is measured on.
    experiment = library.build(library.load_spec(small))
    images, labels = experiment.datasets.train.x, experiment.datasets.train.y
    base = library.load_model(folder / "model.keras", compile=False)
    assert found["base"] == pytest.approx((base.predict(images, verbose=0).argmax(1) == labels).mean(), abs=1e-6)
    assert (folder / "stages/1_prune_neurons/sensitivity.png").read_bytes().startswith(b"\x89PNG")
    drops = {name: row[1] - found["base"] for name, row in zip(found["groups"], found["values"], strict=True)}
    first, second = sorted(drops, key=drops.__getitem__)
    named = f"{first} ({drops[first]:+.4f}), {second} ({drops[second]:+.4f})"
    line = f"most delicate, by accuracy without 0.5 of a group: {named}; see sensitivity.png"
    assert line in " ".join(result.out.split())
    assert "sensitivity" in entry["timing"]


def test_true_is_three_shares_and_smoke_measures_too(kspec, small):
    result = kspec("run", deep(small, "true"), "--smoke")
    assert (result.code, result.err) == (0, "")
    assert "without 0.75 of a group: dense" in " ".join(result.out.split())


def test_the_line_names_three_and_a_loss_rises():
    groups, values = ("a", "b", "c", "d"), ((0.5, 0.9), (0.5, 0.3), (0.5, 2.0), (9.0, 0.4))
    found = Sensitivity("loss", 0.25, (0.1, 0.7), groups, (False,) * 4, values)
    assert _line(found) == (
        "most delicate, by loss without 0.7 of a group: c (+1.7500), a (+0.6500), d (+0.1500); see sensitivity.png"
    )


@pytest.mark.parametrize(
    ("sensitivity", "message"),
    [("[0.5, 1.0]", "stages[0].prune_neurons.sensitivity"), ("[]", "stages[0].prune_neurons.sensitivity")],
)
def test_what_is_no_share_is_refused(kspec, small, sensitivity, message):
    result = kspec("run", deep(small, sensitivity))
    assert result.code == 2
    assert message in result.err
