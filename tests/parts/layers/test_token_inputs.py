"""What is kept of a long text, with a BERT and a GPT-2 of ten letters; expectations are worked out by hand."""

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from kspec.parts.layers.token_inputs import TokenInputs

hub = keras_hub.models
# KerasHub's tasks compile themselves when they are loaded, and that optimizer is not the one in the file.
pytestmark = pytest.mark.filterwarnings("ignore:Skipping variable loading for optimizer")
# [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, a 5, b 6, ... j 14
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghij"]


def bert(length=8, **options):
    preprocessor = hub.BertTextClassifierPreprocessor(hub.BertTokenizer(vocabulary=WORDS), sequence_length=99)
    return TokenInputs(preprocessor, length, **options)


def gpt2(length, **options):
    # a 0, b 1, d 2, f 3, g 4, i 5, l 6, m 7, o 8, a space 9, go 10, the mark of the beginning 11
    letters = {letter: number for number, letter in enumerate([*"abdfgilmo", "Ġ", "go", "<|endoftext|>"])}
    tokenizer = hub.GPT2Tokenizer(vocabulary=letters, merges=["g o"])
    return TokenInputs(hub.GPT2CausalLMPreprocessor(tokenizer, sequence_length=99), length, **options)


def ids(layer, *texts):
    return layer(np.array(texts, object))["token_ids"].numpy().tolist()


@pytest.mark.parametrize(
    ("truncate", "length", "kept"),
    [
        ("head", 8, [2, 5, 6, 7, 8, 9, 10, 3]),
        ("tail", 8, [2, 9, 10, 11, 12, 13, 14, 3]),
        ("head_tail", 8, [2, 5, 10, 11, 12, 13, 14, 3]),  # a quarter of beginning, the mark of it included
        ("tail", 4, [2, 13, 14, 3]),
        ("head_tail", 4, [2, 13, 14, 3]),
    ],
)
def test_bert_keeps_the_marks_of_beginning_and_end(truncate, length, kept):
    assert ids(bert(length, truncate=truncate), "a b c d e f g h i j") == [kept]


@pytest.mark.parametrize(
    ("truncate", "length", "text", "kept"),
    [
        ("head", 6, "good bad", [11, 10, 8, 2, 9, 1]),
        ("tail", 6, "good bad", [11, 2, 9, 1, 0, 2]),
        ("head_tail", 8, "good bad film", [11, 10, 2, 9, 3, 5, 6, 7]),
        ("tail", 8, "good bad", [11, 10, 8, 2, 9, 1, 0, 2]),
    ],
)
def test_gpt_2_keeps_the_mark_of_the_beginning_and_has_none_of_the_end(truncate, length, text, kept):
    assert ids(gpt2(length, truncate=truncate), text) == [kept]


@pytest.mark.parametrize("truncate", ["head", "tail", "head_tail"])
def test_short_texts_are_whole_and_padded(truncate):
    found = bert(truncate=truncate)(np.array(["a", "", "a b c d e f"], object))
    assert found["token_ids"].numpy().tolist() == [
        [2, 5, 3, 0, 0, 0, 0, 0],
        [2, 3, 0, 0, 0, 0, 0, 0],
        [2, 5, 6, 7, 8, 9, 10, 3],
    ]
    assert found["padding_mask"].numpy().astype(int).tolist() == [[1] * 3 + [0] * 5, [1] * 2 + [0] * 6, [1] * 8]
    assert not np.any(found["segment_ids"])
    short = gpt2(6, truncate=truncate)(np.array(["do"], object))
    assert short["token_ids"].numpy().tolist() == [[11, 2, 8, 0, 0, 0]]
    assert short["padding_mask"].numpy().astype(int).tolist() == [[1, 1, 1, 0, 0, 0]]


