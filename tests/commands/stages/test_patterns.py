"""Patterns over layers that fit none are all named, each where it stands in the file."""

import json

from kspec.errors import dotted

PRUNE = "stages:\n  - prune_neurons: {ratio: {dense1: 0.5, 'dance1': 0.3}, exclude: [dense9, predictions, 'x*']}\n"
DROP = "stages:\n  - drop_layers: [dense1x, dropout1]\n"
ALONE = "stages:\n  - drop_layers: dense1x\n"
KEYED = "stages:\n  - drop_layers: {layers: [dropout1, dense1x]}\n"


def errors(kspec, small, stages):
    """(address, first words, hint, what the caret stands under) of every error of `kspec check`."""
    small.write_text(small.read_text() + stages)
    result = kspec("check", small, "--json")
    assert result.code == 2
    found, lines = json.loads(result.out)["errors"], small.read_text().splitlines()
    return [
        (dotted(one["path"]), one["message"], one["hint"], lines[one["line"] - 1][one["column"] - 1 :].split(",")[0])
        for one in found
    ]


def test_exclude_and_ratio_at_once(kspec, small):
    place, hint = "stages[0].prune_neurons", "did you mean 'dense1'?"
    assert errors(kspec, small, PRUNE) == [
        (f"{place}.ratio.dance1", "'dance1' fits no layer whose neurons may go", hint, "'dance1': 0.3}"),
        (f"{place}.exclude[0]", "'dense9' fits no layer of the model", hint, "dense9"),
        (f"{place}.exclude[2]", "'x*' fits no layer of the model", "", "'x*']}"),
    ]


def test_layers_as_a_list_a_name_or_a_key(kspec, small):
    wrong, hint = "'dense1x' fits no layer of the model", "did you mean 'dense1'?"
    plain = small.read_text()
    assert errors(kspec, small, DROP) == [("stages[0].drop_layers[0]", wrong, hint, "dense1x")]
    small.write_text(plain)
    assert errors(kspec, small, ALONE) == [("stages[0].drop_layers", wrong, hint, "dense1x")]
    small.write_text(plain)
    assert errors(kspec, small, KEYED) == [("stages[0].drop_layers.layers[1]", wrong, hint, "dense1x]}")]


def test_a_ratio_that_removes_nothing(kspec, small):
    plain = small.read_text()
    rounded = "stages:\n  - prune_neurons: {ratio: 0.5, round_to: 64}\n"
    assert errors(kspec, small, rounded) == [
        (
            "stages[0].prune_neurons",
            "ratio=0.5 removes nothing: round_to=64 leaves dense1 (16) as they are; loosen it",
            "",
            "prune_neurons: {ratio: 0.5",
        )
    ]
    small.write_text(plain)
    [(place, _, _, found)] = errors(kspec, small, "stages:\n  - prune_neurons: {ratio: {}}\n")
    assert (place, found) == ("stages[0].prune_neurons.ratio", "{}}")
