"""Contracts of components that compute numbers: losses, metrics, weights' helpers, schedules, activations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from kspec.testing.subject import Subject, as_array, as_json, require, require_equal, require_finite

STEPS = (0, 1, 9, 10, 11, 1000)
"""Steps at which schedules are asked, far beyond their end among them."""


def restored(component: Any) -> Any:
    """A component by way of its serialised form in JSON, as a saved model keeps it."""
    import keras

    config = as_json(keras.saving.serialize_keras_object(component))
    return keras.saving.deserialize_keras_object(config)


def survives_config(subject: Subject) -> None:
    """`from_config(get_config())` is the same component: same class, same configuration, which is JSON."""
    one = subject.make()
    again = type(one).from_config(as_json(one.get_config()))
    require_equal(as_json(again.get_config()), as_json(one.get_config()), "from_config(get_config()) is another one")
    require(type(restored(one)) is type(one), "its serialised form gives another class")


def loss_is_a_number(subject: Subject) -> None:
    """On labels and predictions the loss is one finite number, and the same after a round trip through JSON."""
    loss, (labels, predictions) = subject.make(), subject.inputs()
    value = as_array(loss(labels, predictions))
    require(value.shape == (), f"it gives {value.shape} for a batch, not one number")
    require_finite(value, f"it is {value} on plain input")
    require_equal(restored(loss)(labels, predictions), value, "its serialised form computes another loss")


def loss_takes_weights(subject: Subject) -> None:
    """Weights of 1 for all examples change nothing: `class_weight` gives weights to every loss."""
    loss, (labels, predictions) = subject.make(), subject.inputs()
    weighted = as_array(loss(labels, predictions, sample_weight=np.ones(len(labels), "float32")))
    plain = as_array(loss(labels, predictions))
    require(bool(np.allclose(weighted, plain, rtol=1e-5)), f"weights of 1 make {weighted} of {plain}")


def metric_is_a_number(subject: Subject) -> None:
    """After two batches its result is one finite number; reset, or made again from JSON, it gives the same again."""
    metric, (labels, predictions) = subject.make(), subject.inputs()
    results = []
    for one in (metric, metric, restored(metric)):
        one.reset_state()
        for _ in range(2):
            one.update_state(labels, predictions)
        results.append(as_array(one.result()))
    require(results[0].shape == (), f"its result has the shape {results[0].shape}; kspec logs one number")
    require_finite(results[0], f"it is {results[0]} on plain input")
    require_equal(results[1], results[0], f"reset_state() does not start it anew: {results[1]} after {results[0]}")
    require_equal(results[2], results[0], "its serialised form computes another metric")


def regularizer_is_a_number(subject: Subject) -> None:
    """Its penalty for a weight is one finite number, the same after a round trip through JSON."""
    regularizer, [weight] = subject.make(), subject.inputs()
    value = as_array(regularizer(_tensor(weight)))
    require(value.shape == (), f"it gives {value.shape} for a weight, not one number")
    require_finite(value, f"it is {value} on plain input")
    require_equal(restored(regularizer)(_tensor(weight)), value, "its serialised form computes another penalty")


def constraint_keeps_shape(subject: Subject) -> None:
    """It gives a weight of the same shape and type, finite, the same after a round trip through JSON."""
    constraint, [weight] = subject.make(), subject.inputs()
    value = as_array(constraint(_tensor(weight)))
    require((value.shape, value.dtype) == (weight.shape, weight.dtype), f"it makes {value.shape} {value.dtype} of it")
    require_finite(value, "it gives NaN or infinity on plain input")
    require_equal(restored(constraint)(_tensor(weight)), value, "its serialised form gives another weight")


def initializer_is_seeded(subject: Subject) -> None:
    """It fills a weight with finite numbers that follow from the seed of `set_random_seed`; its own seed is kept."""
    import keras

    [weight] = subject.inputs()
    values = []
    for _ in range(2):
        keras.utils.set_random_seed(0)
        values.append(as_array(subject.make()(weight.shape, dtype="float32")))
    require(values[0].shape == weight.shape, f"it gives {values[0].shape}, not {weight.shape}")
    require_finite(values[0], "it gives NaN or infinity")
    require_equal(values[1], values[0], "it does not follow from keras.utils.set_random_seed")
    seed = {"seed": 7} if "seed" in subject.entry.arguments else {}
    example = replace(subject.example, arguments={**subject.example.arguments, **seed})
    seeded = replace(subject, example=example).make()
    again = restored(seeded)(weight.shape, dtype="float32")
    require_equal(again, seeded(weight.shape, dtype="float32"), "its serialised form gives another weight")


def schedule_is_a_rate(subject: Subject) -> None:
    """At every step, also beyond its end, it is a finite number of at least 0, the same after a trip through JSON."""
    import keras

    schedule = subject.make()
    again = restored(schedule)
    for step in STEPS:
        value = as_array(schedule(keras.ops.convert_to_tensor(step, "int64")))
        require(value.shape == () and value.dtype.kind == "f", f"at step {step} it is no number: {value!r}")
        require(bool(np.isfinite(value) and value >= 0), f"at step {step} it is {value}, which is no learning rate")
        require_equal(again(keras.ops.convert_to_tensor(step, "int64")), value, "its serialised form differs")


def activation_is_kept(subject: Subject) -> None:
    """It gives finite numbers of the same shape, and its name leads back to it in a saved model."""
    import keras

    function, [values] = subject.make(), subject.inputs()
    result = as_array(function(_tensor(values)))
    require(result.shape == values.shape, f"it makes {result.shape} of {values.shape}")
    require_finite(result, "it gives NaN or infinity on plain input")
    config = as_json(keras.activations.serialize(function))
    require(keras.activations.deserialize(config) is function, "its serialised form is another function")


def _tensor(values: Any) -> Any:
    import keras

    return keras.ops.convert_to_tensor(values)
