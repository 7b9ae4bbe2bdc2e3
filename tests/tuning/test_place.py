"""From the values of a trial to its spec."""

from kspec import text
from kspec.spec.reader import read
from kspec.tuning.check import check
from kspec.tuning.place import trial_spec

SPEC = """
name: digits
data: {sklearn: digits, validation: 0.1}
model: CNN
training:
  optimizer: {SGD: {momentum: 0.5, nesterov: true}}
  OWNER
tune:
  objective: val_accuracy
  trials: 3
  space:
    training.optimizer: {choice: [Adam, {SGD: {momentum: 0.9}}, RMSprop]}
    training.optimizer.SGD.clipnorm: {float: [0.5, 2.0], when: {training.optimizer: SGD}}
"""


def trial(values, owner=""):
    document = text.read_text(SPEC.replace("  OWNER\n", f"  {owner}\n" if owner else ""))
    spec = read(document)
    _, axes, base = check(document, spec)
    return trial_spec(base, axes, values)


def test_a_component_takes_the_place_of_the_one_before():
    spec = trial({"training.optimizer": {"SGD": {"momentum": 0.9}}, "training.optimizer.SGD.clipnorm": 1.5})
    arguments = spec.training.optimizer.arguments
    assert (arguments["momentum"], arguments["clipnorm"], arguments["nesterov"]) == (0.9, 1.5, False)


def test_a_rate_that_nobody_states_is_that_of_the_optimizer_of_the_trial():
    assert trial({}).training.learning_rate.peak == 0.01  # SGD's in Keras
    assert trial({"training.optimizer": "Adam"}).training.learning_rate.peak == 0.001
    assert trial({"training.optimizer": "Adam"}, "learning_rate: 0.3").training.learning_rate.peak == 0.3


def test_the_spec_of_a_trial_is_plain_and_complete():
    spec = trial({"training.optimizer": "Adam"})
    assert spec.tune is None
    assert spec.name == "digits"
    assert spec == read(text.read_text(text.dump(spec.model_dump(mode="json"))))
