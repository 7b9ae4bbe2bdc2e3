"""`kspec diff A B`: what differs between two specs or two runs, in values and in results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kspec import artifacts
from kspec.catalog.types import flow
from kspec.commands.console import console
from kspec.commands.differences import ABSENT, Difference, brief, differences
from kspec.commands.load import load
from kspec.commands.origin import leaves, origin
from kspec.errors import dotted
from kspec.text import Document

FACTS = ("status", "epochs", "versions", "git", "device", "data", "model", "examples_per_second", "timing")
"""What of run.json is compared besides metrics and weights."""
LEFT_OUT = ("device.reason", "data.cleaning", "data.class_names")
"""Of these, what follows from the rest or is no single value."""
TIMES = ("examples_per_second", "timing.fit")
"""Facts that are shown even where they are equal, so that the cost stands beside the result."""


@dataclass(frozen=True)
class Side:
    """One of the two: its complete spec, and run.json where it is a run."""

    label: str
    document: Document
    tree: dict[str, Any]
    record: dict[str, Any] | None


def diff(first: str, second: str, as_json: bool) -> None:
    """Prints what differs.

    Raises:
        UsageError: no such file, or not a run.
        SpecError: a spec is wrong.
    """
    a, b = side(first), side(second)
    found = differences(a.tree, b.tree)
    results = _results(a, b) if a.record or b.record else []
    facts = _facts(a, b) if a.record and b.record else []
    if as_json:
        print(json.dumps(_as_json(a, b, found, results, facts), indent=2, ensure_ascii=False))
        return
    screen = console()
    _show_spec(screen, a, b, found)
    if results:
        _show_results(screen, a, b, results)
    if a.record and b.record:
        _show_facts(screen, a, b, facts)


def side(path: str) -> Side:
    """A spec file, or the folder of a run."""
    folder = Path(path)
    record = artifacts.read_record(folder) if folder.is_dir() else None
    document, spec = load(path if record is None else str(folder / artifacts.SPEC), ())
    return Side(path.rstrip("/"), document, spec.model_dump(mode="json"), record)


def _show_spec(screen: Console, a: Side, b: Side, found: list[Difference]) -> None:
    counted = [one for one in found if one.path != ("name",)]
    if not counted:
        names = f"; only the name differs: {a.tree['name']}, {b.tree['name']}" if found else ""
        screen.print(f"the same experiment{names}", markup=False)
        return
    table = _table("spec", a, b)
    for one in found:
        table.add_row(dotted(one.path), _cell(a, one, one.first), _cell(b, one, one.second))
    screen.print(table)


def _cell(one: Side, found: Difference, value: Any) -> Text:
    """A value and, in a line of its own, what set it; of a run only the value, for its spec holds every default."""
    if value is ABSENT:
        return Text("-")
    short = brief(found.path, value)
    text = Text("its defaults" if short == {} else _words(short))
    if one.record is None:
        text.append(f"\n{origin(found.path, one.document).text}", style="dim")
    return text


def _results(a: Side, b: Side) -> list[tuple[str, Any, Any]]:
    """Split and metric, and its value on either side."""
    first, second = (dict(_measured(one.record)) for one in (a, b))
    paths = [path for path in dict.fromkeys([*first, *second]) if path]
    return [(" ".join(map(str, path)), first.get(path), second.get(path)) for path in paths]


def _measured(record: Mapping[str, Any] | None) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Metrics of a run, then those of each stage with the stage's name in front."""
    if record is None:
        return
    yield from leaves(record.get("metrics"))
    for stage in record.get("stages") or ():
        yield from leaves({"metrics": stage["metrics"], **stage["quantities"]}, (stage["name"],))


def _show_results(screen: Console, a: Side, b: Side, results: list[tuple[str, Any, Any]]) -> None:
    table = _table("result", a, b)
    table.add_column("difference", justify="right")
    for name, first, second in results:
        change = "" if first is None or second is None else f"{second - first:+.4f}"
        table.add_row(name.replace("_", " "), _number(first), _number(second), change)
    screen.print(table)


def _facts(a: Side, b: Side) -> list[tuple[str, Any, Any]]:
    """What else is known of the two runs, as far as it differs, and the times."""
    first, second = (
        {
            name: value
            for key in FACTS
            for path, value in leaves((one.record or {}).get(key), (key,))
            if (name := dotted(path)) not in LEFT_OUT
        }
        for one in (a, b)
    )
    rows = [(name, first.get(name), second.get(name)) for name in dict.fromkeys([*first, *second])]
    return [row for row in rows if row[0] in TIMES or (row[1] != row[2] and not row[0].startswith("timing."))]


def _show_facts(screen: Console, a: Side, b: Side, facts: list[tuple[str, Any, Any]]) -> None:
    table = _table("run", a, b)
    for name, first, second in facts:
        unit = " s" if name.startswith("timing.") else ""
        table.add_row(name, *(_words(value)[:48] + (unit if value is not None else "") for value in (first, second)))
    screen.print(table)
    digests = [(one.record or {}).get("weights_sha256") for one in (a, b)]
    if digests[0] and digests[0] == digests[1]:
        screen.print("The weights are the same to the last bit.")


def _table(title: str, a: Side, b: Side) -> Table:
    table = Table(show_lines=title == "spec")
    table.add_column(title, style="cyan", no_wrap=True)
    labels = _labels(a.label, b.label)
    for label in labels:
        table.add_column(label, overflow="fold")
    return table


def _labels(first: str, second: str) -> tuple[str, str]:
    """The ends of two paths that tell them apart."""
    one, other = Path(first).parts, Path(second).parts
    shared = 0
    while shared < min(len(one), len(other)) - 1 and one[shared] == other[shared]:
        shared += 1
    return str(Path(*one[shared:])), str(Path(*other[shared:]))


def _words(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else flow(value)


def _number(value: Any) -> str:
    return "-" if value is None else f"{value:.4f}"


def _as_json(
    a: Side,
    b: Side,
    found: list[Difference],
    results: list[tuple[str, Any, Any]],
    facts: list[tuple[str, Any, Any]],
) -> dict[str, Any]:
    """The comparison for machines; a key that one side does not have is left out there."""
    rows = []
    for one in found:
        row: dict[str, Any] = {"key": dotted(one.path)}
        for name, where, value in (("a", a, one.first), ("b", b, one.second)):
            if value is not ABSENT:
                row |= {name: value, f"{name}_set_by": origin(one.path, where.document).text}
        rows.append(row)
    return {
        "a": a.label,
        "b": b.label,
        "same": all(one.path == ("name",) for one in found),
        "spec": rows,
        "results": [
            {"metric": name, "a": x, "b": y, "difference": None if x is None or y is None else y - x}
            for name, x, y in results
        ],
        "run": [{"what": name, "a": x, "b": y} for name, x, y in facts],
    }
