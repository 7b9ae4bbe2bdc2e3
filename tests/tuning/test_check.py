"""Every value of a space is valid for its key before the first trial, and what is wrong is shown at its place."""

import pytest

from kspec import text
from kspec.errors import SpecError
from kspec.spec.reader import read
from kspec.tuning.check import check

HEAD = """data: {sklearn: digits, validation: 0.1}
model: {CNN: {filters: [8]}}
training:
  optimizer: Adam
  callbacks: [{EarlyStopping: {patience: 3}}]
tune:
  objective: val_accuracy
  trials: 3
  space:
"""
FIRST = HEAD.count("\n") + 1  # the line of the first key of the space


def checked(*lines):
    document = text.read_text(HEAD + "".join(f"    {line}\n" for line in lines), "spec.yaml")
    return check(document, read(document))


def problems(*lines):
    with pytest.raises(SpecError) as raised:
        checked(*lines)
    return [(one.mark.line - FIRST, one.mark.column, one.message) for one in raised.value.problems]


@pytest.mark.parametrize(
    "lines",
    [
        ["data.batch_size: {choice: [16, 32]}"],
        ["training.epochs: {int: [1, 9], step: 2}"],
        ["training.callbacks[0].EarlyStopping.patience: {int: [1, 5]}"],
        ["training.callbacks: {choice: [[], [{EarlyStopping: {patience: 2}}]]}"],
        ["model.regularizer: {choice: [null, {L2: {l2: 0.001}}]}"],
        ["data.augment: {choice: [[], [RandomFlip]]}"],
        ["model.CNN.filters: {choice: [[8], [8, 16]]}", "model.CNN.batch_norm: bool"],
        ["model: {choice: [{CNN: {filters: [8]}}, MLP]}", "model.MLP.dropout: {float: [0, 1], when: {model: MLP}}"],
        [
            "training.learning_rate.peak: {log: [0.001, 1]}",
            "training.learning_rate.decay: {choice: [constant, cosine]}",
        ],
        ["training.weight_decay.value: {log: [1.0e-5, 0.1]}"],
        ["training.optimizer.Adam.beta_1: {float: [0.5, 0.99]}"],
        ["seed: {int: [0, 4]}", "device.precision: {choice: [float32, mixed_bfloat16]}"],
        [
            "training.optimizer.SGD.momentum: {float: [0, 0.9], when: {training.optimizer: SGD}}",
            "training.optimizer: {choice: [Adam, SGD]}",
        ],
    ],
)
def test_anything_in_the_file_can_be_searched(lines):
    _, axes, _ = checked(*lines)
    assert len(axes) == len(lines)


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("data.batch_siz: {choice: [16, 32]}", 5, "unknown key"),
        ("data.batch_size: {choice: [16, 0]}", 36, "wrong value"),
        ("data.batch_size: {int: [-4, 32]}", 29, "wrong value"),
        ("data.batch_size: {float: [1, 32]}", 31, "wrong type"),
        ("training.optimizer: {choice: [Adam, Adma]}", 41, "unknown optimizer 'Adma'"),
        ("training.optimizer: {choice: [{SGD: {momentun: 0.9}}]}", 42, "SGD has no argument 'momentun'"),
        ("training.optimizer.SGD.momentum: {float: [0, 1]}", 5, "'training.optimizer' is Adam here, not SGD"),
        ("training.callbacks[1].EarlyStopping.patience: {int: [1, 5]}", 5, "'training.callbacks' has no item 1"),
        ("training.epochs.more: {int: [1, 5]}", 5, "'training.epochs' has no keys here"),
        ("training.learning_rate.peak: {float: [0, 1]}", 43, "wrong value"),
        ("name: {choice: [a, b]}", 5, "`name` cannot be searched"),
        ("stages[0].train.epochs: {int: [1, 5]}", 5, "`stages` cannot be searched"),
        ("tune.trials: {int: [1, 5]}", 5, "`tune` cannot be searched"),
        ("training..epochs: {int: [1, 5]}", 5, "the address is wrong from '..epochs' on"),
    ],
)
def test_what_is_wrong_is_shown_at_its_place(line, column, message):
    found = problems(line)
    assert {one[0] for one in found} == {0}
    assert found[0][2].startswith(message), found
    assert found[0][1] == column, found


