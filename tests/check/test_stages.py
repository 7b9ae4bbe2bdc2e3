"""Files of a model that later stages change are warned of; those that are made anew behind it are not."""

import pytest

from kspec import text
from kspec.check.stages import findings
from kspec.spec.reader import read

HEAD = "name: ordered\ndata: {sklearn: digits}\nmodel: {MLP: {hidden: [4]}}\nstages: "


@pytest.mark.parametrize(
    ("stages", "place", "message", "hint"),
    [
        ("[quantize: int8, train: {epochs: 1}, export: litert]", 0, "before stages[1].train,", "behind stages[1],"),
        (
            "[export: litert, prune_neurons: {ratio: 0.5}, train: {epochs: 1}, quantize: int8]",
            0, "before stages[1].prune_neurons,", "behind stages[2],",
        ),
    ],
)  # fmt: skip
def test_files_that_are_not_what_the_run_ends_with(stages, place, message, hint):
    [found] = findings(read(text.read_text(HEAD + stages)).stages)
    assert found.level == "warning"
    assert found.problem.path[:2] == ("stages", place)
    assert message in found.problem.message and hint in found.problem.hint


@pytest.mark.parametrize(
    "stages",
    [
        "[train: {epochs: 1}, quantize: int8, export: litert]",
        "[quantize: int8, train: {epochs: 1}, quantize: float16]",
        "[quantize: int8, train: {epochs: 1, from_scratch: true, baseline: true}, bench: 1]",
    ],
)
def test_no_word_where_the_last_model_has_them(stages):
    assert list(findings(read(text.read_text(HEAD + stages)).stages)) == []
