"""`kspec check SPEC`: every mistake at once, the traps, and what a run will cost, before it runs."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kspec.check.findings import Finding, errors
from kspec.commands.load import check_place, load
from kspec.errors import KspecError, Problem, SpecError

if TYPE_CHECKING:
    from kspec.check.live import Report
    from kspec.spec import Spec
    from kspec.text import Document


def check(path: str, overrides: Sequence[str], runs: str, *, as_json: bool, only_static: bool, debug: bool) -> bool:
    """Checks a spec and shows what was found; True where there is an error.

    Keras is loaded only for a spec that reads. debug: show the traceback of an error in the real steps.

    Raises:
        UsageError: no such file, or no place for runs; with `as_json` it is an error in the document instead.
    """
    try:
        document, spec = load(path, overrides)
        check_place(runs, spec)
    except SpecError as error:
        return _static(path, errors(error.problems), as_json)
    except KspecError as error:
        if not as_json:
            raise
        return _static(path, errors([Problem((), str(error))]), as_json)
    if only_static:
        return _static(path, [], as_json)
    report = _live(document, spec, runs, as_json)
    if debug and report.traceback:
        print(report.traceback, file=sys.stderr)
    if as_json:
        print(json.dumps(as_tree(path, report.findings, report), indent=2, ensure_ascii=False))
    else:
        from kspec.commands.check_figures import show_figures
        from kspec.commands.check_tables import show_findings

        show_findings(report.findings)
        show_figures(report)
    return report.is_wrong


def _static(path: str, findings: list[Finding], as_json: bool) -> bool:
    if as_json:
        print(json.dumps(as_tree(path, findings, None), indent=2, ensure_ascii=False))
    else:
        from kspec.commands.check_tables import show_findings

        show_findings(findings)
        print("Only the file was read; Keras was not loaded." if findings else "The file reads. Keras was not loaded.")
    return bool(findings)


def _live(document: Document, spec: Spec, runs: str, as_json: bool) -> Report:
    """The live pass. For JSON, what libraries print on standard output goes to standard error."""
    from kspec.commands.start import start

    begin = time.perf_counter()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(sys.stderr) if as_json else _status())
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        start()
        from kspec.check import live
        from kspec.commands.stages.sequence import rehearse as check_after

        loaded = time.perf_counter() - begin
        report = live.check(spec, Path(runs), Path(scratch), check_after)
    report.seconds = {"load": round(loaded, 3), **report.seconds}
    located = [replace(one, problem=document.locate(one.problem)) for one in report.findings]
    report.findings = sorted(located, key=_place)
    return report


@contextlib.contextmanager
def _status() -> Iterator[None]:
    """A spinner on a terminal."""
    from kspec.commands.console import console

    screen = console()
    if screen.is_terminal:
        with screen.status("data, model, a few real steps ..."):
            yield
    else:
        yield


def _place(finding: Finding) -> tuple[str, str, int, int]:
    mark = finding.problem.mark
    return (finding.level, mark.file, mark.line, mark.column) if mark else (finding.level, "", 0, 0)


def as_tree(path: str, findings: Sequence[Finding], report: Report | None) -> dict[str, Any]:
    """The JSON document: `ok`, `errors`, `warnings`, and `figures`, null as far as the check did not come to them."""
    listed: dict[str, list[dict[str, Any]]] = {"error": [], "warning": []}
    for finding in findings:
        listed[finding.level].append(_finding(finding.problem))
    figures = None
    if report is not None and report.experiment is not None:
        from kspec.commands.check_figures import figures_tree

        figures = figures_tree(report, report.experiment)
    return {
        "spec": path,
        "ok": not listed["error"],
        "errors": listed["error"],
        "warnings": listed["warning"],
        "figures": figures,
    }


def _finding(problem: Problem) -> dict[str, Any]:
    mark = problem.mark
    return {
        "file": mark and mark.file,
        "line": mark and mark.line,
        "column": mark and mark.column,
        "path": list(problem.path),
        "message": problem.message,
        "expected": problem.expected,
        "found": problem.found,
        "hint": problem.hint,
    }
