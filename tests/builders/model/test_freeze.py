import keras
import model_data
import pytest

from kspec.builders.model import build_model
from kspec.builders.model.freeze import refreeze
from kspec.errors import SpecError
from kspec.spec.model import Model
from tests import tiny_bert


def build(tree):
    return build_model(Model.model_validate(tree), model_data.vectors(), model_data.for_classes(3))


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    tiny_bert.save(folder := tmp_path_factory.mktemp("bert"))
    return str(folder)


def test_layers_freeze_by_pattern():
    model = build({"MLP": {"hidden": [4, 4, 4]}, "freeze": ["dense[12]"]})
    frozen = [layer.name for layer in model.layers if not layer.trainable]
    assert frozen == ["dense1", "dense2"]
    assert model.trainable_variables[0].path == "dense3/kernel"


def test_everything_frozen_but_the_head_trains_only_the_head():
    model = build({"MLP": {"hidden": [4]}, "freeze": "dense*"})
    before = model.get_layer("dense1").kernel.numpy()
    model.compile("adam", "categorical_crossentropy", jit_compile=False)
    data = model_data.vectors().train
    model.fit(data.x, keras.utils.to_categorical(data.y), verbose=0)
    assert (model.get_layer("dense1").kernel.numpy() == before).all()


@pytest.mark.parametrize(("pattern", "hint"), [("dense11", "dense1"), ("base", "keras.applications")])
def test_a_pattern_that_matches_nothing_is_an_error(pattern, hint):
    with pytest.raises(SpecError) as caught:
        build({"MLP": {"hidden": [4]}, "freeze": ["predictions", pattern]})
    [problem] = caught.value.problems
    assert problem.path == ("model", "freeze", 1)
    assert hint in problem.hint
    assert "predictions" in problem.expected


def test_a_thawed_network_trains_what_can_train(bert):
    """BERT's own pooling stays out where its output is not read, and trains where it is."""
    for task, pooling in (("BertTextClassifier", True), ("BackboneTextClassifier", False)):
        tree = Model.model_validate({task: {"preset": bert}, "freeze": "base"})
        model = build_model(tree, model_data.texts(), model_data.for_classes(3))
        frozen = len(model.trainable_weights)
        refreeze(model, (), tree)
        found = {variable.path.split("/")[-2] for variable in model.trainable_weights}
        assert len(model.trainable_weights) > frozen
        assert ("pooled_dense" in found) is pooling
        refreeze(model, ("base",), tree)
        assert len(model.trainable_weights) == frozen


def test_lora_says_itself_what_trains(bert):
    tree = Model.model_validate({"BertTextClassifier": {"preset": bert}, "lora": 4})
    with pytest.raises(SpecError, match="says which weights train"):
        refreeze(build_model(tree, model_data.texts(), model_data.for_classes(3)), (), tree)
