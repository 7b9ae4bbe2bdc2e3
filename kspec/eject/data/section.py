"""The data section: load, split, clean, write the labels, prepare."""

from __future__ import annotations

from kspec.eject.data.clean import clean
from kspec.eject.data.labels import labels
from kspec.eject.data.pipeline import steps
from kspec.eject.data.prepare import prepare
from kspec.eject.data.sources import load, reads_roles
from kspec.eject.data.splits import split
from kspec.eject.known import Known

TAKE = '''\
def take(table, rows):
    """Some rows of a table."""
    return {name: column[rows] for name, column in table.items()}'''


def data(known: Known) -> list[str]:
    """The paragraphs that make x_train, y_train and so on, as the network reads them."""
    loaded, pieces = load(known)
    after = [*split(known, pieces, by_role=reads_roles(known)), *clean(known), *labels(known), *prepare(known)]
    helpers = [TAKE] if any("take(" in one for one in after) else []
    # A definition stands once, however many steps need it.
    unique = list(dict.fromkeys([*loaded, *helpers, *after]))
    return [*unique, f"STEPS_PER_EPOCH = {steps(known)}"]
