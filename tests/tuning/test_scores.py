"""Which trials are better, and when one is hopeless."""

from kspec.spec.tune import Objective
from kspec.tuning.proposal import Proposal
from kspec.tuning.record import FINISHED, PAUSED, Trial
from kspec.tuning.scores import is_hopeless, limits, ranked, rescore, unbeaten

ACCURACY = Objective(metric="val_accuracy", direction="max")
SIZE = Objective(metric="parameters", direction="min")


def trial(number, status=FINISHED, **scores):
    return Trial(number, Proposal({}), status=status, scores=scores)


def test_the_limits_are_medians_of_running_means():
    histories = [[0.1, 0.3], [0.2, 0.4], [0.3, 0.5], [0.4, 0.6], [0.5, 0.9]]
    assert limits(histories[:4]) is None
    assert [round(one, 9) for one in limits(histories)] == [0.3]


def test_hopeless_is_what_never_was_better_than_the_limit():
    assert is_hopeless([0.2, 0.39], [0.3, 0.4], "max")
    assert not is_hopeless([0.5, 0.1], [0.3, 0.4], "max")  # its best counts
    assert not is_hopeless([0.4], [0.4], "max")
    assert is_hopeless([0.5], [0.4], "min")
    assert not is_hopeless([0.1, 0.1, 0.1], [0.3, 0.4], "max")  # longer than any that finished
    assert not is_hopeless([0.0], None, "max")


def test_the_front_holds_what_nothing_beats():
    trials = [
        trial(0, val_accuracy=0.9, parameters=100.0),
        trial(1, val_accuracy=0.8, parameters=50.0),
        trial(2, val_accuracy=0.8, parameters=80.0),
        trial(3, val_accuracy=0.95, parameters=400.0),
        trial(4, val_accuracy=0.9, parameters=400.0),
    ]
    goal = [ACCURACY, SIZE]
    rescore(trials, goal)
    assert [one.number for one in unbeaten(trials, goal)] == [3, 0, 1]
    assert ranked(trials, goal)[0].number in (0, 1)
    # Units do not count: the same in thousands.
    for one in trials:
        one.scores["parameters"] /= 1000
    before = [round(one.score, 9) for one in trials]
    rescore(trials, goal)
    assert [round(one.score, 9) for one in trials] == before


def test_a_trial_that_was_cut_short_wins_only_where_none_finished():
    trials = [trial(0, PAUSED, val_accuracy=0.99), trial(1, val_accuracy=0.5)]
    rescore(trials, [ACCURACY])
    assert [one.number for one in ranked(trials, [ACCURACY])] == [1]
    assert [one.number for one in ranked(trials[:1], [ACCURACY])] == [0]
