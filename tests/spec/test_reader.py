"""What a file means once it is read."""

import pytest
from hypothesis import given, settings

from kspec import text
from kspec.errors import SpecError
from kspec.spec.reader import load_spec, read
from kspec.spec.writer import write
from tests.strategies import specs

SMALL = "data: {sklearn: digits}\nmodel: MLP\n"


def spec_of(yaml, *overrides):
    return read(text.read_text(yaml, "small.yaml", overrides))


@given(specs)
@settings(max_examples=60, deadline=None)
def test_the_complete_spec_reads_back_to_the_same(tree):
    spec = read(text.read_text(text.dump(tree)))
    again = read(text.read_text(write(spec)))
    assert again == spec
    assert write(again) == write(spec)


def test_defaults_are_filled_in():
    spec = spec_of(SMALL)
    assert spec.name == "small"
    assert (spec.seed, spec.training.epochs, spec.data.batch_size) == (0, 10, 32)
    assert spec.training.optimizer.name == "Adam"
    assert spec.training.optimizer.arguments["beta_1"] == 0.9
    assert spec.training.learning_rate.peak == 0.001


def test_the_written_spec_holds_every_default():
    written = write(spec_of(SMALL))
    for line in ("seed: 0", "epochs: 10", "batch_size: 32", "beta_1: 0.9", "peak: 0.001", "precision: auto"):
        assert line in written


def test_the_optimizer_may_own_rate_and_decay_and_the_sections_get_them():
    spec = spec_of(SMALL + "training: {optimizer: {AdamW: {learning_rate: 0.5, weight_decay: 0.25}}}\n")
    assert spec.training.learning_rate.peak == 0.5
    assert (spec.training.weight_decay.value, spec.training.weight_decay.exclude) == (0.25, ())
    assert set(spec.training.optimizer.arguments) & {"learning_rate", "weight_decay"} == set()


def test_adamw_decays_by_keras_default_and_adam_does_not():
    assert spec_of(SMALL + "training: {optimizer: AdamW}").training.weight_decay.value == 0.004
    assert spec_of(SMALL + "training: {optimizer: Adam}").training.weight_decay is None


def test_overrides_set_and_remove():
    yaml = SMALL + "training: {epochs: 5, callbacks: [TerminateOnNaN]}\n"
    spec = spec_of(yaml, "training.epochs=7", "~training.callbacks", "training.optimizer={SGD: {momentum: 0.5}}")
    assert spec.training.epochs == 7
    assert spec.training.callbacks == ()
    assert spec.training.optimizer.arguments["momentum"] == 0.5


def test_extends(tmp_path):
    (tmp_path / "base.yaml").write_text("data: {sklearn: digits, batch_size: 8}\nmodel: MLP\nseed: 3\n")
    (tmp_path / "child.yaml").write_text("extends: base.yaml\ndata: {batch_size: 16}\nmodel: CNN\n")
    spec = load_spec(tmp_path / "child.yaml")
    assert (spec.name, spec.seed, spec.data.batch_size, spec.data.sklearn.name) == ("child", 3, 16, "digits")
    assert spec.model.network.name == "CNN"


def test_all_problems_at_once_each_with_its_place():
    with pytest.raises(SpecError) as caught:
        spec_of("data: {sklearn: digit, batch_size: 0}\nmodel: MPL\ntraining: {epochs: x, optimizer: Adma, loss: 3}\n")
    places = [(problem.mark.line, problem.mark.column) for problem in caught.value.problems]
    assert places == [(1, 17), (1, 36), (2, 8), (3, 20), (3, 34), (3, 46)]


def test_frozen():
    spec = spec_of(SMALL)
    with pytest.raises(ValueError, match="frozen"):
        spec.seed = 3


@pytest.mark.parametrize("pattern", ["'*/kernel'", "head/*"])
def test_a_pattern_may_take_the_regularizer_away(pattern):
    spec = spec_of(f"data: {{sklearn: digits}}\nmodel: {{MLP: {{}}, regularizer: {{{pattern}: null, '*': L2}}}}\n")
    first, second = spec.model.regularizer.values()
    assert first is None
    assert second.name == "L2"
    assert read(text.read_text(write(spec))) == spec


def test_relative_paths_start_where_kspec_is_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert spec_of("data: {csv: table.csv}\nmodel: MLP\n").data.csv.path == str(tmp_path / "table.csv")


def test_an_infinite_argument_stays_infinite_in_the_written_spec():
    yaml = SMALL + "training: {callbacks: [{EarlyStopping: {monitor: loss, baseline: .inf}}]}\n"
    again = read(text.read_text(write(spec_of(yaml)), "small.yaml"))
    assert again.training.callbacks[0].arguments["baseline"] == float("inf")
    assert again == spec_of(yaml)
