"""A tiny BERT with random weights."""

import keras
import keras_hub


def bert():
    keras.utils.set_random_seed(0)
    return keras_hub.models.BertBackbone(
        vocabulary_size=30, num_layers=3, num_heads=4, hidden_dim=16, intermediate_dim=24, max_sequence_length=9
    )


def output(model, x):
    result = model(x, training=False)
    return keras.ops.convert_to_numpy(result["sequence_output"] if isinstance(result, dict) else result)
