"""The stage `quantize`: a file of fewer bits, measured in its runtime; or Keras' own layers in fewer bits."""

from __future__ import annotations

from typing import Any

from kspec.commands.console import phase
from kspec.commands.exported import Held, lines, make_files, refused
from kspec.commands.stages import Artifact, Context, Outcome
from kspec.errors import Problem, RunError, SpecError
from kspec.parts.export.keras_layers import quantize_layers
from kspec.parts.export.table import Format
from kspec.spec.quantize import Int8


def run(context: Context) -> Outcome:
    """Writes the file, or quantizes the network's layers.

    Raises:
        RunError: the file cannot be made, or differs too much from Keras; says why.
    """
    name, section = context.section.chosen
    network = context.network()
    if name == "keras":
        done = _layers(network, section.mode, context)
        line = f"{len(done)} layers in {section.mode}: a smaller file, not a faster model"
        return Outcome(network=network, facts={"quantized": {"mode": section.mode, "layers": done}}, lines=(line,))
    calibration = section.calibration if name == "int8" else Int8().calibration
    form = runtime(name, section)
    held = Held(context.experiment, context.smoke)
    with phase(context.timing, "quantize"):
        [file] = make_files(held, network, context.folder, [form], name, calibration, anew=True)
    if file.made.path is None:
        raise RunError(f"stages[{context.number - 1}].quantize: {form} {name}: {file.made.reason}")
    artifact = Artifact(file.made.path, file.made.runtime, file.metrics)
    facts = {"precision": name, "calibration": calibration, "files": [file.record(context.folder)]}
    return Outcome(artifacts=(artifact,), product=artifact, facts=facts, lines=tuple(lines(file)))


def rehearse(context: Context) -> Any:
    """The network as the stage would leave it.

    Raises:
        SpecError: the format cannot hold this network in so few bits; there is no layer to quantize.
    """
    name, section = context.section.chosen
    network = context.network()
    if name == "keras":
        _layers(network, section.mode, context)
        return network
    form = runtime(name, section)
    if reason := refused(Held(context.experiment, context.smoke), network, form, name):
        raise SpecError(Problem((*context.path, name), f"{form} cannot hold this network in {name}", hint=reason))
    return network


def runtime(name: str, section: Any) -> Format:
    """What the file of a kind of quantization is for."""
    form: Format = "litert" if name == "dynamic_range" else section.runtime
    return form


def _layers(network: Any, mode: str, context: Context) -> list[str]:
    try:
        return quantize_layers(network, mode)
    except ValueError as error:
        raise SpecError(Problem((*context.path, "keras"), str(error))) from error
