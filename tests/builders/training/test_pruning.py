"""`training.pruning` as a callback: its steps, its place, and what is refused at which key."""

import pytest

from kspec.errors import SpecError
from kspec.parts.pruning import engines
from kspec.parts.pruning.callback import PruneLowMagnitude
from kspec.parts.pruning.schedules import ConstantSparsity, PolynomialDecay

TO_80 = {"final_sparsity": 0.8}


def pruning(experiment, section, **training):
    """The callback of a training of 10 steps an epoch, 10 epochs."""
    callbacks = experiment({"epochs": 10, "pruning": section, **training}).plan().callbacks
    return next(one for one in callbacks if isinstance(one, PruneLowMagnitude))


def polynomial(**arguments):
    return {"schedule": {"PolynomialDecay": {**TO_80, **arguments}}}


@pytest.mark.parametrize(
    ("arguments", "begin", "end", "frequency"),
    [
        ({}, 1, 75, 2),  # 75 steps are no multiple of 2: begin moves, so that the last renewal is at 75
        ({"begin": "1 epoch", "end": "50 steps", "frequency": "4 steps"}, 10, 50, 4),
        ({"begin": "10%", "end": "3 epochs", "frequency": "7 steps"}, 16, 30, 7),
        ({"frequency": "75 steps"}, 0, 75, 75),
        ({"frequency": 0.001}, 0, 75, 1),
    ],
)
def test_lengths_in_steps(experiment, arguments, begin, end, frequency):
    found = pruning(experiment, polynomial(**arguments))
    assert found.schedule == PolynomialDecay(0.0, 0.8, begin, end, 3.0, frequency)
    assert not found.warn


def test_the_other_keys(experiment):
    section = {"schedule": {"ConstantSparsity": {"target_sparsity": 0.5}}, "scope": "global", "engine": "native"}
    found = pruning(experiment, {**section, "exclude": "body/*", "layers": {"*": 0.3}})
    assert found.schedule == ConstantSparsity(0.5, 0, 100, 2)
    assert (found.choice.scope, found.choice.exclude, found.choice.layers) == ("global", ("body/*",), {"*": 0.3})
    assert found.engine.name == "native"
    assert pruning(experiment, {"sparsity_m_by_n": [2, 4]}).pattern.sparsity_m_by_n == (2, 4)
    blocks = pruning(experiment, {**polynomial(), "block_size": [2, 1], "block_pooling_type": "MAX"})
    assert (blocks.pattern.block_size, blocks.pattern.block_pooling_type) == ((2, 1), "MAX")


def test_it_stands_before_what_saves_or_swaps_weights(experiment):
    listed = [{"ModelCheckpoint": {"filepath": "a.keras"}}]
    names = [type(one).__name__ for one in experiment({"pruning": polynomial(), "callbacks": listed}).plan().callbacks]
    assert names == ["PruneLowMagnitude", "TerminateOnNaN", "ModelCheckpoint"]
    assert not any(isinstance(one, PruneLowMagnitude) for one in experiment({}).plan().callbacks)


def test_it_prunes(experiment):
    made = experiment({"epochs": 2, "pruning": polynomial()})
    plan = made.plan()
    made.fit(plan)
    callback = plan.callbacks[0]
    assert {one.path: one.zeros for one in callback.report()} == {"body/kernel": 26, "predictions/kernel": 19}
    assert callback.shortfalls() == []


@pytest.mark.parametrize(
    ("section", "path", "said", "expected"),
    [
        ({"exclude": ["body/*", "hed/*"]}, ("exclude", 1), "matches no trainable weight", "body/kernel, predictions"),
        ({"layers": {"bdy/*": 0.5}}, ("layers", "bdy/*"), "'bdy/*' matches no trainable weight", "body/kernel"),
        ({"match": "hed/*"}, ("match", 0), "'hed/*' matches no trainable weight", "body/bias"),
        ({"block_size": [9, 1]}, ("block_size",), "body/kernel has shape (4, 8): less than two blocks", ""),
    ],
)
def test_what_the_model_refuses(experiment, problem, section, path, said, expected):
    found = problem(pruning, experiment, {**polynomial(), **section})
    assert found.path == ("training", "pruning", *path)
    assert said in found.message
    assert expected in found.expected


def test_every_pattern_that_matches_nothing_is_named_at_its_place(experiment):
    section = {"match": ["body/kernel", "nope/*", "zip*"], "exclude": "also/*", "layers": {"mist*": 0.3}}
    with pytest.raises(SpecError) as error:
        pruning(experiment, {**polynomial(), **section})
    assert [problem.path[2:] for problem in error.value.problems] == [
        *(("match", 1), ("match", 2), ("exclude", 0), ("layers", "mist*"))
    ]


@pytest.mark.parametrize(
    ("arguments", "key", "said"),
    [
        ({"end": "11 epochs"}, "end", "the training ends before, after 100 steps"),
        ({"begin": "80%"}, "begin", "begins at step 80, and ends at step 75"),
        ({"frequency": "80 steps"}, "frequency", "every 80 steps, and there are 75 from begin to end"),
    ],
)
def test_lengths_that_do_not_fit(experiment, problem, arguments, key, said):
    found = problem(pruning, experiment, polynomial(**arguments))
    assert found.path == ("training", "pruning", "schedule", "PolynomialDecay", key)
    assert found.message == said


def test_an_early_stop_must_not_bring_back_weights_that_are_not_sparse(experiment, problem):
    early = {"EarlyStopping": {"monitor": "val_loss", "restore_best_weights": True}}
    found = problem(lambda: pruning(experiment, polynomial(), callbacks=[early]))
    assert found.path == ("training", "callbacks", 0, "EarlyStopping", "restore_best_weights")
    assert "start_from_epoch: 7" in found.expected  # step 75 is in the eighth epoch, 7 from 0
    late = {"EarlyStopping": {"monitor": "val_loss", "restore_best_weights": True, "start_from_epoch": 7}}
    assert pruning(experiment, polynomial(), callbacks=[late])
    constant = {"target_sparsity": 0.5}
    assert pruning(experiment, {"schedule": {"ConstantSparsity": constant}}, callbacks=[early])
    begins_late = {"schedule": {"ConstantSparsity": {**constant, "begin": "50%"}}}
    found = problem(lambda: pruning(experiment, begins_late, callbacks=[early]))
    assert "start_from_epoch: 4" in found.expected  # step 50 is the last of the fifth epoch


def test_an_early_stop_before_the_final_sparsity_is_said(experiment):
    stop = {"EarlyStopping": {"monitor": "loss", "mode": "max", "patience": 1}}
    made = experiment({"epochs": 8, "callbacks": [stop], "pruning": polynomial(begin="50%", end="90%")})
    plan = made.plan()
    made.fit(plan)
    said = plan.callbacks[0].shortfalls()
    assert [one.split(":")[0] for one in said] == ["body/kernel", "predictions/kernel"]
    assert all("none of the" in one and "the schedule ends at step 72" in one for one in said)


def test_an_engine_that_is_not_there(experiment, problem, monkeypatch):
    def missing():
        raise ImportError("engine 'tfmot' needs TensorFlow Model Optimization (pip install ...)")

    monkeypatch.setattr(engines, "load", missing)
    found = problem(pruning, experiment, {**polynomial(), "engine": "tfmot"})
    assert found.path == ("training", "pruning", "engine")
    assert "needs TensorFlow Model Optimization" in found.message
