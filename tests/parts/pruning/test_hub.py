"""A KerasHub network: EinsumDense and embeddings, layers within layers."""

import keras
import keras_hub
import numpy as np

from kspec import PolynomialDecay, PruneLowMagnitude


def test_a_tiny_bert(tmp_path):
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=20, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=16, max_sequence_length=6
    )
    model = keras_hub.models.BertTextClassifier(backbone, num_classes=2)
    random = np.random.default_rng(0)
    x = {
        "token_ids": random.integers(0, 20, (16, 6)),
        "segment_ids": np.zeros((16, 6), "int32"),
        "padding_mask": np.ones((16, 6), "int32"),
    }
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    pruning = PruneLowMagnitude(PolynomialDecay(0.0, 0.8, 0, 6, frequency=2), exclude=["*position_embedding/*"])
    model.fit(x, np.arange(16) % 2, batch_size=4, epochs=2, shuffle=False, verbose=0, callbacks=[pruning])
    found = {one.path: one for one in pruning.report()}
    assert len(found) == 2 + 4 + 2 + 2  # tokens, segments; attention; feed-forward; pooler, head
    assert all(abs(one.zeros - 0.8 * one.size) <= 1 for one in found.values())
    backbone.save(tmp_path / "backbone.keras")
    again = keras.saving.load_model(tmp_path / "backbone.keras")
    zeros = {w.path: int((w.numpy() == 0).sum()) for w in again.weights if w.path in found}
    assert zeros == {path: found[path].zeros for path in zeros}
    assert len(zeros) == 9
