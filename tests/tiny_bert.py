"""A BERT of one layer or more with random weights, as a local preset; it knows three words."""

from pathlib import Path

import keras_hub

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "fine", "dull", "film"]
LENGTH = 68
"""Tokens it can read at most: batches are of 32, 64 and 68 columns."""


def save(folder: Path, layers: int = 1) -> None:
    """Writes it into the folder."""
    hub = keras_hub.models
    backbone = hub.BertBackbone(
        vocabulary_size=len(WORDS),
        num_layers=layers,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=8,
        max_sequence_length=LENGTH,
    )
    preprocessor = hub.BertTextClassifierPreprocessor(hub.BertTokenizer(vocabulary=WORDS), sequence_length=8)
    hub.BertTextClassifier(backbone, 2, preprocessor).save_to_preset(folder)


def save_texts(folder: Path, each: int = 12) -> None:
    """Texts of two classes in folders of .txt files, of 8, 38 and 74 tokens."""
    for name, word in (("good", "fine"), ("bad", "dull")):
        (folder / name).mkdir(parents=True)
        for i in range(each):
            (folder / name / f"{i}.txt").write_text(f"A {word} film<br />number {i}, " * (1, 6, 12)[i % 3])
