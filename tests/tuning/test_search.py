"""The loop of a search: what it tries, what it writes down, and that a resumption changes neither."""

from pathlib import Path
from statistics import mean, median

import pytest

from kspec import artifacts
from kspec.errors import RunError, SpecError, UsageError
from kspec.tuning import record as records
from kspec.tuning.scores import ranked
from tests.tuning.conftest import KILLED, Trainings, fails, opened

ALGORITHMS = ["grid", "random", "{bayesian: {initial: 10}}", "hyperband"]


def story(search):
    """What was tried and what came of it."""
    return [(one.number, one.proposal, one.status, one.scores, one.score) for one in search.record.trials]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_runs_its_trials(searched, algorithm):
    search = searched(overrides=[f"tune.algorithm={algorithm}", "tune.trials=14"])
    assert [one.name for one in search.record.trials] == [f"{number:04d}" for number in range(14)]
    assert search.record.status == "finished"
    assert records.read(search.folder) == search.record
    done = {one.status for one in search.record.trials}
    assert done == ({"finished", "paused"} if algorithm == "hyperband" else {"finished"})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("after", [1, 13])
def test_a_search_that_died_goes_on_as_if_it_had_not(searched, tmp_path, algorithm, after):
    overrides = [f"tune.algorithm={algorithm}", "tune.trials=14"]
    whole = searched("whole", overrides)

    def dies(number, order):
        if number == after:
            raise SystemExit  # the trial has begun, and nothing more is known of it

    with pytest.raises(SystemExit):
        searched("killed", overrides, Trainings(dies))
    before = records.read(tmp_path / "killed")
    assert [one.status for one in before.trials].count("running") == 1
    trainings = Trainings()
    resumed = searched("killed", overrides, trainings, record=before)
    assert story(resumed) == story(whole)
    assert resumed.record.events == whole.record.events
    assert len(trainings.orders) == 14 - (after - 1)  # none that had finished ran again


def test_the_same_with_several_objectives(searched, tmp_path):
    overrides = ["tune.algorithm={bayesian: {initial: 7}}", "tune.trials=10"]
    overrides.append("tune.objective=[val_accuracy, parameters]")
    whole = searched("whole", overrides)

    def dies(number, order):
        if number == 9:
            raise SystemExit

    with pytest.raises(SystemExit):
        searched("killed", overrides, Trainings(dies))
    resumed = searched("killed", overrides, record=records.read(tmp_path / "killed"))
    assert story(resumed) == story(whole)


def test_the_best_is_found(searched):
    search = searched(overrides=["tune.algorithm={bayesian: {initial: 6}}", "tune.trials=12"])
    best = ranked(search.record.trials, search.tune.objective)[0]
    assert best.score == max(one.score for one in search.record.trials)
    # The formula's own best is 1 - 0.5 ** 9 = 0.998, at 0.03 without dropout.
    assert best.score > 0.9
    assert mean(one.score for one in search.record.trials[6:]) > mean(one.score for one in search.record.trials[:6])


def test_less_can_be_better(searched):
    search = searched(overrides=["tune.objective={metric: val_accuracy, direction: min}"])
    assert ranked(search.record.trials, search.tune.objective)[0].score == min(
        one.score for one in search.record.trials
    )


def test_hyperband_goes_on_with_the_best(searched):
    trainings = Trainings()
    search = searched(overrides=["tune.algorithm=hyperband", "~tune.trials"], trainings=trainings)
    # Nine epochs and a factor of 3: brackets 2, 1, 0; KerasTuner's sizes are 9, 3, 1; 5 (ceil of 4.5), 2; 3.
    shapes = [(one.proposal.bracket, one.proposal.epochs) for one in search.record.trials]
    assert shapes == [(2, 1)] * 9 + [(2, 3)] * 3 + [(2, 9)] + [(1, 3)] * 5 + [(1, 9)] * 2 + [(0, 9)] * 3
    first = search.record.trials[:9]
    promoted = [one.proposal.past for one in search.record.trials[9:12]]
    assert promoted == [one.number for one in sorted(first, key=lambda one: -one.score)[:3]]
    by_folder = {order.folder: order for order in trainings.orders}
    ninth = by_folder[str(search.folder / "trials" / "0009")]
    assert ninth.past == str(search.folder / "trials" / f"{promoted[0]:04d}")
    assert (ninth.epochs, by_folder[str(search.folder / "trials" / "0012")].epochs) == (3, None)
    assert search.record.trials[12].status == "finished"


