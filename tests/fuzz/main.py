"""Runs many cases, shows each way to fail once with its smallest case, and ends with a table."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial

from tests.fuzz.cases import Case, make
from tests.fuzz.judge import Verdict, judge, warm_up
from tests.fuzz.shrink import shrunk

COMMAND_LINE_EVERY = 5
"""Every fifth case also goes through `kspec run`."""


@dataclass
class Tally:
    """What happened so far. failures: signature -> the first case with it, and how many there were."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: dict[str, tuple[int, Case, Verdict]] = field(default_factory=dict)
    count: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)

    def add(self, number: int, case: Case, verdict: Verdict) -> None:
        self.outcomes[case.kind, verdict.outcome] += 1
        self.slowest = max(self.slowest, (verdict.seconds, number))
        if verdict.failure:
            key = signature(verdict)
            self.count[key] += 1
            self.failures.setdefault(key, (number, case, verdict))


def signature(verdict: Verdict) -> str:
    """What failures of one cause have in common: the last place and the kind of a traceback, else the words."""
    lines = verdict.failure.strip().splitlines()
    if verdict.outcome == "traceback":
        places = [line.strip() for line in lines if line.strip().startswith("File")]
        return f"{places[-1] if places else ''} {lines[-1].partition(':')[0]}"
    return re.sub(r"\d+|'[^']*'|\(.*", "", lines[0])[:60]


def fuzz(first: int, count: int, seed: int) -> Tally:
    """Cases `first` to `first + count - 1` of the seed through the spec layer."""
    warm_up()
    tally = Tally()
    for number in range(first, first + count):
        case = make(number, seed)
        tally.add(number, case, judge(case, command_line=number % COMMAND_LINE_EVERY == 0))
    return tally


def fuzz_live(count: int, seed: int) -> Tally:
    """Trains `count` of the accepted mutations of small specs."""
    from kspec.commands.start import start
    from tests.fuzz.live import judge_live

    start()
    tally, number = Tally(), -1
    while count:
        number += 1
        case = make(number, seed, small=True)
        spec = judge(case).spec
        if spec is not None:
            count -= 1
            tally.add(number, case, judge_live(spec))
    return tally


def shown(case: Case) -> str:
    """The case as a person reads it."""
    files = [
        f"--- {name}\n{data.decode('utf-8', errors='backslashreplace')[:2000]!s}" for name, data in case.files.items()
    ]
    return "\n".join([*files, *[f"--- override {one[:500]!r}" for one in case.overrides]])


def report(tally: Tally, seed: int, how: str) -> None:
    """The failures, each with its smallest case and the command that repeats it."""
    for key, (number, case, verdict) in tally.failures.items():
        if how == "read":
            case = shrunk(case, partial(_fails_with, key))
        print(f"\nFAILED {tally.count[key]} times: {key}\n{verdict.failure.strip()[:1500]}\n{shown(case)}")
        option = "--live " if how == "live" else ""
        print(f"repeat: scripts/fuzz {option}--seed {seed} --only {number}")


def _fails_with(key: str, case: Case) -> bool:
    verdict = judge(case)
    return bool(verdict.failure) and signature(verdict) == key


def table(tally: Tally, seconds: float) -> str:
    """How many were accepted and refused, by the kind of mutation."""
    columns = sorted({outcome for _, outcome in tally.outcomes})
    rows = [
        ["mutation", *columns],
        *[
            [kind, *[str(tally.outcomes[kind, one]) for one in columns]]
            for kind in sorted({k for k, _ in tally.outcomes})
        ],
    ]
    rows.append(["all", *[str(sum(n for (_, o), n in tally.outcomes.items() if o == one)) for one in columns]])
    lines = ["  ".join(f"{cell:>10}" for cell in row) for row in rows]
    slowest, number = tally.slowest
    total, failures = sum(tally.outcomes.values()), sum(tally.count.values())
    return "\n".join(
        [
            *lines,
            f"{total:,} specs in {seconds:.0f} s, the slowest {slowest:.3f} s (case {number}), {failures} failures",
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    """`scripts/fuzz`; 1 where anything failed."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=20_000, metavar="N", help="how many specs (20,000)")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other specs (0)")
    parser.add_argument(
        "--live",
        type=int,
        nargs="?",
        const=1,
        default=0,
        metavar="N",
        help="also train N accepted specs of small networks for three steps",
    )
    parser.add_argument("--only", type=int, metavar="CASE", help="repeat one case")
    asked = parser.parse_args(arguments)
    failed = False
    if asked.only is not None:
        return repeat(asked.only, asked.seed, live=bool(asked.live))
    for how, run in (
        ("read", lambda: fuzz(0, asked.count, asked.seed)),
        ("live", lambda: fuzz_live(asked.live, asked.seed)),
    ):
        if how == "live" and not asked.live:
            continue
        started = time.perf_counter()
        tally = run()
        seconds = time.perf_counter() - started
        report(tally, asked.seed, how)
        print(f"\n{how}, seed {asked.seed}\n{table(tally, seconds)}", flush=True)
        failed |= bool(tally.failures)
    return int(failed)


def repeat(number: int, seed: int, *, live: bool) -> int:
    """One case, whole."""
    warm_up()
    case = make(number, seed, small=live)
    verdict = judge(case, command_line=True)
    if live and verdict.spec is not None:
        from tests.fuzz.live import judge_live

        verdict = judge_live(verdict.spec)
    print(f"{shown(case)}\n\n{verdict.outcome} in {verdict.seconds:.3f} s\n{verdict.failure}")
    return int(bool(verdict.failure))


if __name__ == "__main__":
    sys.exit(main())
