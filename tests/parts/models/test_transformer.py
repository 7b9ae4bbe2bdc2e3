import numpy as np
import pytest

from kspec.parts.models.transformer import Transformer

SMALL = {"vocabulary_size": 7, "num_layers": 2, "num_heads": 2, "hidden_dim": 4, "intermediate_dim": 6}


def test_parameters_by_hand():
    attention = 4 * (4 * 4 + 4)
    perceptron = 4 * 6 + 6 + 6 * 4 + 4
    block = attention + perceptron + 2 * 8
    # embedding 7*4, positions 5*4, two blocks, the last norm, dense 4*2 + 2
    assert Transformer((5,), 2, **SMALL).count_params() == 28 + 20 + 2 * block + 8 + 10


@pytest.mark.parametrize("pooling", ["mean", "max", "cls"])
@pytest.mark.parametrize("normalize_first", [True, False])
def test_what_stands_behind_the_padding_changes_nothing(pooling, normalize_first):
    model = Transformer((5,), 2, pooling=pooling, normalize_first=normalize_first, **SMALL)
    x = np.array([[3, 5, 0, 0, 0]])
    before = np.asarray(model(x))
    table = model.get_layer("embedding").embeddings
    changed = table.numpy()
    changed[0] += 10.0
    table.assign(changed)
    np.testing.assert_allclose(model(x), before, rtol=1e-4)


def test_the_order_of_tokens_counts():
    model = Transformer((3,), 2, **SMALL)
    assert not np.allclose(model(np.array([[1, 2, 3]])), model(np.array([[3, 2, 1]])))


def test_what_it_refuses():
    with pytest.raises(ValueError, match="num_heads 3 does not divide hidden_dim 4"):
        Transformer((5,), 2, **{**SMALL, "num_heads": 3})
