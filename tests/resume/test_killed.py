"""Killed with SIGKILL six times at random moments and resumed, a training ends with the bits of one left alone."""

import pytest

from tests.resume.torture import SPECS, torment

KILLS = {"plateau": 2, "schedule": 2, "compiled": 2}


def test_every_spec_is_killed():
    assert set(KILLS) == set(SPECS)
    assert sum(KILLS.values()) == 6


@pytest.mark.parametrize("name", SPECS)
def test_the_bits_are_those_of_a_run_left_alone(name, tmp_path):
    outcome = torment(name, tmp_path, KILLS[name], seed=7)
    assert outcome.differences == []
    assert outcome.kills == KILLS[name]
    assert outcome.while_writing > 0
