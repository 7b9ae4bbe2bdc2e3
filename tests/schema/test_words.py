"""What a schema says in words, and examples that hold."""

import itertools

import jsonschema
import pytest

from kspec import text
from kspec.commands.explain import nested
from kspec.errors import SpecError
from kspec.schema import schema
from kspec.schema.find import addresses, find
from kspec.schema.words import choices, example, type_of
from kspec.spec.reader import read


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("training.epochs", "an integer at least 1 and at most 1,000,000"),
        (
            "training.learning_rate.warmup",
            "`2 epochs`, `500 steps`, or a share of the training such as `0.1` or `10%`",
        ),
        ("training.learning_rate", "a number above 0, or a mapping, or null"),
        ("training.optimizer", "an optimizer (a name, or {Name: {argument: value}})"),
        ("training.loss", "auto, or a loss (a name, or {Name: {argument: value}})"),
        ("data.validation", "text, or a number above 0 and below 1, or null"),
        ("data.label", "text, or a list of them, or null"),
        ("data.image.channels", "one word of those below, or null"),
        ("device.jit", "true or false, or auto"),
        ("training.optimizer.SGD.nesterov", "true or false"),
        ("training.optimizer.SGD.clipnorm", "a number or null"),
    ],
)
def test_types(address, words):
    assert type_of(find(tuple(address.split("."))).schema) == words


def test_choices():
    assert choices(find(("device", "precision")).schema) == ["auto", "float32", "mixed_bfloat16", "mixed_float16"]
    assert choices(find(("evaluate", "views")).schema) == ["mirror", "shift"]
    assert choices(find(("training", "optimizer")).schema) == []


OF_ITS_OWN = {"data", "model", "extends"}
"""The source and the network of the spec around the example would be second ones."""


@pytest.mark.parametrize("path", list(addresses()), ids=".".join)
def test_the_example_of_every_key_can_stand_in_a_spec(path):
    key = find(path)
    value = example(key.schema)
    assert value is not None
    tree = nested(value, key)
    whole = {"extends": "base.yaml", **tree}
    assert [error.message for error in jsonschema.Draft7Validator(schema()).iter_errors(whole)] == []
    if path[0] not in OF_ITS_OWN and ("learning_rate", "decay") not in itertools.pairwise(path):
        refusals = refused({"data": {"sklearn": "digits"}, "model": "MLP", **tree})
        # What is left out of an example because another key must go with it.
        assert [one for one in refusals if "missing" not in one and "cannot start" not in one] == []


def refused(tree):
    try:
        read(text.read_text(text.dump(tree)))
    except SpecError as error:
        return [problem.message for problem in error.problems]
    return []
