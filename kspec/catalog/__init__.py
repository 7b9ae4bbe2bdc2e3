"""The catalogue: every component name a spec can use, what each takes, and the way from a name to the object.

Reading it takes milliseconds and imports neither Keras nor TensorFlow; only `resolve` and `instantiate` do, and a
plug-in where there is one.
`scripts/index` writes `index.json` from the installed Keras and the tables in `kinds.py`.
"""

from kspec.catalog.check import check
from kspec.catalog.index import (
    Argument,
    Entry,
    Index,
    aliases,
    defaults,
    entry,
    find,
    kinds,
    knows,
    load,
    load_plugin,
    names,
)
from kspec.catalog.plugins import installed as load_installed
from kspec.catalog.resolve import instantiate, resolve

__all__ = [
    "Argument",
    "Entry",
    "Index",
    "aliases",
    "check",
    "defaults",
    "entry",
    "find",
    "instantiate",
    "kinds",
    "knows",
    "load",
    "load_installed",
    "load_plugin",
    "names",
    "resolve",
]
