"""`base` of a spec: the trained model that its stages start from."""

from __future__ import annotations

from pathlib import Path

from kspec import artifacts
from kspec.builders.examples import Datasets
from kspec.builders.trained import trained_file
from kspec.errors import Problem, SpecError, UsageError
from kspec.spec import Spec
from kspec.spec.model import Model

PATH = ("base",)


def on_base(spec: Spec, file: Path | None = None) -> Spec:
    """The spec with the file of its base as its model; as it is where it has no base.

    file: of the same model, for a run that has a copy of it.

    Raises:
        SpecError: there is no such model.
    """
    if spec.base is None:
        return spec
    found = trained_file(spec.base, PATH) if file is None else file
    return spec.model_copy(update={"model": Model(file=str(found))})


def check_base(spec: Spec, datasets: Datasets) -> None:
    """Refuses a base that was trained on another split of the data: it may have seen what it would be measured on.

    Raises:
        SpecError: it is a run, and its data have another fingerprint.
    """
    folder = Path(spec.base or "")
    if spec.base is None or not (folder / artifacts.RECORD).is_file():
        return
    try:
        then = artifacts.read_record(folder)["data"]["fingerprint"]
    except (UsageError, KeyError, TypeError) as error:
        raise SpecError(Problem(PATH, f"its {artifacts.RECORD} cannot be read: {error}", found=spec.base)) from error
    if then != datasets.fingerprint:
        message = "was trained on other data, or on another split of them: their fingerprint differs"
        hint = "`kspec diff` of the base and this spec shows what of `data` and `seed` is another"
        raise SpecError(Problem(PATH, message, found=spec.base, hint=hint))
