"""How large a search is, against the oracle itself."""

import pytest

from kspec.tuning.size import planned, total_epochs
from tests.tuning.conftest import opened


def size(tmp_path, *overrides):
    search = opened(tmp_path / "search", overrides)
    return [of(search.tune, search.axes, search.spec.training.epochs) for of in (planned, total_epochs)]


def test_hyperband_is_as_large_as_its_oracle_says(searched, tmp_path):
    search = searched(overrides=["tune.algorithm=hyperband", "~tune.trials"])
    # Brackets of 9 trials of 1 epoch, 3 to 3, 1 to 9; 5 of 3, 2 to 9; 3 of 9.
    assert size(tmp_path, "tune.algorithm=hyperband", "~tune.trials") == [23, 9 + 3 * 2 + 6 + 5 * 3 + 2 * 6 + 3 * 9]
    assert len(search.record.trials) == 23


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["tune.algorithm=grid"], [6, 54]),
        (["tune.algorithm=grid", "~tune.trials"], [100, 900]),
        (["tune.executions=2", "tune.folds=3"], [6, 6 * 6 * 9]),
        (["tune.hours=1", "~tune.trials"], [None, None]),
    ],
)
def test_the_others(tmp_path, overrides, expected):
    assert size(tmp_path, *overrides) == expected