def test_the_grid_is_whole(searched):
    overrides = ["tune.algorithm=grid", "~tune.trials"]
    spec = """
data: {sklearn: digits, validation: 0.1}
model: {MLP: {hidden: [8], dropout: 0.1}}
training: {learning_rate: 0.1}
tune:
  objective: val_accuracy
  trials: 1
  space:
    model.MLP.dropout: {float: [0.0, 0.5], step: 0.1}
    training.optimizer: {choice: [Adam, {SGD: {momentum: 0.9}}]}
    training.optimizer.SGD.nesterov: {bool: true, when: {training.optimizer: SGD}}
"""
    search = searched(overrides=overrides, spec=spec, trainings=Trainings(value=lambda order: [0.5]))
    tried = [tuple(map(str, one.proposal.values.values())) for one in search.record.trials]
    assert len(set(tried)) == len(tried) == 6 * 3
    assert sorted({one.proposal.values["model.MLP.dropout"] for one in search.record.trials}) == [
        0.0, 0.1, 0.2, 0.3, 0.4, 0.5,
    ]  # fmt: skip


def test_a_small_space_is_searched_to_its_end(searched):
    spec = SMALL.replace("ALGORITHM", "random")
    search = searched(spec=spec, trainings=Trainings(value=lambda order: [0.5]))
    assert len(search.record.trials) == 4
    spec = SMALL.replace("ALGORITHM", "{bayesian: {initial: 2}}")
    search = searched("bayesian", spec=spec, trainings=Trainings(value=lambda order: [0.5]))
    assert len({str(one.proposal.values) for one in search.record.trials}) == len(search.record.trials) == 4


SMALL = """
data: {sklearn: digits, validation: 0.1}
model: MLP
tune:
  algorithm: ALGORITHM
  objective: val_accuracy
  trials: 50
  space:
    model.MLP.dropout: {choice: [0.0, 0.5]}
    data.batch_size: {choice: [16, 32]}
"""


def test_trials_beside_each_other(searched):
    search = searched(overrides=["tune.algorithm={bayesian: {initial: 6}}", "tune.trials=9"], jobs=3)
    assert [event for event, _ in search.record.events[:4]] == ["began", "began", "began", "ended"]
    assert len({str(one.proposal.values) for one in search.record.trials}) == 9


def test_the_budget_of_hours(searched):
    search = opened(searched("first").folder)
    search.record.seconds = 3600.0
    assert (
        len(
            searched(
                "second", ["tune.hours=1", "~tune.trials", "tune.algorithm=grid"], record=search.record
            ).record.trials
        )
        == 0
    )


def test_a_failure_is_written_down_and_the_search_goes_on(searched):
    trainings = Trainings(lambda number, order: fails(order) if number in (2, 3, 5) else None)
    search = searched(trainings=trainings)
    assert [one.status for one in search.record.trials] == [
        "finished", "failed", "failed", "finished", "failed", "finished",
    ]  # fmt: skip
    assert search.record.trials[1].error["traceback"] == "Traceback\nValueError: bad"
    assert search.record.trials[1].score is None


def test_three_failures_of_a_kind_end_the_search(searched):
    kinds = ["a", "b", "a", "a", "a", "a"]
    trainings = Trainings(lambda number, order: fails(order, kinds[number - 1]))
    with pytest.raises(RunError, match="0002, 0003, 0004") as raised:
        searched(trainings=trainings)
    assert "Traceback\na" in str(raised.value)
    assert len(trainings.orders) == 5


