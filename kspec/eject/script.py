"""The whole script: its order and its layout."""

from __future__ import annotations

import ast
import sys
from importlib import metadata
from itertools import pairwise
from textwrap import wrap

from kspec.catalog.kinds import OWN
from kspec.eject.code import WIDTH, Call, Name, flat, quoted, statement
from kspec.eject.data import clean, labels, pipeline, prepare, sources, splits
from kspec.eject.known import Known
from kspec.eject.model import model
from kspec.eject.source import Key, names_in, take
from kspec.eject.training import training

IMPORTS: dict[str, tuple[str, str]] = {
    "Image": ("PIL", "Image"),
    "Path": ("pathlib", "Path"),
    "datasets": ("sklearn", "datasets"),
    "fnmatch": ("fnmatch", ""),
    "json": ("json", ""),
    "keras": ("keras", ""),
    "keras_hub": ("keras_hub", ""),
    "math": ("math", ""),
    "np": ("numpy", ""),
    "pd": ("pandas", ""),
    "tf": ("tensorflow", ""),
    "tfds": ("tensorflow_datasets", ""),
    "train_test_split": ("sklearn.model_selection", "train_test_split"),
}
"""A name that a script may use -> where it comes from: (module, name in it), or (module, "") for the module."""
TRAINING = "Training"
"""The title of the section after the model."""
AS = {"numpy": "np", "pandas": "pd", "tensorflow": "tf", "tensorflow_datasets": "tfds"}
PARTS: dict[str, Key] = {
    **{name: (target.partition(":")[0], name) for names in OWN.values() for name, target in names.items()},
    "Truncate": ("kspec.parts.layers.truncate", "Truncate"),
    "_array": ("kspec.builders.data.sources.tables", "_array"),
    "_mode": ("kspec.builders.data.clean", "_mode"),
    "grouped": ("kspec.parts.optimizers", "grouped"),
    "layer_paths": ("kspec.builders.model.freeze", "layer_paths"),
    "missing": ("kspec.builders.data.labels", "missing"),
    "plain_words": ("kspec.parts.standardize", "plain_words"),
    "plain_words_without_html": ("kspec.parts.standardize", "plain_words_without_html"),
    "text_of": ("kspec.builders.data.labels", "text_of"),
    "view_model": ("kspec.parts.views", "view_model"),
}
"""A name that a script may use -> the part of kspec whose source it then holds."""
PACKAGES = {
    "PIL": "pillow",
    "keras": "keras",
    "keras_hub": "keras-hub",
    "numpy": "numpy",
    "pandas": "pandas",
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow",
    "tensorflow_datasets": "tensorflow-datasets",
}
"""Module -> the distribution that holds it."""


def write(known: Known, command: str, *, explicit: bool = False) -> str:
    """The script.

    command: how it was asked for, for its first lines. explicit: see kspec.eject.component.call.
    """
    sections = [
        ("Data", _data_section(known)),
        ("Batches", pipeline.pipeline(known)),
        ("Model", model(known, explicit=explicit)),
        (TRAINING, training(known)),
        ("Evaluation", _evaluation(known)),
    ]
    body = [_titled(title, paragraphs) for title, paragraphs in sections if paragraphs]
    parts, imports = _needs(body)
    return _assembled(known, command, parts, body, imports)


def _titled(title: str, paragraphs: list[str]) -> list[str]:
    """The paragraphs with a heading above the first."""
    return [heading(title), *paragraphs]


def heading(title: str) -> str:
    """The line above a section."""
    return f"# --- {title} ---"


def _laid_out(sections: list[list[str]]) -> str:
    """Paragraphs with the blank lines between them that PEP 8 asks for."""
    paragraphs = [one for section in sections for one in section if one]
    text = paragraphs[0]
    for before, after in pairwise(paragraphs):
        apart = _defines(before) or _defines(after)
        text += ("\n\n\n" if apart else "\n\n") + after
    return text


def _defines(paragraph: str) -> bool:
    return any(line.startswith(("def ", "class ", "@")) for line in paragraph.splitlines())


def _settings(known: Known) -> list[str]:
    spec, settings = known.spec, known.experiment.settings
    lines = [
        f"SEED = {spec.seed}  # order, augmentation, initial weights and dropout follow from it",
        f"EPOCHS = {spec.training.epochs}",
        f"BATCH_SIZE = {spec.data.batch_size}",
        *wrap(
            f"The number format of Keras' layers, and whether XLA compiles the step. Chosen here: {settings.reason}.",
            width=WIDTH,
            initial_indent="# ",
            subsequent_indent="# ",
        ),
        f"PRECISION = {quoted(settings.precision)}",
        f"JIT_COMPILE = {flat(settings.jit_compile)}",
        f"OUTPUT = Path({quoted(f'{spec.name}_output')})  # the model and the metrics go there",
    ]
    return ["\n".join(lines)]


