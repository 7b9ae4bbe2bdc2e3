"""The rules on small weights, worked out by hand; test_same_as_tfmot.py compares them with TF-MOT."""

import numpy as np
import pytest

from kspec.parts.pruning.masks import block_mask, kept, m_by_n_mask, magnitude_mask

ROW = np.array([0.5, -3.0, 1.0, -0.25], "float32")


@pytest.mark.parametrize(
    ("size", "sparsity", "stay"),
    [(10, 0.8, 2), (10, 0.99, 1), (4, 0.5, 2), (5, 0.5, 2), (7, 0.5, 4), (3, 0.0, 3), (1, 0.9, 1)],
)
def test_kept(size, sparsity, stay):
    """5 * 0.5 = 2.5 is rounded to the even 2, 3.5 to 4; one weight stays always."""
    assert kept(size, sparsity) == stay


def test_the_largest_magnitudes_stay():
    np.testing.assert_array_equal(magnitude_mask(ROW, 0.5), [0, 1, 1, 0])
    assert magnitude_mask(ROW.astype("float64"), 0.5).dtype == "float64"


def test_weights_that_tie_stay_together():
    np.testing.assert_array_equal(magnitude_mask(np.array([1.0, -1.0, 1.0, 0.0]), 0.75), [1, 1, 1, 0])
    np.testing.assert_array_equal(magnitude_mask(np.zeros(4), 0.75), [1, 1, 1, 1])


def test_blocks_stay_or_go_together():
    weights = np.array([[9, 0, 1, 1], [0, 0, 1, 1], [2, 2, 0, 3], [2, 2, 0, 0]], "float32")
    # Means 2.25, 1 / 2, 0.75; largest 9, 1 / 2, 3.
    mean = [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]
    largest = [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]
    np.testing.assert_array_equal(block_mask(weights, 0.5, (2, 2), "AVG"), mean)
    np.testing.assert_array_equal(block_mask(weights, 0.5, (2, 2), "MAX"), largest)


def test_windows_and_blocks_are_shifted_where_the_size_does_not_divide():
    """Five rows in blocks of three: one row is missing, none of it in front, so windows are rows 0-2 and 3-4. Four
    rows: two are missing, one in front, so windows are rows 0-1 and 2-3, but the mask's blocks are rows 0-2 and 3."""
    five = np.array([[0, 0], [0, 0], [0, 0], [7, 0], [0, 0]], "float32")
    np.testing.assert_array_equal(block_mask(five, 0.75, (3, 1), "MAX")[:, 0], [0, 0, 0, 1, 1])
    four = np.array([[0, 0], [0, 0], [7, 0], [0, 0]], "float32")
    np.testing.assert_array_equal(block_mask(four, 0.75, (3, 1), "MAX")[:, 0], [0, 0, 0, 1])


def test_two_of_four_along_the_inputs():
    weights = np.array([[4, 1], [3, 2], [2, 3], [1, 4]], "float32")
    np.testing.assert_array_equal(m_by_n_mask(weights, (2, 4)), [[1, 0], [1, 0], [0, 1], [0, 1]])


def test_of_weights_that_tie_the_first_stay_and_added_zeros_go():
    np.testing.assert_array_equal(m_by_n_mask(np.ones((4, 1), "float32"), (2, 4))[:, 0], [1, 1, 0, 0])
    np.testing.assert_array_equal(m_by_n_mask(np.array([[1.0], [3.0], [2.0]]), (2, 4))[:, 0], [0, 1, 1])


def test_a_kernel_of_a_convolution():
    kernel = np.zeros((1, 1, 4, 2), "float32")
    kernel[0, 0, :, 0], kernel[0, 0, :, 1] = [1, 2, 3, 4], [4, 3, 2, 1]
    mask = m_by_n_mask(kernel, (3, 4))
    np.testing.assert_array_equal(mask[0, 0, :, 0], [0, 0, 0, 1])
    np.testing.assert_array_equal(mask[0, 0, :, 1], [1, 0, 0, 0])
