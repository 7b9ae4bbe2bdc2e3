import keras
import model_data
import numpy as np
import pytest

from kspec.builders.model import build_model
from kspec.errors import SpecError
from kspec.spec.model import Model


@pytest.fixture
def saved(tmp_path):
    def save(inputs, units, activation):
        given = keras.Input(inputs)
        model = keras.Model(given, keras.layers.Dense(units, activation=activation)(given))
        model.save(tmp_path / "model.keras")
        return model, str(tmp_path / "model.keras")

    return save


def load(file):
    return build_model(Model.model_validate({"file": file}), model_data.vectors(), model_data.for_classes(3))


def problem(file):
    with pytest.raises(SpecError) as caught:
        load(file)
    [found] = caught.value.problems
    assert found.path == ("model", "file")
    return found


def test_it_comes_back_as_saved(saved):
    model, file = saved((4,), 3, "softmax")
    x = model_data.vectors().train.x
    np.testing.assert_array_equal(load(file).predict(x, verbose=0), model.predict(x, verbose=0))


def test_logits_get_their_activation(saved):
    model, file = saved((4,), 3, None)
    x = model_data.vectors().train.x
    expected = keras.ops.softmax(model.predict(x, verbose=0))
    np.testing.assert_allclose(load(file).predict(x, verbose=0), expected, rtol=1e-5)


def test_output_and_input_must_fit_the_data(saved):
    found = problem(saved((4,), 5, "softmax")[1])
    assert (found.expected, found.found) == ("(3,)", "(5,)")
    found = problem(saved((7,), 3, "softmax")[1])
    assert (found.expected, found.found) == ("(4,)", "(7,)")


def test_no_file_and_no_model(tmp_path):
    assert "no such file" in problem(str(tmp_path / "absent.keras")).message
    (tmp_path / "text.keras").write_text("hello")
    assert problem(str(tmp_path / "text.keras")).message == "not a .keras file"


def test_code_in_a_file_is_refused(tmp_path):
    given = keras.Input((4,))
    model = keras.Model(given, keras.layers.Dense(3)(keras.layers.Lambda(lambda x: x * 2)(given)))
    model.save(tmp_path / "lambda.keras")
    found = problem(str(tmp_path / "lambda.keras"))
    assert found.message == "it holds a Lambda layer, which is Python code"
    assert "--unsafe-model" in found.hint
