"""The evaluation section: metrics on every split, printed and written down, and the saved model."""

from __future__ import annotations

from kspec.eject.code import Call, Name, statement
from kspec.eject.known import Known

PRINT = """\
for split, values in results.items():
    for name, value in values.items():
        print(f"{split} {name} {value:.4f}")"""


def evaluation(known: Known) -> list[str]:
    """The paragraphs after `fit`."""
    held = [role for role in known.roles if role != "train"]
    names = ["loss", *(metric.name for metric in known.experiment.plan.metrics)]
    lines = [
        "# Those of train are means over the last epoch, as the model changed; the others are of the finished model.",
        statement("names = ", names),
        'results = {"train": {name: history.history[name][-1] for name in names}}',
        *(f'results["{role}"] = model.evaluate({role}_data, return_dict=True, verbose=0)' for role in held),
    ]
    return ["\n".join(lines), *_views(known, held), PRINT, "\n".join(_saved(known))]


def _views(known: Known, held: list[str]) -> list[str]:
    views = list(known.spec.evaluate.views)
    if not views or not held:
        return []
    lines = [
        "# The same with the mean prediction over several views of each image.",
        statement("viewed = ", Call("view_model", (Name("model"), views))),
        "viewed.compile(loss=loss, metrics=metrics(), jit_compile=JIT_COMPILE)",
        *(f'results["{role}_views"] = viewed.evaluate({role}_data, return_dict=True, verbose=0)' for role in held),
    ]
    return ["\n".join(lines)]


def _saved(known: Known) -> list[str]:
    write = '(OUTPUT / "metrics.json").write_text(json.dumps(results, indent=2) + "\\n")'
    # A KerasHub task prepares what it is given by itself.
    if known.datasets.preprocessor is None or hasattr(known.model, "backbone"):
        return ['model.save(OUTPUT / "model.keras")', write]
    return [
        "# The saved model starts with the preprocessor, so that it takes features as they come.",
        'whole = keras.Model(preprocessor.inputs, model(preprocessor.outputs[0]), name="with_preprocessor")',
        'whole.save(OUTPUT / "model.keras")',
        write,
    ]
