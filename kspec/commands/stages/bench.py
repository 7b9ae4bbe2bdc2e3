"""The stage `bench`: the latency of the model as it stands, in Keras and in the files made of it, and of the base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras

from kspec.commands.bench import machine, timed
from kspec.commands.bench_tables import measured_on
from kspec.commands.console import phase
from kspec.commands.exported import File, Held, make_files, refused
from kspec.commands.stages import Artifact, Context, Outcome, latency, quantize, read_network
from kspec.commands.stages.entries import lineage
from kspec.commands.variants import Variant, in_keras, in_runtimes
from kspec.errors import Problem, RunError, SpecError
from kspec.parts.export.signature import inputs_of, network_of
from kspec.parts.export.silence import no_warnings
from kspec.parts.export.table import ExportError, Format

BASE = "base"
"""The folder of the base's files in that of the stage."""
SMOKE_ROUNDS = 1


def run(context: Context) -> Outcome:
    """Converts the base, and measures all variants in turn.

    Raises:
        RunError: the base cannot be written in a format, or differs too much from Keras there.
    """
    rounds = SMOKE_ROUNDS if context.smoke else context.section.rounds
    held, base = Held(context.experiment, context.smoke), read_network(context.base)
    with phase(context.timing, "convert"):
        files = _files_of_base(context, base, held)
    with phase(context.timing, "latency"), no_warnings():
        variants = [*_of_base(context, base, files, held), *_of_model(context, held)]
        rows = [_row(one, context) for one in timed(variants, context.section.batch_sizes, rounds)]
    told = machine()
    ends = [latency.compared(rows, size) for size in context.section.batch_sizes]
    return Outcome(
        artifacts=tuple(Artifact(one.made.path, one.made.runtime, one.metrics) for one in files if one.made.path),
        quantities={one.quantity: one.model["ms"] for one in ends},
        base_quantities={one.quantity: one.base["ms"] for one in ends},
        facts={latency.KEY: {"machine": told, "rounds": rounds, "best": [one.record() for one in ends], "rows": rows}},
        lines=(*map(latency.line, rows), measured_on(told, rounds), *(one.sentence() for one in ends)),
    )


def rehearse(context: Context) -> Any:
    """The network, which is only measured.

    Raises:
        SpecError: what cannot be measured, and each format that cannot hold the base.
    """
    if (backend := keras.backend.backend()) != "tensorflow":
        raise SpecError(Problem(context.path, f"latencies are measured in TensorFlow, and Keras runs on {backend}"))
    network, base = context.network(), read_network(context.base)
    try:
        for one in (base, network):
            inputs_of(network_of(one)[0])
    except ExportError as error:
        raise SpecError(Problem(context.path, str(error))) from error
    held = Held(context.experiment, context.smoke)
    reasons = {form: refused(held, base, form, "float32") for form in forms(context)}
    message = "the base model is measured in the formats of the files before, and {} cannot hold it in float32"
    if problems := [Problem(context.path, message.format(one), hint=why) for one, why in reasons.items() if why]:
        raise SpecError(problems)
    return network


def forms(context: Context) -> list[Format]:
    """The formats of the files that the stages before make of the model as it then is."""
    found: list[Format] = []
    for stage in context.experiment.spec.stages[: context.number - 1]:
        key, section = stage.chosen
        if not stage.keeps_model:
            found = []
        elif key == "quantize":
            found.append(quantize.runtime(*section.chosen))
        elif key == "export":
            found += section.formats
    return list(dict.fromkeys(found))


def _files_of_base(context: Context, base: Any, held: Held) -> list[File]:
    files = make_files(held, base, context.folder / BASE, forms(context), "float32", 0, anew=True)
    if failed := [f"{one.made.format}: {one.made.reason}" for one in files if one.made.path is None]:
        raise RunError(f"stages[{context.number - 1}].bench: the base model as {'; '.join(failed)}")
    return files


def _of_base(context: Context, base: Any, files: Sequence[File], held: Held) -> Iterator[Variant]:
    told = {"of": latency.BASE, "model": "base"}
    yield from in_keras(base, {**told, "file": str(context.base)}, held, is_baseline=True, is_scored=False)
    for one in files:
        record = one.record(context.folder / BASE)
        yield from in_runtimes(context.folder / BASE / record["path"], record, told, held, base, is_scored=False)


def _of_model(context: Context, held: Held) -> Iterator[Variant]:
    """The model in Keras, and the files that the stages since its last change have made."""
    since: list[Any] = []
    network, name = context.network(), "base, unchanged"
    for entry in lineage(context.earlier):
        since, name = ([], entry["name"]) if entry["model"] else ([*since, entry], name)
    told = {"of": latency.MODEL, "model": name, "file": str(context.file)}
    yield from in_keras(network, told, held, is_baseline=False, is_scored=False)
    for entry in since:
        folder = context.folder.parent / entry["name"]
        for one in entry.get("files", ()):
            made = {"of": latency.MODEL, "model": entry["name"]}
            yield from in_runtimes(folder / one["path"], one, made, held, network, is_scored=False)


def _row(facts: dict[str, Any], context: Context) -> dict[str, Any]:
    """What run.json says of a variant: its file by the path in the run's folder."""
    file = Path(facts["file"]).relative_to(context.base.parent)
    return {**{key: facts[key] for key in latency.KEPT}, "file": file.as_posix()}