def test_divergence_ends_a_search_only_where_nothing_else_is_found(searched):
    diverged = lambda order: fails(order, "diverged")  # noqa: E731
    search = searched("some", trainings=Trainings(lambda number, order: diverged(order) if number > 1 else None))
    assert [one.status for one in search.record.trials] == ["finished"] + ["diverged"] * 5
    with pytest.raises(RunError):
        searched("all", trainings=Trainings(lambda number, order: diverged(order)))


def test_an_objective_that_nothing_logs_ends_the_search_at_its_place(searched):
    def dies(number, order):
        code = fails(order, "objective")
        path = Path(order.folder) / "failure.json"
        path.write_text(path.read_text()[:-1] + ', "problem": "no such", "expected": "loss", "found": "x", "hint": ""}')
        return code

    with pytest.raises(SpecError) as raised:
        searched(trainings=Trainings(dies))
    [problem] = raised.value.problems
    assert (problem.mark.line, problem.message, problem.expected) == (7, "no such", "loss")


def test_a_training_that_is_killed_is_started_again_and_not_for_ever(searched):
    trainings = Trainings(lambda number, order: KILLED if number in (1, 2) else None)
    search = searched("twice", trainings=trainings)
    assert search.record.trials[0].status == "finished"
    assert [order.folder[-4:] for order in trainings.orders[:4]] == ["0000", "0000", "0000", "0001"]
    trainings = Trainings(lambda number, order: KILLED if number < 4 else None)
    search = searched("thrice", trainings=trainings)
    assert search.record.trials[0].status == "failed"
    assert "signal 9" in search.record.trials[0].error["message"]
    assert search.record.trials[0].error["traceback"] == "what it said"


def test_a_training_that_comes_further_may_be_killed_more_often(searched, monkeypatch):
    from kspec import checkpoints

    reached = iter([(0, 0), (1, 0), (1, 7), (2, 0), (2, 0)])
    monkeypatch.setattr(checkpoints, "reached", lambda run: next(reached))
    search = searched(trainings=Trainings(lambda number, order: KILLED if number < 6 else None))
    assert search.record.trials[0].status == "finished"


def test_seeds_and_folds(searched):
    trainings = Trainings(value=lambda order: [0.5 + 0.1 * ("fold: {number: 1" in order.spec)])
    search = searched(overrides=["tune.executions=2", "tune.folds=2", "tune.trials=1"], trainings=trainings)
    names = [order.folder.rpartition("/")[2] for order in trainings.orders]
    assert names == ["seed0-fold0", "seed0-fold1", "seed1-fold0", "seed1-fold1"]
    [trial] = search.record.trials
    assert trial.scores["val_accuracy"] == pytest.approx(0.55)
    assert trial.spread == pytest.approx(0.05)
    assert "validation:" not in trainings.orders[0].spec
    assert "seed: 1" in trainings.orders[2].spec


def test_hopeless_trials_get_the_median_of_those_that_finished(searched):
    trainings = Trainings()
    search = searched(overrides=["tune.stop_hopeless=true", "tune.trials=7"], trainings=trainings)
    assert [order.limits for order in trainings.orders[:5]] == [None] * 5
    # Of each finished trial the mean over the epochs so far, then the median over the five.
    histories = [
        [row["val_accuracy"] for row in artifacts.read_history(search.runs(one)[0])] for one in search.record.trials[:5]
    ]
    assert trainings.orders[5].limits == [median(mean(one[:n]) for one in histories) for n in range(1, 9)]


def test_only_the_best_models_stay(searched):
    search = searched(overrides=["tune.keep=2"])
    best = {one.name for one in ranked(search.record.trials, search.tune.objective)[:2]}
    assert {path.parent.name for path in search.folder.glob("trials/*/model.keras")} == best


def test_another_order_of_proposals_is_refused(searched):
    record = searched().record
    with pytest.raises(UsageError, match="trial 0000 is not what the search would try now"):
        searched(overrides=["seed=1"], record=record)


def test_a_stop_is_written_down(searched, tmp_path):
    calls = iter([False, False, True])
    with pytest.raises(KeyboardInterrupt):
        searched(asked=lambda: next(calls))
    record = records.read(tmp_path / "search")
    assert (record.status, len(record.trials)) == ("interrupted", 3)
