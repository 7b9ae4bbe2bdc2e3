"""Files beside Keras: literal cases."""

import numpy as np
import pytest

from kspec.parts.export.compare import agreement, compare, judge, task_of
from kspec.parts.export.table import ExportError

WANTED = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]], np.float32)


def test_difference_and_agreement():
    found = WANTED + np.array([[0, 0], [0, 0], [0.5, -0.5], [0, 0]], np.float32)
    one = compare(found, WANTED, "classification")
    assert (one.examples, one.agreement) == (4, 0.75)
    assert one.max_difference == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("task", "found", "wanted", "share"),
    [
        ("multi_label", [[0.4, 0.6]], [[0.6, 0.6]], 0.5),
        ("classification", [[0.4], [0.6]], [[0.45], [0.1]], 0.5),
        ("regression", [[1.0]], [[1.0]], None),
    ],
)
def test_agreement_by_task(task, found, wanted, share):
    assert agreement(np.array(found), np.array(wanted), task) == share


@pytest.mark.parametrize("found", [np.full((4, 2), np.nan), np.zeros((4, 3))])
def test_what_is_no_prediction_is_refused(found):
    with pytest.raises(ExportError, match=r"NaN|\(4, 3\)"):
        compare(found, WANTED, "classification")


def judged(found, wanted, task, precision):
    judge(found, wanted, compare(found, wanted, task), precision, 0.9)


def test_a_float32_file_may_differ_by_a_thousandth_of_its_outputs():
    large = 100 * WANTED
    judged(large + 0.05, large, "regression", "float32")
    with pytest.raises(ExportError, match=r"0\.002"):
        judged(WANTED + 0.002, WANTED, "classification", "float32")


def test_int8_is_judged_by_its_decisions():
    twenty = np.tile(WANTED, (5, 1))
    found = twenty.copy()
    found[:2] = found[:2, ::-1]
    judged(found, twenty, "classification", "int8")  # 18 of 20
    found[2] = found[2, ::-1]
    with pytest.raises(ExportError, match=r"85\.0 % of 20"):
        judged(found, twenty, "classification", "int8")


def test_int8_regression_is_judged_by_its_spread():
    wanted = np.array([[-1.0], [1.0]])  # standard deviation 1
    judged(wanted + 0.09, wanted, "regression", "int8")
    with pytest.raises(ExportError) as raised:
        judged(wanted + 0.11, wanted, "regression", "int8")
    assert str(raised.value) == (
        "differs from Keras by 0.11 standard deviations; at most 0.1 is accepted; "
        "more calibration may bring it nearer, or take dynamic_range (LiteRT)"
    )


def test_a_figure_is_told_apart_from_its_bound():
    wanted = np.array([[-1.0], [1.0]])
    with pytest.raises(ExportError, match=r"by 0\.1002 standard deviations; at most 0\.1 is accepted$"):
        judged(wanted + 0.10024, wanted, "regression", "float16")
    with pytest.raises(ExportError, match=r"by 0\.001002; at most 0\.001 is accepted$"):
        judged(wanted + 0.0010018, wanted, "regression", "float32")
    labels = np.ones((1, 2000))
    found = np.where(np.arange(2000) < 201, 0.0, labels)
    with pytest.raises(ExportError, match=r"on 89\.95 % of 1 examples; at least 90\.00 % are asked for$"):
        judged(found, labels, "multi_label", "float16")


def test_an_agreement_of_0_accepts_what_fewer_bits_give():
    for task in ("classification", "regression"):
        judge(1 - WANTED, WANTED, compare(1 - WANTED, WANTED, task), "int8", 0.0)


@pytest.mark.parametrize(
    ("outputs", "task"),
    [
        ([[0.2, 0.8]], "classification"),
        ([[0.9, 0.8]], "multi_label"),
        ([[0.3]], "multi_label"),
        ([[3.0, -1.0]], "classification"),
        ([[17.0]], "regression"),
    ],
)
def test_the_task_is_seen_in_the_outputs(outputs, task):
    assert task_of(np.array(outputs)) == task
