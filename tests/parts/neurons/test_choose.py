"""Limits, shares, and targets that are reached within one step."""

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras import layers

from kspec.parts.neurons.choose import Limits, refuse_unfit, share_of_each, smallest, until
from kspec.parts.neurons.groups import groups_of
from kspec.parts.neurons.patterns import PatternError
from kspec.parts.neurons.structure import Cut
from kspec.parts.neurons.walk import read
from tests.parts.neurons.random_graphs import random_model

FINE = Limits(1, 1, 1.0)


def mlp():
    inputs = keras.Input((4,))
    x = layers.Dense(10, name="wide")(inputs)
    return keras.Model(inputs, layers.Dense(2, name="head")(layers.Dense(6, name="narrow")(x)))


@pytest.mark.parametrize(
    ("limits", "ratio", "left"),
    [
        (FINE, 0.5, (5, 3)),
        (FINE, 0.35, (7, 4)),  # at most 3.5 and 2.1 of them go
        (Limits(4, 1, 1.0), 0.5, (8, 4)),  # 5 and 3 that stay, to the next multiple
        (Limits(4, 1, 1.0), 0.1, (10, 6)),  # the next multiple would be more than all
        (Limits(1, 4, 1.0), 0.5, (5, 4)),
        (Limits(1, 1, 0.3), 0.9, (7, 5)),
    ],
)
def test_share_of_each_group(limits, ratio, left):
    structure = read(mlp())
    groups = groups_of(structure).prunable
    scores = [np.arange(len(group.classes))[::-1] for group in groups]
    cut = Cut(structure.channels, share_of_each(groups, scores, ratio, limits))
    assert tuple(cut.count(group.classes) for group in groups) == left
    # The scores fall, so the first channels stay.
    assert all(
        cut.kept(group.classes).tolist() == list(range(count)) for group, count in zip(groups, left, strict=True)
    )


def test_patterns_of_ratios():
    structure = read(mlp())
    groups = groups_of(structure).prunable
    scores = [np.zeros(len(group.classes)) for group in groups]
    cut = Cut(structure.channels, share_of_each(groups, scores, {"nar*": 0.5, "*": 0.1}, FINE))
    assert [cut.count(group.classes) for group in groups] == [9, 3]
    refuse_unfit(groups, {"nar*": 0.5, "*": 0.1})
    with pytest.raises(PatternError, match=r"fits 'wild' \(nearest: wide, narrow\); 'conv'") as refused:
        refuse_unfit(groups, {"wild": 0.5, "wide": 0.5, "conv": 0.5})
    assert (refused.value.argument, refused.value.patterns) == ("ratio", ("wild", "conv"))
    assert refused.value.known == ("wide", "narrow")


def test_least_important_first_over_all_groups():
    """Parameters 4*10+10 + 10*6+6 + 6*2+2 = 130; without 3 of `wide` 4*7+7 + 7*6+6 + 14 = 97."""
    structure = read(mlp())
    groups = groups_of(structure).prunable
    scores = [np.array([1, 9, 9, 9, 2, 9, 9, 9, 9, 3.0]), np.full(6, 5.0)]
    removed, share = until(structure, groups, scores, structure.parameters(), 97 / 130, FINE)
    assert removed == set(groups[0].classes[[0, 4, 9]].tolist())
    assert share == pytest.approx(97 / 130)


def test_what_still_fits_after_the_last_step_is_put_back():
    """5w + wn + 3n + 2 parameters at widths w and n: 130, then (10, 4) 104, (8, 4) 86, (4, 4) 50, and (4, 6) 64."""
    structure = read(mlp())
    groups = groups_of(structure).prunable
    scores = [np.arange(10) + 10.0, np.arange(6.0)]
    removed, share = until(structure, groups, scores, structure.parameters(), 80 / 130, Limits(4, 1, 1.0))
    assert removed == set(groups[0].classes[:6].tolist())
    assert share == pytest.approx(64 / 130)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    data=st.data(),
    share=st.floats(0.05, 0.95),
    round_to=st.integers(1, 3),
    min_channels=st.integers(1, 3),
    max_ratio=st.sampled_from([0.5, 0.9, 1.0]),
    seed=st.integers(0, 99),
    macs=st.booleans(),
)
def test_a_target_is_reached_within_one_step(data, share, round_to, min_channels, max_ratio, seed, macs):
    structure = read(random_model(data.draw))
    limits, groups = Limits(round_to, min_channels, max_ratio), groups_of(structure).prunable
    products = structure.macs if macs else structure.parameters()
    scores = [np.random.default_rng(seed).random(len(group.classes)) for group in groups]
    removed, reached = until(structure, groups, scores, products, share, limits)
    whole, cut = Cut(structure.channels, set()).total(products), Cut(structure.channels, removed)
    assert cut.total(products) / whole == pytest.approx(reached)
    for group in groups:
        left, count = cut.count(group.classes), len(group.classes)
        assert left == count or left % round_to == 0
        assert left >= min(count, min_channels) and left >= count * (1 - max_ratio) - 1e-9
    least = smallest(structure, groups, products, limits)
    if reached > share:
        assert reached == pytest.approx(least)
    elif removed:
        assert all(  # no group can have its last step back
            _with_one_step_more(structure, group, score, removed, round_to, products) / whole > share
            for group, score in zip(groups, scores, strict=True)
            if removed & set(group.classes.tolist())
        )


def _with_one_step_more(structure, group, score, removed, round_to, products):
    order = group.classes[np.argsort(score, kind="stable")].tolist()
    gone = [one for one in order if one in removed]
    first = len(order) % round_to or round_to
    back = first if len(gone) == first else min(round_to, len(gone))
    return Cut(structure.channels, removed - set(gone[len(gone) - back :])).total(products)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"round_to": 0}, "round_to is a whole number of at least 1, not 0"),
        ({"round_to": 2.5}, "round_to is a whole number"),
        ({"round_to": True}, "round_to is a whole number"),
        ({"min_channels": -1}, "min_channels is a whole number"),
        ({"max_ratio": 0}, "max_ratio is more than 0 and at most 1, not 0"),
        ({"max_ratio": 1.2}, "max_ratio is more than 0"),
    ],
)
def test_limits_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        Limits(**{"round_to": 1, "min_channels": 1, "max_ratio": 1.0, **arguments})
