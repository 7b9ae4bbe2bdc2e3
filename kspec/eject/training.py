"""The training section: learning rate, optimizer, loss, metrics, callbacks, `compile`, `fit`."""

from __future__ import annotations

import fnmatch
import glob
from collections.abc import Callable, Mapping
from typing import Any

from kspec import catalog
from kspec.builders.training.callbacks import FILES
from kspec.builders.training.metrics import GENERIC
from kspec.eject.code import Call, Name, flat, quoted, render, statement
from kspec.eject.component import call, function_of
from kspec.eject.data.pipeline import is_plain
from kspec.eject.known import Known
from kspec.parts.optimizers import ParameterGroup, assign_groups
from kspec.spec.component import Component
from kspec.spec.duration import Span
from kspec.spec.learning_rate import LearningRate

SCHEDULES = "keras.optimizers.schedules"


def training(known: Known) -> list[str]:
    """The paragraphs up to `fit`."""
    rate, before = _rate(known)
    paragraphs = [*before, *_optimizer(known, rate), *_class_weight(known)]
    return [*paragraphs, *_compile(known), _fit(known)]


def _rate(known: Known) -> tuple[Any, list[str]]:
    """The `learning_rate` of the optimizer, None for its own, and the paragraphs it needs."""
    section = known.spec.training.learning_rate
    if section is None:
        return None, []
    kind, decay = section.decay.chosen
    warmup = section.warmup.steps(known.experiment.steps_per_epoch, known.spec.training.epochs)
    if kind == "plateau" or (kind == "constant" and not warmup):
        lines = [f"WARMUP_STEPS = {_steps(section.warmup)}"] if warmup else []
        return section.peak, ["\n".join(["TOTAL_STEPS = STEPS_PER_EPOCH * EPOCHS", *lines])] if lines else []
    lines = ["TOTAL_STEPS = STEPS_PER_EPOCH * EPOCHS"]
    if warmup:
        lines.append(f"WARMUP_STEPS = {_steps(section.warmup)}")
    after = SCHEDULE[kind](section, decay, "TOTAL_STEPS - WARMUP_STEPS - 1" if warmup else "TOTAL_STEPS - 1")
    if "DECAY_STEPS" in flat(after):
        left = "TOTAL_STEPS - WARMUP_STEPS - 1" if warmup else "TOTAL_STEPS - 1"
        lines.append(f"DECAY_STEPS = max({left}, 1)  # the last step has the last rate")
    if kind == "step":
        lines.append(
            statement("falls = ", [Name(_steps(span)) for span in decay.at]) + "  # the steps at which the rate falls"
        )
    if not warmup:
        return Name("learning_rate"), ["\n".join([*lines, statement("learning_rate = ", after)])]
    options: dict[str, Any] = {"warmup_steps": Name("WARMUP_STEPS")}
    if section.initial:
        options["initial"] = section.initial
    if section.warmup_curve != "linear":
        options["warmup_curve"] = section.warmup_curve
    made = Call("Warmup", (after,), options)
    return Name("learning_rate"), ["\n".join([*lines, statement("learning_rate = ", made)])]


def _steps(span: Span) -> str:
    """A length of training as the expression that gives its steps."""
    number = repr(int(span.value)) if span.value == int(span.value) else repr(span.value)
    if span.unit == "steps":
        return str(round(span.value))
    whole = "TOTAL_STEPS" if span.unit == "fraction" else "STEPS_PER_EPOCH"
    if span.value == 1:
        return whole
    return f"{number} * {whole}" if span.value == int(span.value) else f"round({number} * {whole})"


def _cosine(section: LearningRate, decay: Any, left: str) -> Any:
    alpha = {"alpha": Name(f"{section.final!r} / {section.peak!r}")} if section.final else {}
    return Call(f"{SCHEDULES}.CosineDecay", (section.peak, Name("DECAY_STEPS")), alpha)


def _cosine_restarts(section: LearningRate, decay: Any, left: str) -> Any:
    options: dict[str, Any] = {"t_mul": decay.t_mul, "m_mul": decay.m_mul}
    if section.final:
        options["alpha"] = Name(f"{section.final!r} / {section.peak!r}")
    return Call(f"{SCHEDULES}.CosineDecayRestarts", (section.peak, Name(_steps(decay.first))), options)


def _linear(section: LearningRate, decay: Any, left: str) -> Any:
    return Call(f"{SCHEDULES}.PolynomialDecay", (section.peak, Name("DECAY_STEPS"), section.final))


def _polynomial(section: LearningRate, decay: Any, left: str) -> Any:
    return Call(f"{SCHEDULES}.PolynomialDecay", (section.peak, Name("DECAY_STEPS"), section.final, decay.power))


def _exponential(section: LearningRate, decay: Any, left: str) -> Any:
    share = Name(f"{section.final!r} / {section.peak!r}")
    return Call(f"{SCHEDULES}.ExponentialDecay", (section.peak, Name("DECAY_STEPS"), share))


def _step(section: LearningRate, decay: Any, left: str) -> Any:
    # Keras changes the value after a boundary: a fall at step 10 is boundary 9.
    before = " - WARMUP_STEPS" if "WARMUP" in left else ""
    bounds = Name(f"[step{before} - 1 for step in falls]")
    values = Name(f"[{section.peak!r} * {decay.factor!r}**number for number in range(len(falls) + 1)]")
    return Call(f"{SCHEDULES}.PiecewiseConstantDecay", (bounds, values))


