"""`kspec list [KIND]`: what a spec can name, from the catalogue, without importing Keras."""

from __future__ import annotations

import shutil
import textwrap

from kspec import catalog
from kspec.errors import UsageError, did_you_mean

# Sections whose names are keys of the spec rather than components of the catalogue.
SECTIONS = {
    "source": "tfds keras sklearn image_folder text_folder csv parquet npz",
    "clean": "drop_duplicates drop_missing fill_missing clip_outliers drop_labels map_labels",
    "decay": "constant cosine cosine_restarts linear polynomial exponential step inverse_sqrt one_cycle plateau",
}


def show(kind: str | None) -> None:
    """Prints the names of every kind, or those of one kind with their arguments.

    Raises:
        UsageError: no such kind.
    """
    if kind is None:
        for one, names in everything().items():
            print(f"{one} ({len(names)})")
            print(wrapped(", ".join(names), "  "))
        return
    if kind not in everything():
        hint = did_you_mean(kind, everything())
        raise UsageError(
            f"no kind '{kind}'\n       expected: {', '.join(everything())}{hint and chr(10) + '       hint: ' + hint}"
        )
    for name in everything()[kind]:
        print(name if kind in SECTIONS else described(kind, name))


def everything() -> dict[str, list[str]]:
    """Kind to names."""
    return {
        **{kind: names.split() for kind, names in SECTIONS.items()},
        **{k: catalog.names(k) for k in catalog.kinds()},
    }


def described(kind: str, name: str) -> str:
    """A component with its first sentence and its arguments."""
    entry = catalog.entry(kind, name)
    arguments = ", ".join(
        key if argument.required else f"{key}={argument.default!r}" for key, argument in entry.arguments.items()
    )
    origin = f" [plug-in {entry.plugin}]" if entry.plugin else ""
    first = f"{name}: {entry.summary}{origin}"
    return f"{first}\n{wrapped(arguments, '    ')}" if arguments else first


def wrapped(text: str, indent: str) -> str:
    """Text in lines of the terminal's width."""
    width = min(shutil.get_terminal_size().columns, 110)
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
