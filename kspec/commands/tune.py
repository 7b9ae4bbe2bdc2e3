"""`kspec tune SPEC`: searches for the best values of keys of the spec."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from kspec import artifacts, text
from kspec.commands import plugins, record
from kspec.commands.console import log, restart_log, say
from kspec.commands.estimate import estimate
from kspec.commands.hire import Hire, hiring
from kspec.commands.load import load
from kspec.commands.search_lines import SearchLines
from kspec.commands.search_report import finish
from kspec.commands.signals import stopping
from kspec.commands.since import DECIDING, differing, other_versions_than
from kspec.commands.start import start as start_keras
from kspec.commands.workers import Task
from kspec.errors import UsageError
from kspec.spec import Spec
from kspec.text import Document
from kspec.tuning import record as records
from kspec.tuning.check import check
from kspec.tuning.folder import Search
from kspec.tuning.record import FINISHED
from kspec.tuning.search import conduct
from kspec.tuning.table import write_best, write_table


def tune(document: Document, spec: Spec, runs: str, jobs: int, on: str | None = None) -> Path:
    """Runs the search of a spec and returns its folder.

    Args:
        document: knows where each key of the spec stands.
        spec: with `tune`.
        runs: the folder that holds the folders of runs and searches.
        jobs: trainings beside each other.
        on: where they run; see kspec/commands/hire.py.

    Raises:
        SpecError, UsageError: something the user can mend; nothing was trained.
        RunError: trials failed, one after the other; or there is no cluster.
        KeyboardInterrupt: it was stopped; `kspec resume` goes on.
    """
    found, axes, ready = check(document, spec)
    restart_log()
    folder = artifacts.plan(Path(runs), spec.name, datetime.now())
    content = text.dump(ready.tree)
    facts = {
        "name": spec.name,
        "command": record.command_line(),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "versions": versions(),
        "plugins": plugins.of_run(spec),
        "git": record.git_state(),
    }
    with hiring(on, jobs) as hire:
        artifacts.create(folder)
        artifacts.write_text(folder / artifacts.SPEC, content)
        search = Search(folder, spec, found, axes, ready, records.Record(facts, content))
        records.write(folder, search.record)
        run(search, jobs, hire)
    return folder


def dry_run(document: Document, spec: Spec, jobs: int) -> None:
    """Says how large a search is, and what it would take; leaves nothing behind.

    Raises:
        SpecError: as `tune`. RunError: the spec itself cannot be trained.
    """
    found, axes, _ = check(document, spec)
    estimate(spec, found, axes, jobs)


def resume(folder: str, jobs: int, other_versions: bool = False, on: str | None = None) -> None:
    """Goes on with a search.

    Raises:
        UsageError: its spec or the versions are others; another process runs it.
        As `tune`.
    """
    place = Path(folder)
    before = records.read(place)
    if before.status == FINISHED:
        print(f"{place}: the search has finished; there is nothing to resume")
        return
    _same_spec(place, before.spec)
    others = other_versions_than(before.facts["versions"], (*DECIDING, *TUNER))
    changed = "; ".join([*plugins.needed(place, before.facts), *others])
    if changed and not other_versions:
        raise UsageError(f"{place}: not the versions the search began with: {changed}; it would go on differently\n"
                         "       hint: install those, or go on all the same with --other-versions")  # fmt: skip
    document, spec = load(str(place / artifacts.SPEC), ())
    found, axes, ready = check(document, spec)
    restart_log((place / artifacts.LOG).read_text(encoding="utf-8") if (place / artifacts.LOG).is_file() else "")
    search = Search(place, spec, found, axes, ready, before)
    done, open_ = len(before.ended()), len(before.open())
    say(f"resume {place}: {done} trials have ended" + (f", {open_} go on" if open_ else ""))
    with hiring(on, jobs) as hire:
        run(search, jobs, hire, other_versions)


def run(search: Search, jobs: int, hire: Hire, other_versions: bool = False) -> None:
    """Runs a search in its folder to its end. hire: gives those who train for it."""
    files = [one["file"] for one in search.record.facts["plugins"] if one["file"]]
    lines = SearchLines(search)
    trainings = search.tune.executions * (search.tune.folds or 1)
    left = None if lines.total is None else trainings * (lines.total - len(search.record.ended()))
    task = Task(jobs, left, search.record.facts["versions"], files, other_versions, lines.say)
    with _locked(search.folder), stopping() as stop, hire(task) as workers:
        stop.patient = True
        lines.begin(workers.jobs)
        start_keras()
        from kspec.tuning.oracle import Oracle  # with Keras and TensorFlow; the first worker loads them beside it

        oracle = Oracle(search.tune, search.axes, search.spec.seed, search.spec.training.epochs)
        try:
            conduct(search, oracle, workers, stop.asked, lines.watch)
        except KeyboardInterrupt:
            lines.close()
            _write(search)
            raise KeyboardInterrupt(
                f"{stop.reason or 'interrupted by the user'}\n       go on with: kspec resume {search.folder}"
            ) from None
        finally:
            lines.close()
            _write(search)
    finish(search)
    artifacts.write_text(search.folder / artifacts.LOG, log())


def _write(search: Search) -> None:
    write_table(search)
    write_best(search)
    artifacts.write_text(search.folder / artifacts.LOG, log())


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds the search for this process.

    Raises:
        UsageError: another process has it.
    """
    lock = FileLock(folder / records.LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UsageError(f"{folder}: another process runs this search\n"
                         "       hint: wait for it, or stop it; then try again") from error  # fmt: skip
    try:
        yield
    finally:
        lock.release()


def versions() -> dict[str, str]:
    """As of a run, and those of what proposes the trials."""
    return record.versions((*record.PACKAGES, *TUNER))


TUNER = ("keras-tuner", "scikit-learn", "scipy")
"""The packages that decide which trials are proposed."""


def _same_spec(place: Path, then: str) -> None:
    now = (place / artifacts.SPEC).read_text(encoding="utf-8")
    if now == then:
        return
    what = ", ".join(differing(text.read_text(then).tree, text.read_text(now).tree)) or "only how it is written"
    message = f"changed since the search began: {what}"
    hint = f"undo the change, or start a new search: kspec tune {place / artifacts.SPEC}"
    raise UsageError(f"{place / artifacts.SPEC}: {message}\n       hint: {hint}")
