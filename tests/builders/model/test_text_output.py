import keras
import numpy as np
import pytest

from kspec.builders.data.text import vectorizer
from kspec.builders.model import text_output
from kspec.builders.saved import with_preprocessor
from kspec.spec.data import Data, Text
from kspec.spec.model import Model

DATA = {"tfds": "imdb_reviews"}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("RNN", "int"),
        ("Transformer", "int"),
        ("MLP", "multi_hot"),
        ({"BertTextClassifier": {"preset": "bert_tiny_en_uncased"}}, "raw"),
        ({"layers": [{"Embedding": {"input_dim": 9, "output_dim": 2}}]}, "int"),
        ({"layers": [{"Dense": {"units": 2}}]}, "multi_hot"),
        ({"file": "/nowhere.keras"}, "multi_hot"),
    ],
)
def test_auto_is_what_the_network_reads(model, expected):
    assert text_output(Model.model_validate(model), Data.model_validate(DATA)) == expected


def test_what_the_spec_says_wins():
    data = Data.model_validate({**DATA, "text": {"output": "tf_idf"}})
    assert text_output(Model.model_validate("RNN"), data) == "tf_idf"


@pytest.mark.parametrize(("dtype", "expected"), [("int32", "int"), ("float32", "multi_hot")])
def test_a_saved_file_says_it_by_its_input(dtype, expected, tmp_path):
    inputs = keras.Input((4,), dtype=dtype)
    keras.Model(inputs, keras.layers.Dense(1)(inputs)).save(tmp_path / "model.keras")
    model = Model.model_validate({"file": str(tmp_path / "model.keras")})
    assert text_output(model, Data.model_validate(DATA)) == expected


@pytest.mark.parametrize("output", ["int", "tf_idf"])
def test_the_file_of_an_earlier_run_says_it_by_its_vectorization(output, tmp_path):
    texts = np.array(["a film", "a plot"], object)
    preprocessor = vectorizer(texts, Text(), output)
    inputs = keras.Input(preprocessor.output_shape[1:], dtype="int32" if output == "int" else "float32")
    network = keras.Model(inputs, keras.layers.Dense(1)(keras.ops.cast(inputs, "float32")))
    with_preprocessor(preprocessor, network).save(tmp_path / "model.keras")
    model = Model.model_validate({"file": str(tmp_path / "model.keras")})
    assert text_output(model, Data.model_validate(DATA)) == output
