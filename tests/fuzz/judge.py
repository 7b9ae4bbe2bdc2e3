"""Reads one case the way a user does and says what is wrong with the answer, if anything."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import re
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kspec import cli
from kspec.errors import KspecError, SpecError
from kspec.spec.reader import load_spec, read
from kspec.spec.writer import write
from kspec.text import read_text
from tests.fuzz import corpus
from tests.fuzz.cases import MAIN, Case
from tests.fuzz.watch import Watched, watching

SLOWEST = 2.0
"""Seconds that reading one spec may take."""
HANG = 10.0
"""Seconds after which it is interrupted."""
LONGEST = 50_000
"""Characters that the whole message may have: 50 problems of a screen's width and more."""
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Verdict:
    """outcome: "accepted" or the name of the error. failure: what is wrong with kspec, "" for nothing."""

    outcome: str
    seconds: float
    failure: str = ""
    spec: Any = None


class Hang(BaseException):
    """No Exception, so that no handler of kspec swallows it."""


@contextlib.contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Interrupts the block after that many seconds."""

    def ring(*_: Any) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def warm_up() -> None:
    """Lets Python import what reading and refusing need, so that later imports are the spec's doing."""
    import kspec.commands.load  # noqa: F401

    codecs.lookup("utf-8-sig")  # a module, read on first use

    for text in (*corpus.texts().values(), "a: [", "a: \0", "{"):
        with contextlib.suppress(KspecError):
            write(read(read_text(text)))


def judge(case: Case, *, command_line: bool = False) -> Verdict:
    """Reads the case in an empty folder. command_line: a refused one also through `kspec run`."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "work"))
        os.chdir(os.path.join(folder, "work"))
        try:
            for name, data in case.files.items():
                with open(name, "wb") as file:
                    file.write(data)
            return _judged(case, folder, command_line)
        finally:
            os.chdir(here)


def _judged(case: Case, folder: str, command_line: bool) -> Verdict:
    named = frozenset(_words(case))
    started = time.perf_counter()
    spec, error = None, None
    watched = Watched(os.path.join(folder, "work"), named)
    with watching(watched):
        try:
            with alarm(HANG):
                spec = load_spec(MAIN, case.overrides)
        except KspecError as refused:
            error = refused
        except Hang:
            return Verdict("hang", HANG, f"no answer in {HANG} s")
        except BaseException:
            return Verdict("traceback", time.perf_counter() - started, traceback.format_exc(limit=-4))
    seconds = time.perf_counter() - started
    outcome = "accepted" if error is None else type(error).__name__
    wrong = [*watched.problems[:3], *_left(case, folder)]
    if seconds > SLOWEST:
        wrong.append(f"{seconds:.1f} s, more than {SLOWEST} s")
    if error is not None:
        wrong += message_faults(error, case)
        if command_line:
            wrong += command_line_faults(case, folder, error)
    else:
        wrong += round_trip_faults(spec)
    return Verdict(outcome, seconds, "\n".join(wrong), spec)


def _words(case: Case) -> set[str]:
    """Every text of the case that could be the name of a file."""
    texts = [data.decode("utf-8", errors="replace") for data in case.files.values()]
    return {word for text in texts for word in re.split(r"[\s\"',\[\]{}]+", text) if word and len(word) < 300}


def _left(case: Case, folder: str) -> list[str]:
    """Files that were not there before, or are not what they were."""
    found = {os.path.relpath(os.path.join(at, name), folder) for at, _, names in os.walk(folder) for name in names}
    expected = {os.path.join("work", name) for name in case.files}
    changed = []
    for name, data in case.files.items():
        with open(name, "rb") as file:
            if file.read() != data:
                changed.append(name)
    return [f"files: {sorted(found ^ expected)} {changed}"] if found != expected or changed else []


def message_faults(error: KspecError, case: Case) -> list[str]:
    """What is wrong with a refusal: exit code, marks, length, control characters."""
    wrong = [] if error.exit_code == 2 else [f"exit code {error.exit_code}"]
    text = str(error)
    if len(text) > LONGEST:
        wrong.append(f"a message of {len(text)} characters")
    if found := _CONTROL.search(text):
        wrong.append(f"the control character {found[0]!r} in the message")
    if not isinstance(error, SpecError):
        return [*wrong, f"a {type(error).__name__} for a file that is there: {text[:200]}"]
    if not error.problems:
        wrong.append("no problem in the error")
    return [*wrong, *[fault for problem in error.problems for fault in _mark_faults(problem, case)]]


def _mark_faults(problem: Any, case: Case) -> list[str]:
    mark = problem.mark
    if mark is None:
        return [f"no mark: {problem.path} {problem.message[:200]}"]
    if not problem.message.strip():
        return [f"no message at {problem.path}"]
    where = f"{mark.file}:{mark.line}:{mark.column} ({problem.message[:80]})"
    if mark.file == "<command line>":
        lines = [_BREAK.sub(lambda found: " " * len(found[0]), text) for text in case.overrides]
        fits = [line for line in lines if mark.column <= len(line) + 1 and _same(mark.text, line)]
        return [] if mark.line == 1 and fits else [f"the mark is in no override: {where}"]
    name = os.path.normpath(mark.file)
    if name not in case.files:
        return [] if os.path.exists(mark.file) else [f"the mark is in no file: {where}"]
    data = case.files[name]
    lines = _BREAK.split(data.decode("utf-8-sig", errors="replace"))
    if not 1 <= mark.line <= len(lines):
        return [f"the mark is in no line: {where}"]
    line = lines[mark.line - 1]
    if not 1 <= mark.column <= len(line) + 1:
        return [f"the mark is in no column: {where}"]
    return (
        [] if not mark.text or _same(mark.text, line) else [f"the mark shows another line: {where} {mark.text[:80]!r}"]
    )


def _same(shown: str, line: str) -> bool:
    """Whether a mark shows this line, or the beginning of it; what cannot be printed is replaced."""
    start = shown.removesuffix("...") if len(shown) > 200 else shown
    part = line if start == shown else line[: len(start)]
    return len(part) == len(start) and all(a == b or a == "\ufffd" for a, b in zip(start, part, strict=True))


def command_line_faults(case: Case, folder: str, error: KspecError) -> list[str]:
    """What is wrong with the answer of `kspec run` to a spec that `load_spec` refuses."""
    out, err = io.StringIO(), io.StringIO()
    arguments = ["run", "--runs", "runs", "--", MAIN, *case.overrides]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), alarm(HANG):
        code = cli.guarded(lambda: cli.cli.main(arguments, prog_name="kspec", standalone_mode=False), False)
    wrong = [] if code == 2 else [f"the command line ends with exit code {code}"]
    if "Traceback" in err.getvalue():
        wrong.append("a traceback on the command line")
    if not err.getvalue().startswith(str(error)):
        wrong.append(f"the command line says something else: {err.getvalue()[:300]}")
    return wrong + ([f"on the output: {out.getvalue()[:200]}"] if out.getvalue() else []) + _left(case, folder)


def round_trip_faults(spec: Any) -> list[str]:
    """What is wrong with an accepted spec: written out whole, it must read back to itself."""
    try:
        again = read(read_text(write(spec)))
    except Exception as error:
        return [f"the complete spec does not read back: {type(error).__name__} {str(error)[:400]}"]
    return [] if again == spec else ["the complete spec reads back to another one"]
