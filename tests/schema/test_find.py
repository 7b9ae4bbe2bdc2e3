"""From an address to what the schema says."""

import pytest

from kspec.errors import UsageError
from kspec.schema.find import addresses, component_of, find, keys, stands_for


def path(address):
    return tuple(int(step) if step.isdecimal() else step for step in address.split("."))


@pytest.mark.parametrize(
    ("address", "begins"),
    [
        ("training.epochs", "Passes over the train split"),
        ("training.learning_rate.warmup", "Length of the rise"),
        ("training.learning_rate.decay.step.factor", "What the rate is multiplied by"),
        ("training.optimizer.SGD", "Gradient descent"),
        ("training.optimizer.sgd.nesterov", "Whether to apply Nesterov momentum"),
        ("training.optimizer.SGD.learning_rate.warmup", "Length of the rise"),
        ("model.ResNet.depth", "6n + 2 layers"),
        ("model.layers.Dense.units", "Positive integer"),
        ("model.layers.0.Add.inputs", "Names of the layers"),
        ("model.regularizer.L2.l2", ""),
        ("model.regularizer.head/*.L2", ""),
        ("data.augment.RandomCrop.padding", "Pixels a side"),
        ("data.augment.2.RandomCrop.padding", "Pixels a side"),
        ("data.clean.fill_missing.strategy", "`mean` and `median` fill"),
        ("data.keras.arguments.num_words", ""),
        ("training.class_weight.cat", ""),
        ("extends", "The file, or files"),
    ],
)
def test_every_kind_of_key_is_found(address, begins):
    assert find(path(address)).schema.get("description", "").startswith(begins)


def test_every_key_of_every_section_has_a_meaning():
    found = list(addresses())
    assert len(found) > 100
    assert [one for one in found if not find(one).schema.get("description")] == []


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("trainning", "did you mean 'training'?"),
        ("training.learning_rate.warmpu", "did you mean 'warmup'?"),
        ("training.optimizer.Adma", "did you mean 'Adam'?"),
        ("training.optimizer.SGD.momentun", "did you mean 'momentum'?"),
        ("training.callbacks.early_stopping", "did you mean 'EarlyStopping'?"),
        ("warmup", "did you mean 'training.learning_rate.warmup'?"),
        ("EarlyStopping", "did you mean 'training.callbacks.EarlyStopping'?"),
    ],
)
def test_a_misspelt_key_is_refused_with_the_nearest(address, hint):
    with pytest.raises(UsageError, match="no key") as caught:
        find(path(address))
    assert hint in str(caught.value)


def test_a_value_has_no_keys_and_no_items():
    with pytest.raises(UsageError, match=r"training\.epochs is a value and has no keys"):
        find(path("training.epochs.x"))
    with pytest.raises(UsageError, match=r"data\.batch_size is no list"):
        find(path("data.batch_size.0"))


def test_what_a_value_alone_stands_for():
    names = ("training.learning_rate", "training.weight_decay", "data.csv", "data.tfds", "data", "training.epochs")
    short = {name: stands_for(find(path(name)).schema) for name in names}
    assert list(short.values()) == ["peak", "value", "path", "name", "", ""]


def test_components_and_the_items_of_lists():
    assert component_of(find(path("training.optimizer.adam")).schema) == ("optimizer", "Adam")
    assert component_of(find(path("training.optimizer")).schema) is None
    assert "RandomFlip" in keys(find(path("data.augment")).schema)
    assert find(path("data.clean.fill_missing.strategy")).lists == (2,)
    assert find(path("data.clean.0.fill_missing")).lists == ()
