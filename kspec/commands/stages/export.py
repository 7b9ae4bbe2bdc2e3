"""The stage `export`: the model before it as files for other runtimes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kspec.commands.console import phase
from kspec.commands.exported import Held, lines, make_files, refused
from kspec.commands.stages import Artifact, Context, Outcome
from kspec.commands.stages.entries import lineage
from kspec.errors import Problem, RunError, SpecError
from kspec.parts.export.table import Precision
from kspec.spec.quantize import Int8


def run(context: Context) -> Outcome:
    """Writes the files, each compared with Keras and measured.

    Raises:
        RunError: one cannot be made, or differs too much from Keras; those that can are there.
    """
    earlier = quantized(context.earlier)
    precision = chosen(context.section.precision, earlier)
    calibration = earlier["calibration"] if earlier else Int8().calibration
    held = Held(context.experiment, context.smoke)
    with phase(context.timing, "export"):
        files = make_files(
            held, context.network(), context.folder, context.section.formats, precision, calibration, anew=True
        )
    failed = [f"{one.made.format}: {one.made.reason}" for one in files if one.made.path is None]
    if failed:
        raise RunError(f"stages[{context.number - 1}].export: " + "; ".join(failed))
    made = [Artifact(one.made.path, one.made.runtime, one.metrics) for one in files if one.made.path is not None]
    # What a quantize stage has made stays what the run makes; without one it is the first format.
    product = made[0] if not earlier else None
    facts = {"precision": precision, "files": [one.record(context.folder) for one in files]}
    return Outcome(
        artifacts=tuple(made), product=product, facts=facts, lines=tuple(line for one in files for line in lines(one))
    )


def rehearse(context: Context) -> Any:
    """The network, which an export leaves as it is.

    Raises:
        SpecError: what each format cannot hold.
    """
    network = context.network()
    precision = chosen(context.section.precision, planned(context))
    problems = []
    for place, form in enumerate(context.section.formats):
        if reason := refused(Held(context.experiment, context.smoke), network, form, precision):
            message = f"{form} cannot hold this network in {precision}"
            problems.append(Problem((*context.path, place), message, hint=reason))
    if problems:
        raise SpecError(problems)
    return network


def chosen(asked: str, earlier: Mapping[str, Any] | None) -> Precision:
    """The precision of the files: what the spec says, or that of the quantize stage before."""
    precision: Any = asked
    if asked == "auto":
        precision = earlier["precision"] if earlier else "float32"
    made: Precision = precision
    return made


def quantized(entries: Any) -> Mapping[str, Any] | None:
    """The entry of the last quantize stage that made a file of the model as it still is; None without one."""
    for entry in reversed(lineage(entries)):
        if entry["model"]:
            return None
        if entry["stage"] == "quantize":
            found: Mapping[str, Any] = entry
            return found
    return None


def planned(context: Context) -> Mapping[str, Any] | None:
    """`quantized`, by what the spec says of the stages before."""
    for stage in reversed(context.experiment.spec.stages[: context.number - 1]):
        key, section = stage.chosen
        if key == "quantize":
            name, _ = section.chosen
            return None if name == "keras" else {"precision": name}
        if key not in ("export", "bench") and not stage.is_baseline:
            return None
    return None
