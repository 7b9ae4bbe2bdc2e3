import keras
import numpy as np
import pytest

from kspec.builders.data.preprocess import preprocess
from kspec.builders.examples import Examples
from kspec.errors import DataError
from kspec.spec.data import Data


def _splits(train, validation=None):
    def examples(x):
        return Examples(x, np.zeros(len(next(iter(x.values())) if isinstance(x, dict) else x), "int64"))

    return {"train": examples(train), "validation": None if validation is None else examples(validation), "test": None}


def _ready(kind, train, validation=None, output="int", **data):
    return preprocess(kind, _splits(train, validation), Data.model_validate({"sklearn": "iris", **data}), output)


def _reloaded(model, folder):
    model.save(folder / "preprocessor.keras")
    return keras.saving.load_model(folder / "preprocessor.keras")


def _texts(*texts):
    return np.array(texts, object)


TRAIN = {
    "age": np.array([1.0, 3.0]),
    "od280/od315": np.array([10, 30]),
    "city": _texts("Ulm", "Bonn"),
    "rooms": np.array([True, False]),
}
VALIDATION = {
    "age": np.array([100.0]),
    "od280/od315": np.array([20]),
    "city": _texts("Rome"),
    "rooms": np.array([True]),
}


def test_tables_are_normalised_and_encoded_by_train_alone():
    ready = _ready("table", TRAIN, VALIDATION)
    # two numbers; unknown, Bonn, Ulm; unknown, 0, 1
    expected = [[-1, -1, 0, 0, 1, 0, 0, 1], [1, 1, 0, 1, 0, 0, 1, 0]]
    np.testing.assert_allclose(ready.splits["train"].x, expected, atol=1e-6)
    np.testing.assert_allclose(ready.splits["validation"].x, [[98, 0, 1, 0, 0, 0, 0, 1]], atol=1e-5)
    assert (ready.input_shape, ready.input_dtype) == ((8,), "float32")


def test_normalisation_is_numpys_of_train():
    generate = np.random.default_rng(0)
    train, validation = generate.normal(1e4, 3, 1000), generate.normal(-50, 9, 500)
    ready = _ready("table", {"a": train}, {"a": validation})
    layer = ready.preprocessor.get_layer("normalization")
    np.testing.assert_allclose(np.ravel(layer.mean), train.astype("float32").mean(dtype="float64"), rtol=1e-6)
    np.testing.assert_allclose(np.ravel(layer.variance), train.astype("float32").var(dtype="float64"), rtol=1e-5)


def test_a_saved_table_model_reads_the_raw_columns(tmp_path):
    ready = _ready("table", TRAIN, VALIDATION)
    columns = {"age": [100.0], "od280_od315": [20.0], "city": _texts("Rome"), "rooms": [1]}
    loaded = _reloaded(ready.preprocessor, tmp_path)
    result = loaded({name: keras.ops.reshape(keras.ops.convert_to_tensor(v), (1, 1)) for name, v in columns.items()})
    np.testing.assert_array_equal(result, ready.splits["validation"].x)


def test_columns_are_read_as_the_spec_says():
    table = {"a": np.array([1, 2]), "b": _texts("3", "5")}
    ready = _ready("table", table, columns={"categorical": ["a"], "numeric": ["b"]})
    np.testing.assert_allclose(ready.splits["train"].x, [[-1, 0, 1, 0], [1, 0, 0, 1]])


def test_a_numeric_column_must_hold_numbers():
    with pytest.raises(DataError) as caught:
        _ready("table", {"a": _texts("3", "many")}, columns={"numeric": ["a"]})
    [problem] = caught.value.problems
    assert problem.path == ("data", "columns", "numeric")
    assert problem.found == "'many'"


def test_two_columns_cannot_share_an_input():
    with pytest.raises(DataError, match="two columns are called 'a_b'"):
        _ready("table", {"a/b": np.zeros(2), "a_b": np.zeros(2)})


def test_ids_of_texts():
    train = _texts("good film", "Good<br />plot, good!")
    ready = _ready("text", train, _texts("bad plot", ""), text={"sequence_length": 3})
    # 0 padding, 1 unknown; good is the most frequent word, then plot and film
    assert ready.splits["train"].x.tolist() == [[2, 4, 0], [2, 3, 2]]
    assert ready.splits["validation"].x.tolist() == [[1, 3, 0], [0, 0, 0]]
    assert ready.splits["train"].x.dtype == np.int32
    assert (ready.input_shape, ready.input_dtype, ready.vocabulary_size) == ((3,), "int32", 5)


@pytest.mark.parametrize(("truncate", "expected"), [("head", [4, 3]), ("tail", [2, 2])])
def test_longer_texts_are_cut(truncate, expected):
    ready = _ready("text", _texts("a b c c"), text={"sequence_length": 2, "truncate": truncate})
    assert ready.splits["train"].x.tolist() == [expected]


