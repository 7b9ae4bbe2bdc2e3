"""What can be written under `training.pruning`."""

import pytest
from pydantic import ValidationError

from kspec import text
from kspec.spec.duration import Span
from kspec.spec.pruning import Pruning
from kspec.spec.reader import read
from kspec.spec.writer import write

TO_80 = {"PolynomialDecay": {"final_sparsity": 0.8}}


def test_a_schedule_is_tfmots_with_lengths():
    name, found = Pruning.model_validate(
        {"schedule": {"ConstantSparsity": {"target_sparsity": 0.5, "begin": "2 epochs", "frequency": "10 steps"}}}
    ).schedule.chosen
    assert (name, found.target_sparsity) == ("ConstantSparsity", 0.5)
    assert (found.begin, found.end) == (Span(value=2.0, unit="epochs"), Span(value=1.0, unit="fraction"))


def test_patterns_lists_and_sides():
    found = Pruning.model_validate(
        {"schedule": TO_80, "match": "*/kernel", "layers": {"head/*": 0.5}, "block_size": [4, 1]}
    )
    assert (found.match, found.layers, found.block_size) == (("*/kernel",), {"head/*": 0.5}, (4, 1))
    assert Pruning.model_validate({"schedule": TO_80}).match == "auto"
    assert Pruning.model_validate({"sparsity_m_by_n": [2, 4]}).schedule is None


def test_it_is_written_with_every_default_and_reads_back():
    tree = {"data": {"sklearn": "digits"}, "model": "MLP", "training": {"pruning": {"schedule": TO_80}}}
    spec = read(text.read_text(text.dump(tree)))
    written = write(spec)
    assert read(text.read_text(written)) == spec
    for word in ("power: 3.0", "frequency: 0.02", "scope: layer", "engine: auto", "match: auto"):
        assert word in written
    assert "pruning" not in write(read(text.read_text("data: {sklearn: digits}\nmodel: MLP\n")))


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({}, "how much to prune is missing"),
        ({"schedule": "PolynomialDecay"}, "Field required"),
        ({"schedule": {"PolynomialDecay": {"final_sparsity": 1.0}}}, "less than 1"),
        ({"schedule": {"PolynomialDecay": {"final_sparsity": 0.8, "begin": 5}}}, "not a length of training"),
        ({"schedule": {"PolynomialDecay": {"final_sparsity": 0.8, "frequency": 0}}}, "not more than 0"),
        ({"schedule": {"ConstantSparsity": {"target_sparsity": 0.8, "frequency": "0 steps"}}}, "not more than 0"),
        ({"schedule": {"CubicDecay": {"final_sparsity": 0.8}}}, "CubicDecay"),
        ({"schedule": TO_80, "sparsity_m_by_n": [2, 4]}, "takes the place of a schedule"),
        ({"sparsity_m_by_n": [4, 2]}, "leave none"),
        ({"sparsity_m_by_n": [2, 4], "block_size": [2, 2]}, "does not go with"),
        ({"schedule": TO_80, "scope": "global", "block_size": [2, 2]}, "ranks single weights"),
        ({"schedule": TO_80, "block_size": [2]}, "block_size"),
        ({"schedule": TO_80, "block_pooling_type": "SUM"}, "AVG"),
        ({"schedule": TO_80, "layers": {"head/*": 1.5}}, "less than 1"),
        ({"schedule": TO_80, "engine": "keras"}, "native"),
    ],
)
def test_what_is_refused(section, said):
    with pytest.raises(ValidationError, match=said):
        Pruning.model_validate(section)