def test_every_problem_at_once():
    found = problems("data.batch_size: {int: [0, 8]}", "model.CNN.filter: {choice: [[8]]}", "seed: {int: [-1, 8]}")
    assert [line for line, *_ in found] == [0, 1, 2]


def test_what_only_some_combinations_have():
    lines = [
        "training.learning_rate.warmup: {choice: [0.1]}",
        "training.learning_rate.decay: {choice: [cosine, one_cycle]}",
        "training.learning_rate.peak: {log: [0.1, 1]}",
    ]
    assert ("one_cycle has its own way up") in {message for *_, message in problems(*lines)}


def test_a_spec_without_a_search():
    document = text.read_text("data: {sklearn: digits}\nmodel: MLP\n", "spec.yaml")
    with pytest.raises(SpecError, match=r"spec\.yaml:1:1: the spec has no section `tune`"):
        check(document, read(document))


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        ("space: {seed: {int: [5, 1]}}", "an empty range"),
        ("space: {seed: {int: [1, 5], float: [0, 1]}}", "exactly one kind of values is needed"),
        ("space: {seed: {}}", "exactly one kind of values is needed"),
        ("space: {seed: {log: [0, 5]}}", "orders of magnitude begin above zero"),
        ("space: {seed: {log: [1, 5], step: 1}}", "of `log`, the step is a factor"),
        ("space: {seed: {choice: [1, 2, 1]}}", "a value that stands in the list before"),
        ("space: {seed: {choice: [1], step: 1}}", "a step belongs to int, float or log"),
        ("space: {seed: {int: [1, 5], when: {sed: 1}}}", "a condition names another key of the space"),
        ("space: {seed: {int: [1, 5], when: {seed: 1}}}", "a key cannot be its own condition"),
        ("space: {seed: {int: [1, 5], when: {x: 1}}, x: {float: [0, 2]}}", "a range of numbers cannot be a condition"),
        ("space: {seed: {int: [1, 5], when: {x: 3}}, x: {choice: [1, 2]}}", "'x' never has this value"),
        ("space: {seed: bool}\n  objective: val_beauty", "it is not known which way 'val_beauty' is better"),
        ("space: {seed: bool}\n  objective: test_accuracy", "nothing may be chosen on the test split"),
        ("space: {}", "wrong value"),
    ],
)
def test_the_section_itself(tune, message):
    objective = "" if "objective" in tune else "\n  objective: val_loss"
    spec = f"data: {{sklearn: digits}}\nmodel: MLP\ntune:\n  trials: 3{objective}\n  {tune}\n"
    with pytest.raises(SpecError) as raised:
        read(text.read_text(spec, "spec.yaml"))
    assert [one.message for one in raised.value.problems] == [message]
    assert raised.value.problems[0].mark.line > 3


def test_conditions_that_wait_for_each_other():
    found = problems(
        "seed: {choice: [1], when: {data.batch_size: 8}}", "data.batch_size: {choice: [8], when: {seed: 1}}"
    )
    assert found == [(0, 5, "conditions that wait for each other")]


def test_the_same_key_in_two_spellings():
    key = "training.callbacks[0].EarlyStopping.patience"
    found = problems(f"{key}: {{int: [1, 5]}}", f"{key.replace('[0]', '.0')}: {{int: [1, 5]}}")
    assert found == [(1, 5, "the same key a second time")]


def test_a_base_that_is_trained_already_cannot_be_searched():
    document = text.read_text(f"base: run\n{HEAD}    data.batch_size: {{choice: [16, 32]}}\n", "spec.yaml")
    with pytest.raises(SpecError, match=r"spec\.yaml:1:1: base: a trial is the training of the base"):
        check(document, read(document))


def test_a_trial_is_the_base_training_alone():
    from kspec.tuning.parts import base_training

    tree = HEAD.replace("tune:", "stages: [{train: {epochs: 1}}]\nrequire: {parameters: '<= base'}\ntune:")
    spec = read(text.read_text(f"{tree}    data.batch_size: {{choice: [16, 32]}}\n", "spec.yaml"))
    assert (base_training(spec).stages, base_training(spec).require) == ((), {})
    assert base_training(spec).training == spec.training
