import numpy as np

from kspec.builders.data import columns


def test_an_array_is_one_column_and_a_table_its_own() -> None:
    array, table = np.zeros(3), {"a": np.zeros(3)}
    assert columns.of(array)["x"] is array
    assert columns.of(table) is table
    assert columns.to(array, {"x": array}) is array
    assert columns.to(table, table) is table


def test_nothing_is_not_an_empty_text() -> None:
    assert columns.nothing(np.array(["", None, float("nan"), "a"], object)).tolist() == [False, True, True, False]