def _inverse_sqrt(section: LearningRate, decay: Any, left: str) -> Any:
    return Call("InverseSqrt", (section.peak, Name("WARMUP_STEPS")))


def _one_cycle(section: LearningRate, decay: Any, left: str) -> Any:
    return Call(
        "OneCycle",
        (section.peak, Name("TOTAL_STEPS")),
        {"up": decay.up, "divide": decay.divide, "final": section.final},
    )


def _constant(section: LearningRate, decay: Any, left: str) -> Any:
    return section.peak


SCHEDULE: Mapping[str, Callable[[LearningRate, Any, str], Any]] = {
    "constant": _constant,
    "cosine": _cosine,
    "cosine_restarts": _cosine_restarts,
    "linear": _linear,
    "polynomial": _polynomial,
    "exponential": _exponential,
    "step": _step,
    "inverse_sqrt": _inverse_sqrt,
    "one_cycle": _one_cycle,
}


def _optimizer(known: Known, rate: Any) -> list[str]:
    training = known.spec.training
    one = catalog.entry("optimizer", training.optimizer.name)
    made = call("optimizer", training.optimizer.name, training.optimizer.arguments)
    assert isinstance(made, Call)  # noqa: S101
    arguments: dict[str, Any] = {} if rate is None else {"learning_rate": rate}
    arguments |= made.keywords
    decay = training.weight_decay
    own = one.arguments["weight_decay"].default if "weight_decay" in one.arguments else None
    if hasattr(known.experiment.plan.optimizer, "groups"):
        if own is not None:
            arguments["weight_decay"] = 0.0
        arguments["groups"] = Name("groups")
        groups = statement("groups = ", _groups(known))
        comment = "# The first pattern that fits a weight's path says how it is trained."
        return [
            f"{comment}\n{groups}\n" + statement("optimizer = ", Call(f"grouped({function_of(one)})", (), arguments))
        ]
    if decay is not None:
        arguments["weight_decay"] = decay.value
    elif own is not None:
        arguments["weight_decay"] = None
    lines = [statement("optimizer = ", Call(made.function, (), arguments))]
    lines += _spared(known) if decay is not None else []
    return ["\n".join(lines)]


def _spared(known: Known) -> list[str]:
    """Lines that leave some weights out of the decay."""
    decay = known.spec.training.weight_decay
    patterns = () if decay is None else decay.exclude
    paths = [weight.path for weight in known.model.trainable_weights]
    used = [one for one in patterns if any(fnmatch.fnmatchcase(path, one) for path in paths)]
    if not used:
        return []
    if len(used) == 1:
        test = f"fnmatch.fnmatchcase(weight.path, {quoted(used[0])})"
        spared = [f"spared = [weight for weight in model.trainable_weights if {test}]"]
    else:
        test = "any(fnmatch.fnmatchcase(w.path, pattern) for pattern in without_decay)"
        spared = [
            statement("without_decay = ", used),
            f"spared = [w for w in model.trainable_weights if {test}]",
        ]
    return [*spared, "optimizer.exclude_from_weight_decay(var_list=spared)"]


def _groups(known: Known) -> list[dict[str, Any]]:
    """The groups by pattern; by path where patterns could not tell the weights apart."""
    training, paths = known.spec.training, [weight.path for weight in known.model.trainable_weights]
    exact = dict(zip(paths, assign_groups(known.experiment.plan.optimizer.groups, paths), strict=True))
    decay = training.weight_decay
    kind = {"decoupled": True} if decay is None or decay.decoupled else {}
    found: list[dict[str, Any]] = []
    for group in training.parameter_groups:
        value = group.weight_decay if group.weight_decay is not None else (0.0 if decay is None else decay.value)
        found.append({"match": group.match, "learning_rate": group.learning_rate, "weight_decay": value, **kind})
    if decay is not None:
        found += [{"match": pattern, "weight_decay": 0.0, **kind} for pattern in decay.exclude]
        found.append({"match": "*", "weight_decay": decay.value, **kind})
    found = [_short(group) for group in _used(found, paths)]
    if _agree(found, exact):
        return found
    listed = {path: group for path, group in exact.items() if group.match != "*" or group.weight_decay}
    return [
        _short(
            {"match": glob.escape(path), "learning_rate": one.learning_rate, "weight_decay": one.weight_decay, **kind}
        )
        for path, one in listed.items()
    ]


def _used(groups: list[dict[str, Any]], paths: list[str]) -> list[dict[str, Any]]:
    """The groups that are the first to fit some weight."""
    first = [
        next((n for n, one in enumerate(groups) if fnmatch.fnmatchcase(path, one["match"])), None) for path in paths
    ]
    return [group for number, group in enumerate(groups) if number in first]


def _short(group: dict[str, Any]) -> dict[str, Any]:
    """Without what changes nothing."""
    same = {"learning_rate": 1.0, "weight_decay": 0.0}
    return {key: value for key, value in group.items() if key not in same or value != same[key]}


def _agree(groups: list[dict[str, Any]], exact: Mapping[str, ParameterGroup]) -> bool:
    found = assign_groups([ParameterGroup(**group) for group in groups], list(exact))
    return all(
        (a.learning_rate, a.weight_decay) == (b.learning_rate, b.weight_decay)
        for a, b in zip(found, exact.values(), strict=True)
    )


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
    keywords |= {"callbacks": Name("callbacks"), "verbose": 2}
    fit = statement("history = ", Call("model.fit", (Name("train_data"),), keywords))
    return f"OUTPUT.mkdir(exist_ok=True)\n{statement('callbacks = ', listed)}\n{fit}"