def test_vocabulary_is_bounded_and_ngrams_count():
    ready = _ready("text", _texts("a a a b b c"), text={"max_tokens": 4, "sequence_length": 6})
    assert ready.splits["train"].x.tolist() == [[2, 2, 2, 3, 3, 1]]
    assert _ready("text", _texts("a b"), text={"ngrams": 2}).vocabulary_size == 5  # padding, unknown, a, b, a b


@pytest.mark.parametrize(
    ("output", "expected", "dtype"),
    [("multi_hot", [1, 1, 1], "uint8"), ("count", [1, 2, 1], "float32")],
)
def test_bags_of_words(output, expected, dtype):
    ready = _ready("text", _texts("good", "good film"), _texts("good film good bad"), output=output)
    x = ready.splits["validation"].x
    assert x.dtype == dtype
    assert x.tolist() == [expected]
    assert (ready.input_shape, ready.input_dtype) == ((3,), "float32")


@pytest.mark.parametrize("output", ["int", "multi_hot", "tf_idf"])
def test_a_saved_text_model_reads_strings(output, tmp_path):
    texts = _texts("good film", "a bad <b>film</b>", "")
    ready = _ready("text", texts, output=output, text={"sequence_length": 4, "truncate": "head_tail"})
    loaded = _reloaded(ready.preprocessor, tmp_path)
    result = loaded(keras.ops.convert_to_tensor(texts))
    np.testing.assert_array_equal(result, ready.splits["train"].x)


def test_raw_texts_stay_strings():
    texts = _texts("Good film")
    ready = _ready("text", texts, output="raw")
    assert ready.splits["train"].x is texts
    assert (ready.input_shape, ready.input_dtype, ready.preprocessor) == ((), "string", None)


def test_bags_that_do_not_fit_in_memory_are_refused(monkeypatch):
    monkeypatch.setattr("kspec.builders.data.text.MOST_VALUES", 3)
    with pytest.raises(DataError, match="2 texts of train times 3 words do not fit in memory"):
        _ready("text", _texts("good", "good film"), output="count")


IMAGES = np.random.default_rng(0).integers(0, 256, (3, 4, 6, 1), dtype="uint8")


def test_images_are_kept_as_stored():
    ready = _ready("image", IMAGES)
    assert ready.splits["train"].x is IMAGES
    assert (ready.input_shape, ready.input_dtype, ready.preprocessor) == ((4, 6, 1), "float32", None)


def test_images_are_resized_as_the_saved_model_does(tmp_path):
    ready = _ready("image", IMAGES, image={"size": [8, 9], "channels": 3, "interpolation": "bicubic"})
    x = ready.splits["train"].x
    assert (x.shape, x.dtype) == ((3, 8, 9, 3), np.uint8)
    assert ready.input_shape == (8, 9, 3)
    loaded = _reloaded(ready.preprocessor, tmp_path)
    np.testing.assert_array_equal(loaded(IMAGES), x)
    np.testing.assert_array_equal(loaded(x[..., :1]), x)


def test_arrays_become_float32():
    ready = _ready("array", np.arange(6).reshape(2, 3), output="multi_hot")
    assert ready.splits["train"].x.dtype == np.float32
    assert (ready.input_shape, ready.vocabulary_size) == ((3,), None)


def test_whole_numbers_are_token_ids_for_a_network_that_reads_ids():
    ready = _ready("array", np.array([[1, 5], [2, 0]]), np.array([[7, 0]]), output="int")
    assert ready.splits["train"].x.dtype == np.int32
    assert (ready.input_shape, ready.input_dtype, ready.vocabulary_size) == ((2,), "int32", 8)


@pytest.mark.parametrize(
    ("train", "later"),
    [
        (_texts("1", "A"), np.array([1, 2])),  # a later file in which every value looks like a number
        (np.array([1, 2]), np.array([1.0, 9.0])),
        (np.array([True, False]), np.array([True, False], object)),  # a column that had gaps
        (np.array([1, 0], object), np.array([True, False])),
    ],
)
def test_categories_that_come_later_in_another_type_are_the_same_categories(train, later):
    ready = _ready("table", {"city": train}, {"city": later}, columns={"categorical": ["city"]})
    ones = np.argmax(ready.splits["validation"].x, axis=1)
    assert ones[0] == np.argmax(ready.splits["train"].x, axis=1)[0]
    assert ones[1] in (0, np.argmax(ready.splits["train"].x, axis=1)[1])


def test_a_later_name_in_a_column_of_whole_numbers_is_refused():
    with pytest.raises(DataError) as caught:
        _ready("table", {"city": np.array([1, 2])}, {"city": _texts("1", "A")}, columns={"categorical": ["city"]})
    assert caught.value.problems[0].found == "'A'"
