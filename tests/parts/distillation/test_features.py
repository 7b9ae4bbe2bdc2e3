import keras
import numpy as np
import pytest

from kspec.parts.distillation.features import check_shapes, projection_for, with_features
from kspec.parts.distillation.losses import AttentionTransfer, FeatureDistillation


def test_output_and_features_come_from_one_pass_through_the_same_weights(network):
    model = network(dropout=0.5)
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 1)).astype("float32")
    output, conv = with_features(model, ["conv"], "student")(x)
    np.testing.assert_array_equal(output, model(x))
    np.testing.assert_array_equal(conv, model.get_layer("conv")(x))
    assert [id(one) for one in with_features(model, ["conv"], "student").weights] == [id(one) for one in model.weights]


def test_inputs_keep_their_names():
    inputs = {name: keras.Input((2,), name=name) for name in ("tokens", "mask")}
    dense = keras.layers.Dense(3, name="dense")(keras.layers.Concatenate()(list(inputs.values())))
    x = {name: np.ones((4, 2)) for name in inputs}
    output, feature = with_features(keras.Model(inputs, keras.layers.Softmax()(dense)), ["dense"], "student")(x)
    np.testing.assert_allclose(output, keras.ops.softmax(feature))


class _Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


def test_layers_must_be_known(network):
    with pytest.raises(ValueError, match="the teacher has no layer 'cnov'; it has conv, bn, pool"):
        with_features(network(), ["cnov"], "teacher")
    with pytest.raises(ValueError, match="the student is no functional or sequential network"):
        with_features(_Subclassed(), ["conv"], "student")


@pytest.mark.parametrize(
    ("loss", "teacher", "student", "message"),
    [
        (FeatureDistillation, (None, 4), (None, 2, 4), "as many axes"),
        (FeatureDistillation, (None, 6, 6, 4), (None, 3, 3, 4), "positions must agree"),
        (AttentionTransfer, (None, 4), (None, 4), "axes of positions"),
        (AttentionTransfer, (None, None, 4), (None, None, 4), "of known sizes"),
        (AttentionTransfer, (None, 6, 6, 4), (None, 4, 4, 4), "a whole number of times"),
        (AttentionTransfer, (None, 6, 3, 4), (None, 3, 6, 4), "a whole number of times"),
    ],
)
def test_features_that_cannot_be_compared(loss, teacher, student, message):
    with pytest.raises(ValueError, match=message):
        check_shapes(loss("a", "b"), teacher, student)


def test_features_that_can():
    check_shapes(FeatureDistillation("a", "b"), (None, None, 8), (None, None, 4))
    check_shapes(AttentionTransfer("a", "b"), (None, 8, 4, 8), (None, 4, 4, 2))
    with pytest.raises(ValueError, match="other widths need a projection"):
        check_shapes(FeatureDistillation("a", "b", projection=False), (None, 8), (None, 4))


def test_a_projection_where_the_widths_differ_or_where_it_is_asked_for():
    loss = FeatureDistillation("a", "b")
    assert projection_for(loss, (None, 6, 6, 4), (None, 6, 6, 4), "float32") is None
    assert projection_for(loss, (None, 6, 6, 8), (None, 6, 6, 4), "float32").kernel.shape == (4, 8)
    asked = FeatureDistillation("a", "b", projection=True)
    assert projection_for(asked, (None, 4), (None, 4), "float32").kernel.shape == (4, 4)
    assert projection_for(AttentionTransfer("a", "b"), (None, 6, 8), (None, 6, 4), "float32") is None
