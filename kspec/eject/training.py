"""The training section: loss, metrics, class weights, callbacks, `compile` and `fit`."""

from __future__ import annotations

from typing import Any

from kspec import catalog
from kspec.builders.training.callbacks import FILES
from kspec.builders.training.metrics import GENERIC
from kspec.eject.code import Call, Name, quoted, render, statement
from kspec.eject.component import call
from kspec.eject.data.pipeline import is_plain
from kspec.eject.known import Known
from kspec.eject.learning_rate import learning_rate
from kspec.eject.optimizer import optimizer
from kspec.spec.component import Component


def training(known: Known) -> list[str]:
    """The paragraphs up to `fit`."""
    rate, schedule = learning_rate(known)
    paragraphs = ["\n".join(schedule), "\n".join(optimizer(known, rate)), *_class_weight(known)]
    return [*paragraphs, *_compile(known), _fit(known)]


def _class_weight(known: Known) -> list[str]:
    wanted = known.spec.training.class_weight
    if wanted is None:
        return []
    classes = known.datasets.num_outputs
    if wanted != "balanced":
        return [statement("class_weight = ", dict(known.experiment.plan.class_weight or {}))]
    ids = {"ids": "y_train", "binary": "y_train[:, 0].astype(int)", "one_hot": "y_train.argmax(axis=1)"}
    lines = [
        "# Each class counts as if all had the same number of examples.",
        f"counts = np.bincount({ids[known.targets.labels]}, minlength={classes})",
        f"class_weight = {{number: float(len(y_train) / ({classes} * count)) for number, count in enumerate(counts)}}",
    ]
    return ["\n".join(lines)]


def metrics(known: Known) -> list[Any]:
    """The metrics as calls."""
    automatic = Component(name="MeanAbsoluteError" if known.targets.labels == "numbers" else "accuracy")
    found = []
    for one in known.spec.training.metrics:
        component = automatic if one == "auto" else one
        name, arguments = catalog.entry("metric", component.name).name, dict(component.arguments)
        if name in GENERIC:
            arguments = {"name": name, **arguments}
            name = GENERIC[name][known.targets.labels]
        found.append(call("metric", name, arguments))
    return found


def loss(known: Known) -> Call | Name:
    """The loss as a call."""
    return call("loss", known.targets.loss.name, known.targets.loss.arguments)


def _compile(known: Known) -> list[str]:
    views = bool(known.spec.evaluate.views)
    keywords: dict[str, Any] = {
        "optimizer": Name("optimizer"),
        "loss": Name("loss") if views else loss(known),
        "metrics": Name("metrics()") if views else metrics(known),
        "jit_compile": Name("JIT_COMPILE"),
    }
    if known.spec.training.steps_per_execution != 1:
        keywords["steps_per_execution"] = known.spec.training.steps_per_execution
    made = statement("", Call("model.compile", (), keywords))
    if not views:
        return [made]
    define = (
        f'def metrics():\n    """New metrics: each model needs its own."""\n    return {render(metrics(known), 4, 11)}'
    )
    return [define, f"{statement('loss = ', loss(known))}\n{made}"]


def _callbacks(known: Known) -> list[Any]:
    training = known.spec.training
    found: list[Any] = []
    if not is_plain(known):
        found.append(
            Call(
                "keras.callbacks.LambdaCallback",
                (),
                {"on_epoch_begin": Name("lambda number, logs: epoch.assign(number)")},
            )
        )
    section = training.learning_rate
    if section is not None and section.decay.plateau is not None:
        if section.warmup.value:
            initial = (section.initial,) if section.initial else ()
            found.append(Call("LinearWarmup", (Name("WARMUP_STEPS"), *initial)))
        options = {**section.decay.plateau.model_dump(), "min_lr": section.final}
        found.append(call("callback", "ReduceLROnPlateau", options))
    named = [one.name for one in training.callbacks]
    if "TerminateOnNaN" not in named:
        found.append(Call("keras.callbacks.TerminateOnNaN"))
    return [*found, *(_callback(one) for one in training.callbacks)]


def _callback(component: Component) -> Any:
    if component.name == "TerminateOnNaN":
        return Call("keras.callbacks.TerminateOnNaN")
    arguments = dict(component.arguments)
    made = call("callback", component.name, arguments)
    if component.name not in FILES:
        return made
    key = FILES[component.name]
    text = {**catalog.defaults("callback", component.name), **arguments}[key]
    assert isinstance(made, Call)  # noqa: S101
    return Call(made.function, (), {**made.keywords, key: Name(f"str(OUTPUT / {quoted(text)})")})


def _fit(known: Known) -> str:
    listed = _callbacks(known)
    keywords: dict[str, Any] = {"epochs": Name("EPOCHS")}
    if "validation" in known.roles:
        keywords["validation_data"] = Name("validation_data")
    if known.spec.training.class_weight is not None:
        keywords["class_weight"] = Name("class_weight")
    # shuffle=False: Keras warns that it does not shuffle a tf.data.Dataset, which shuffles by itself.
    keywords |= {"callbacks": Name("callbacks"), "shuffle": False, "verbose": 2}
    fit = statement("history = ", Call("model.fit", (Name("train_data"),), keywords))
    return f"OUTPUT.mkdir(exist_ok=True)\n{statement('callbacks = ', listed)}\n{fit}"