@pytest.mark.parametrize("length", [5, 16])
@pytest.mark.parametrize("truncate", ["head", "tail", "head_tail"])
def test_texts_of_every_length(truncate, length):
    rng = np.random.default_rng(length)
    texts = [rng.integers(5, 15, count).tolist() for count in range(20)]
    whole = [[2, *text, 3] for text in texts]
    first = {"head": length - 1, "tail": 1, "head_tail": length // 4}[truncate]
    expected = [one if len(one) <= length else one[:first] + one[first - length :] for one in whole]
    written = [" ".join(WORDS[number] for number in text) for text in texts]
    found = ids(bert(length, truncate=truncate), *written)
    assert found == [one + [0] * (length - len(one)) for one in expected]


def test_a_backbone_without_padding_mask():
    """FNet's preprocessor leaves it out."""

    class Bare(hub.BertTextClassifierPreprocessor):
        def call(self, x, y=None, sample_weight=None):
            found = dict(super().call(x))
            del found["padding_mask"]
            return found

    layer = TokenInputs(Bare(hub.BertTokenizer(vocabulary=WORDS), sequence_length=8), 5, truncate="tail")
    found = layer(np.array(["a b c d e f", "a"], object))
    assert set(found) == {"token_ids", "segment_ids"}
    assert found["token_ids"].numpy().tolist() == [[2, 8, 9, 10, 3], [2, 5, 3, 0, 0]]


def test_tags():
    assert ids(bert(), "a<br />b<i>c</i>") == [[2, 5, 6, 7, 3, 0, 0, 0]]
    # `<`, `br`, `/` and `>` are four unknown words.
    assert ids(bert(strip_html=False), "a<br />b") == [[2, 5, 1, 1, 1, 1, 6, 3]]


def test_tokens_labels_and_weights_pass():
    layer, tokens = bert(), {"token_ids": tf.constant([[2, 5, 3]])}
    assert layer(tokens)["token_ids"] is tokens["token_ids"]
    found, y = layer(tf.constant(["a"]), tf.constant([1]))
    assert (found["token_ids"].numpy()[0, :3].tolist(), y.numpy().tolist()) == ([2, 5, 3], [1])
    data = tf.data.Dataset.from_tensors((["a", "b"], [0, 1], [1.0, 2.0])).map(layer)
    found, y, weights = data.get_single_element()
    assert found["token_ids"].numpy()[:, 1].tolist() == [5, 6]
    assert (y.numpy().tolist(), weights.numpy().tolist()) == ([0, 1], [1.0, 2.0])


@pytest.mark.parametrize("make", [bert, gpt2], ids=["bert", "gpt2"])
def test_a_configuration_round_trip(make):
    layer = make(7, truncate="head_tail", strip_html=False)
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert type(again) is TokenInputs
    assert (again.sequence_length, again.truncate, again.strip_html) == (7, "head_tail", False)
    assert type(again.preprocessor) is type(layer.preprocessor)
    assert again.get_config() == layer.get_config()


def test_a_saved_model_reads_texts_as_before(tmp_path):
    backbone = hub.BertBackbone(len(WORDS), 1, 1, 4, 4, max_sequence_length=6)
    model = hub.BertTextClassifier(backbone, 2, bert(6, truncate="tail"), compile=False)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert ids(again.preprocessor, "a b c d e f", "j") == [[2, 7, 8, 9, 10, 3], [2, 14, 3, 0, 0, 0]]
    texts = np.array(["a b c d e f", "c d e f", "j"], object)
    predictions = again.predict(texts, verbose=0)
    np.testing.assert_array_equal(predictions, model.predict(texts, verbose=0))
    np.testing.assert_allclose(predictions[0], predictions[1], rtol=1e-5)  # what is read of them is the same
    assert not np.allclose(predictions[0], predictions[2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"truncate": "middle"}, "truncate must be one of .*'head', 'tail', 'head_tail'.*, not 'middle'"),
        ({"length": 3}, "sequence_length must be at least 4, not 3"),
    ],
)
def test_what_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        bert(**options)
