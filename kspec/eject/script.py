"""The whole script: its order."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import metadata
from textwrap import wrap

from kspec.eject.code import WIDTH, flat, quoted
from kspec.eject.data.pipeline import pipeline
from kspec.eject.data.section import data
from kspec.eject.evaluation import evaluation
from kspec.eject.known import Known
from kspec.eject.layout import comment, heading, laid_out
from kspec.eject.model import model
from kspec.eject.needs import Needs, needs
from kspec.eject.preset import requirements
from kspec.eject.training import training

MODEL, TRAINING = "Model", "Training"
"""The titles of two sections."""
SAME = "On the same machine with the same versions the metrics are those of `kspec run`, to the last bit."
BASELINE = "the baseline that `data.baseline` lets `kspec run` fit beside the model."
PARTS = "Parts of kspec, as they are there; for a first reading go on at Data"


def write(known: Known, command: str, file: str, *, explicit: bool = False) -> str:
    """The script.

    command: how it was asked for; file: its name; the first lines say both. explicit: see kspec.eject.component.call.
    """
    sections = {
        "Data": data(known),
        "Batches": pipeline(known),
        MODEL: model(known, explicit=explicit),
        TRAINING: training(known),
        "Evaluation": evaluation(known),
    }
    body = [one for title, paragraphs in sections.items() for one in (heading(title), *paragraphs)]
    needed = needs(laid_out(body))
    future = ["from __future__ import annotations"] if needed.parts else []
    parts = [heading(PARTS), *needed.parts] if needed.parts else []
    head = [_header(known, command, file, needed), *future, needed.import_lines, _settings(known)]
    return laid_out([*head, *parts, *body]) + "\n"


def _header(known: Known, command: str, file: str, needed: Needs) -> str:
    name = known.spec.name
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    lines = [
        *_told("Written by:", [*shown(command).split(" "), f"(kspec {metadata.version('kspec')})"]),
        *_told("Run:", ["python", shown(file)]),
        *_told("Needs:", [f"Python {python};", "pip install", *needed.requirements, *requirements(known)]),
        *_told("Gives:", [f"{name}_output/ with model.keras and metrics.json.", SAME]),
        *(_told("Left out:", [BASELINE]) if known.data.baseline else []),
    ]
    told = "\n".join(lines)
    return f'"""The experiment {name} in plain Keras; kspec is not needed.\n\n{told}\n"""'


def _told(label: str, words: Sequence[str]) -> list[str]:
    start, later = f"{label:<12}", " " * 12
    text = " ".join(words)
    return wrap(text, WIDTH, initial_indent=start, subsequent_indent=later, break_on_hyphens=False)


def shown(text: str) -> str:
    """A text of the user's, which must not end the docstring that it stands in."""
    return "".join(letter if letter.isprintable() and letter not in '"\\\\' else "?" for letter in text)


def _settings(known: Known) -> str:
    spec, settings = known.spec, known.experiment.settings
    chosen = settings.reason
    lines = [
        f"SEED = {spec.seed}  # order, augmentation, initial weights and dropout follow from it",
        f"EPOCHS = {spec.training.epochs}",
        f"BATCH_SIZE = {spec.data.batch_size}",
        *comment(f"The number format of Keras' layers, and whether XLA compiles the step. As kspec chose: {chosen}."),
        f"PRECISION = {quoted(settings.precision)}",
        f"JIT_COMPILE = {flat(settings.jit_compile)}",
        f"OUTPUT = Path({quoted(f'{spec.name}_output')})  # the model and the metrics go there",
    ]
    return "\n".join(lines)
