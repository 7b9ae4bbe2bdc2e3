"""The exact words of every refusal: tests/errors/<mistake>.yaml and what the user reads in <mistake>.txt.

`pytest tests/test_errors.py --update-golden` rewrites the texts; read the difference before you commit it.
"""

from pathlib import Path

import pytest

from kspec.errors import DataError, Gathered, KspecError, Problem, SpecError, did_you_mean, dotted
from kspec.spec.reader import load_spec

FOLDER = Path(__file__).parent / "errors"
MISTAKES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


def test_there_are_mistakes():
    assert len(MISTAKES) >= 50


@pytest.mark.parametrize("mistake", MISTAKES)
def test_message(mistake, monkeypatch, request):
    monkeypatch.chdir(FOLDER)
    file = Path(f"{mistake}.yaml")
    first = file.read_text().partition("\n")[0]
    overrides = first.removeprefix("# overrides: ").split() if first.startswith("# overrides: ") else []
    with pytest.raises(KspecError) as caught:
        load_spec(file, overrides)
    assert caught.value.exit_code == 2
    expected = file.with_suffix(".txt")
    if request.config.getoption("--update-golden"):
        expected.write_text(f"{caught.value}\n")
    assert f"{caught.value}\n" == expected.read_text()


def test_dotted_path():
    assert dotted(("data", "clean", 0, "fill_missing")) == "data.clean[0].fill_missing"


def test_did_you_mean_ignores_case_and_is_silent_where_nothing_is_near():
    assert did_you_mean("adam", ["Adam", "SGD"]) == "did you mean 'Adam'?"
    assert did_you_mean("xyz", ["Adam", "SGD"]) == ""


def test_a_problem_without_a_mark_names_only_the_key():
    assert Problem(("data", "csv"), "no such file").render() == "data.csv: no such file"


def refuse(kind, *keys):
    raise kind([Problem((key,), "wrong") for key in keys])


def test_gathered_problems_come_together_and_once():
    gathered = Gathered()
    assert gathered.part(lambda: 3, None) == 3
    assert gathered.part(lambda: refuse(DataError, "a", "b"), "instead") == "instead"
    assert gathered.part(lambda: refuse(SpecError, "b", "c"), None) is None
    with pytest.raises(SpecError) as caught:
        gathered.stop()
    assert [problem.path for problem in caught.value.problems] == [("a",), ("b",), ("c",)]
    assert not isinstance(caught.value, DataError)


def test_gathered_problems_of_the_data_stay_a_data_error():
    gathered = Gathered()
    gathered.part(lambda: refuse(DataError, "a"), None)
    gathered.part(lambda: refuse(DataError, "b"), None)
    with pytest.raises(DataError):
        gathered.stop()


def test_nothing_gathered():
    Gathered().stop()


def test_gathered_lets_other_errors_through():
    with pytest.raises(ZeroDivisionError):
        Gathered().part(lambda: 1 / 0, 0.0)