def _data_section(known: Known) -> list[str]:
    loaded, pieces = sources.load(known)
    found = [
        *loaded,
        *splits.split(known, pieces, by_role=sources.reads_roles(known)),
        *clean.clean(known),
        *labels.labels(known),
        *prepare.prepare(known),
    ]
    if any("take(" in one for one in found) and splits.TAKE not in found:
        found.insert(len(loaded), splits.TAKE)
    steps = f"STEPS_PER_EPOCH = {pipeline.steps(known)}"
    return [*_merged(found), steps]


def _merged(paragraphs: list[str]) -> list[str]:
    """A definition once only, however many steps need it."""
    return list(dict.fromkeys(one for one in paragraphs if one))


def _evaluation(known: Known) -> list[str]:
    held = [role for role in known.roles if role != "train"]
    views = known.spec.evaluate.views
    paragraphs = []
    lines = [
        "# Of the train split, the last epoch: means over its batches, augmented and with dropout.",
        "last = {name: values[-1] for name, values in history.history.items()}",
        'trained = [name for name in last if name != "learning_rate" and not name.startswith("val_")]',
        'results = {"train": {name: last[name] for name in trained}}',
    ]
    for role in held:
        lines.append(f'results["{role}"] = model.evaluate({role}_data, return_dict=True, verbose=0)')
    paragraphs.append("\n".join(lines))
    if views and held:
        made = [
            "# The mean prediction over several views of each image.",
            statement("viewed = ", Call("view_model", (Name("model"), list(views)))),
            "viewed.compile(loss=loss, metrics=metrics(), jit_compile=JIT_COMPILE)",
            *(f'results["{role}_views"] = viewed.evaluate({role}_data, return_dict=True, verbose=0)' for role in held),
        ]
        paragraphs.append("\n".join(made))
    paragraphs.append(
        "for split, values in results.items():\n"
        "    for name, value in values.items():\n"
        '        print(f"{split} {name} {value:.4f}")'
    )
    save = []
    whole = "model"
    if known.datasets.preprocessor is not None and not hasattr(known.model, "backbone"):
        save.append("# The model that is saved takes features as they come: the preprocessor is its first part.")
        save.append(
            'whole = keras.Model(preprocessor.inputs, model(preprocessor.outputs[0]), name="with_preprocessor")'
        )
        whole = "whole"
    save.append(f'{whole}.save(OUTPUT / "model.keras")')
    save.append('(OUTPUT / "metrics.json").write_text(json.dumps(results, indent=2) + "\\n")')
    paragraphs.append("\n".join(save))
    return paragraphs


def _needs(body: list[list[str]]) -> tuple[list[str], dict[str, tuple[str, str]]]:
    """The parts that the body names, and all imports."""
    used = names_in(ast.parse(_laid_out([*body])))
    taken = take([PARTS[name] for name in used if name in PARTS])
    imports = {name: IMPORTS[name] for name in ("Path", *used) if name in IMPORTS}
    return list(taken.sources.values()), {**imports, **taken.imports}


def _assembled(
    known: Known, command: str, parts: list[str], body: list[list[str]], imports: dict[str, tuple[str, str]]
) -> str:
    """The settings stand first: they are what a reader changes."""
    future = ["from __future__ import annotations"] if parts else []
    written = [_titled("Parts of kspec, written out", parts)] if parts else []
    head = [_header(known, command, imports), *future, _import_lines(imports)]
    return _laid_out([head, _settings(known), *written, *body]) + "\n"


def _header(known: Known, command: str, imports: dict[str, tuple[str, str]]) -> str:
    modules = {module.partition(".")[0] for module, _ in imports.values()} | {"tensorflow"}
    needed = sorted(PACKAGES[module] for module in modules if module in PACKAGES)
    pinned = " ".join(f"{name}=={metadata.version(name)}" for name in needed)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = known.spec.name
    return (
        f'"""The experiment {name} in plain Keras; kspec is not needed.\n\n'
        f"Written by: {command} (kspec {metadata.version('kspec')})\n"
        f"Run:        python {name}.py\n"
        f"Needs:      Python {python}; pip install {pinned}\n"
        f"Gives:      {name}_output/ with model.keras and metrics.json. On the same machine with the same versions\n"
        "            the metrics are those of `kspec run`, to the last bit.\n"
        '"""'
    )


def _import_lines(imports: dict[str, tuple[str, str]]) -> str:
    modules = sorted({module for module, name in imports.values() if not name})
    names: dict[str, list[str]] = {}
    for module, name in sorted(set(imports.values()), key=lambda one: one[0].lower()):
        if name:
            names.setdefault(module, []).append(name)
    groups = []
    for standard in (True, False):
        lines = [
            f"import {module} as {AS[module]}" if module in AS else f"import {module}"
            for module in modules
            if _is_standard(module) == standard
        ]
        lines += [
            f"from {module} import {', '.join(sorted(found, key=_import_order))}"
            for module, found in names.items()
            if _is_standard(module) == standard
        ]
        groups.append("\n".join(lines))
    return "\n\n".join(group for group in groups if group)


def _import_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as Ruff sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def _is_standard(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
