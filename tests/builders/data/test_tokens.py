import numpy as np
import pytest
import tensorflow as tf

from kspec.builders.data.tokens import BATCH, by_length, is_tokens, token_counts, tokenized, tokens_of, trimmed
from kspec.builders.examples import Datasets, Examples
from kspec.spec.data import Text


def letters(texts):
    """A preprocessor of six places: a token for each letter."""
    codes = tf.strings.unicode_decode(texts, "UTF-8").to_tensor(0, shape=(None, 6))
    return {"token_ids": tf.cast(codes, tf.int64), "padding_mask": codes != 0}


def tokens(counts, width):
    mask = np.arange(width) < np.array(counts)[:, None]
    return {"token_ids": (mask * np.arange(1, width + 1)).astype(np.int32), "padding_mask": mask}


def test_what_counts_as_tokens():
    assert is_tokens(tokens([1], 2))
    assert not is_tokens(np.zeros((2, 3)))
    assert not is_tokens({"token_ids": np.zeros((2, 3))})


def test_tokens_are_made_in_batches_and_kept_small():
    found = tokens_of(np.array(["abc"[: 1 + i % 3] for i in range(2 * BATCH + 2)], object), letters)
    assert {name: value.dtype.name for name, value in found.items()} == {"token_ids": "int32", "padding_mask": "bool"}
    assert found["token_ids"].shape == (2 * BATCH + 2, 6)
    assert found["token_ids"][-3:, :3].tolist() == [[97, 98, 0], [97, 98, 99], [97, 0, 0]]


def test_counts_and_the_order_of_length():
    x = tokens([3, 1, 0, 3, 1], 4)
    assert token_counts(x).tolist() == [3, 1, 0, 3, 1]
    found, y = by_length(x, np.arange(5))
    assert y.tolist() == [2, 1, 4, 0, 3]  # of equal ones the first stays first
    assert token_counts(found).tolist() == [0, 1, 1, 3, 3]
    assert found["token_ids"][3].tolist() == [1, 2, 3, 0]


def _datasets(**text):
    train, held_out = np.array(["abc", "a", "ab"], object), np.array(["abcd", "", "abc", "a"], object)
    return Datasets(
        *("text", "classification", Examples(train, np.arange(3)), None, Examples(held_out, np.arange(4))),
        *(("n", "p"), 2, (), "string"),
        text=Text(**text),
    )


@pytest.mark.parametrize("grouped", [True, False])
def test_held_out_texts_are_sorted_and_those_of_train_are_not(grouped):
    found = tokenized(_datasets(group_by_length=grouped), letters)
    assert found.validation is None
    assert token_counts(found.train.x).tolist() == [3, 1, 2] and found.train.y.tolist() == [0, 1, 2]
    assert token_counts(found.test.x).tolist() == ([0, 1, 3, 4] if grouped else [4, 0, 3, 1])
    assert found.test.y.tolist() == ([1, 3, 2, 0] if grouped else [0, 1, 2, 3])


def test_without_a_padding_mask_the_order_stays():
    found = tokenized(_datasets(), lambda texts: {"token_ids": letters(texts)["token_ids"]})
    assert found.test.y.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("counts", "width", "columns"),
    [([3, 1], 40, 32), ([32], 40, 32), ([33, 2], 100, 64), ([33], 40, 40), ([5], 20, 20), ([0, 0], 40, 32)],
)
def test_a_batch_is_cut_to_its_longest_text(counts, width, columns):
    x = tokens(counts, width)
    found = trimmed({name: tf.constant(value) for name, value in x.items()})
    assert found["token_ids"].shape == (len(counts), columns)
    np.testing.assert_array_equal(found["token_ids"], x["token_ids"][:, :columns])
    np.testing.assert_array_equal(token_counts(found), counts)
