"""A slice of `scripts/fuzz`, and the fuzzer itself: it repeats, it sees what is wrong, it makes cases small."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kspec.errors import Mark, Problem, RunError, SpecError
from kspec.text import dump
from tests.fuzz import cases, corpus, judge, main
from tests.fuzz.cases import MAIN, Case, make
from tests.fuzz.shrink import shrunk
from tests.strategies import specs

SLICE = 500
LIVE = 6


@pytest.fixture(autouse=True, scope="module")
def warm():
    judge.warm_up()


def told(tally):
    """Each failure with the case that shows it, for pytest's message."""
    return [f"{key}: {verdict.failure}\n{main.shown(case)}" for key, (_, case, verdict) in tally.failures.items()]


def test_a_slice_of_mutated_specs():
    tally = main.fuzz(0, SLICE, seed=0)
    assert told(tally) == []
    assert sum(tally.outcomes.values()) == SLICE
    outcomes = {outcome for _, outcome in tally.outcomes}
    assert outcomes == {"accepted", "SpecError"}
    assert {kind for kind, _ in tally.outcomes} == set(cases.KINDS)


def test_a_slice_of_accepted_specs_is_trained():
    tally = main.fuzz_live(LIVE, seed=0)
    assert told(tally) == []
    assert any(outcome == "trained" for _, outcome in tally.outcomes)


@pytest.mark.parametrize("name", corpus.valid())
def test_what_the_mutations_start_from_is_valid(name):
    assert judge.judge(Case({MAIN: corpus.valid()[name].encode()})).outcome == "accepted"


@given(specs)
@settings(max_examples=40, deadline=None)
def test_any_valid_spec_is_accepted(tree):
    verdict = judge.judge(Case({MAIN: dump(tree).encode()}))
    assert (verdict.outcome, verdict.failure) == ("accepted", "")


@given(st.text(max_size=60), st.lists(st.text(max_size=30).filter(lambda text: "\0" not in text), max_size=2))
@settings(max_examples=150, deadline=None)
def test_any_text_is_answered(text, overrides):
    """Hypothesis knows odd characters that the table of the mutations does not."""
    case = Case({MAIN: text.encode("utf-8", errors="surrogatepass")}, tuple(overrides))
    assert judge.judge(case, command_line=True).failure == ""


@given(st.binary(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_answered(data):
    assert judge.judge(Case({MAIN: data})).failure == ""


def test_a_case_is_a_function_of_seed_and_number():
    assert make(7, 3) == make(7, 3)
    assert make(7, 3) != make(7, 4) != make(8, 4)
    assert len({str(make(number, 0)) for number in range(200)}) > 190


def answer(monkeypatch, call):
    """What the judge says where `load_spec` does something else."""
    monkeypatch.setattr(judge, "load_spec", call)
    return judge.judge(Case({MAIN: b"a: 1\nb: 2\n"}))


def raiser(error):
    def load(*_):
        raise error

    return load


MARK = Mark(MAIN, 2, 4, "b: 2")


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ValueError("oh"), "ValueError: oh"),
        (RecursionError("deep"), "RecursionError"),
        (SystemExit(3), "SystemExit"),
        (RunError("late"), "exit code 1"),
        (SpecError(Problem(("a",), "wrong")), "no mark"),
        (SpecError([]), "no problem"),
        (SpecError(Problem((), "wrong", mark=Mark(MAIN, 4, 1, ""))), "in no line"),
        (SpecError(Problem((), "wrong", mark=Mark(MAIN, 2, 9, ""))), "in no column"),
        (SpecError(Problem((), "wrong", mark=Mark(MAIN, 2, 1, "a: 1"))), "another line"),
        (SpecError(Problem((), "wrong", mark=Mark("other.yaml", 1, 1, ""))), "in no file"),
        (SpecError(Problem((), "wrong", mark=Mark("<command line>", 1, 1, ""))), "in no override"),
        (SpecError([Problem((), "wrong", found="x" * 1000, mark=MARK)] * 60), "characters"),
        (SpecError(Problem((), "wrong", mark=MARK)), ""),
    ],
)
def test_the_judge_sees_a_bad_answer(monkeypatch, error, failure):
    assert failure in answer(monkeypatch, raiser(error)).failure
    assert bool(failure) == bool(answer(monkeypatch, raiser(error)).failure)


def test_the_judge_sees_files_and_programs(monkeypatch, tmp_path):
    def load(*_):
        open("stray", "w").close()
        open("/etc/hostname").close()
        os.system("true")
        raise SpecError(Problem((), "wrong", mark=MARK))

    failure = answer(monkeypatch, load).failure
    for seen in ("for writing", "/etc/hostname for reading, which the spec does not name", "os.system", "'work/stray'"):
        assert seen in failure


def test_the_judge_sees_a_hang(monkeypatch):
    def load(*_):
        while True:
            pass

    monkeypatch.setattr(judge, "HANG", 0.1)
    assert answer(monkeypatch, load).failure == "no answer in 0.1 s"


def test_a_failing_case_becomes_small():
    lines = [f"key{number}: value" for number in range(40)]
    case = Case({MAIN: "\n".join(lines).encode(), "other.yaml": b"x"}, ("a=1", "b=2"))
    small = shrunk(case, lambda one: b"y17" in one.files[MAIN] and "b=2" in one.overrides)
    assert small.files == {MAIN: b"y17"}
    assert small.overrides == ("b=2",)


def test_the_script_repeats_a_case_and_ends_with_a_table(capsys):
    assert main.main(["20", "--seed", "5"]) == 0
    assert "20 specs in" in capsys.readouterr().out
    assert main.main(["--seed", "5", "--only", "3"]) == 0
    assert "--- spec.yaml" in capsys.readouterr().out


def test_the_script_shows_the_smallest_case_and_how_to_repeat_it(monkeypatch, capsys):
    read = judge.load_spec

    def broken(file, overrides):
        with open(file, "rb") as stream:
            if b"epochs" in stream.read():
                raise KeyError("epochs")
        return read(file, overrides)

    monkeypatch.setattr(judge, "load_spec", broken)
    assert main.main(["40", "--seed", "5"]) == 1
    out = capsys.readouterr().out
    assert "KeyError" in out
    assert "--- spec.yaml\nepochs\n" in out
    assert "repeat: scripts/fuzz --seed 5 --only " in out
