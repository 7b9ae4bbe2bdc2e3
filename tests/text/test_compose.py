"""One text: scalars, limits, and every refusal with its place."""

import math
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kspec.errors import Problem, SpecError, UsageError
from kspec.text import compose, read, read_text


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        read_text(text)
    return caught.value.problems


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-3", 0.001),
        ("1.0e-4", 0.0001),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0.0", -0.0),
        ("+12", 12),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("true", True),
        ("False", False),
        ("", None),
        ("~", None),
        ("null", None),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("1.2.3", "1.2.3"),
        ("2 epochs", "2 epochs"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("'~'", "~"),
        ('""', ""),
        ('"\\u00e9\\t"', "é\t"),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("!!str 3", "3"),
        ("!!int '3'", 3),
        ("!!float 3", 3.0),
        ("!!bool 'true'", True),
        ("!!seq [1]", [1]),
        ("!!map {b: 1}", {"b": 1}),
    ],
)
def test_scalars_follow_yaml_1_2(written: str, value: object) -> None:
    got = read_text(f"a: {written}").tree["a"]
    assert got == value
    assert type(got) is type(value)
    assert str(got) == str(value)  # tells -0.0 from 0.0


def test_nan_is_a_float() -> None:
    assert math.isnan(read_text("a: .nan").tree["a"])


def test_keys_are_texts_as_written() -> None:
    assert read_text("1: a\n010: b\ntrue: c\n'': d\n~: e\n").tree == {
        "1": "a",
        "010": "b",
        "true": "c",
        "": "d",
        "~": "e",
    }


def test_an_alias_repeats_the_value_but_not_the_object() -> None:
    tree = read_text("a: &x {b: [1]}\nc: *x\nd: *x\n").tree
    assert tree == {"a": {"b": [1]}, "c": {"b": [1]}, "d": {"b": [1]}}
    tree["c"]["b"].append(2)
    assert tree["d"] == {"b": [1]}


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    document = read_text("\ufeffa: 1\n")
    assert document.tree == {"a": 1}
    assert document.mark(("a",), on_key=True) == document.mark(())


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("a:\n\tb: 1\n", (2, 1), "a tab stands in the indentation", "spaces only"),
        ("a: b: c\n", (1, 5), "a second ': ' stands in this line", "quotes"),
        ("a: 1\nb\nc: 2\n", (2, 1), "this line is neither 'key: value' nor a list item", "': '"),
        ("a:\n  b: 1\n   c: 2\n", (3, 4), "this line is indented deeper", "same column"),
        ("a:\n    b: 1\n  c: 2\n", (3, 3), "the indentation does not match the lines above", "same column"),
        ("b: [1, 2\nc: 3\n", (1, 4), "the list that begins here with '['", "']'"),
        ("b: {c: 1\nd: 2\n", (1, 4), "the mapping that begins here with '{'", "'}'"),
        ('b: "x\nc: 1\n', (1, 4), "the quote that begins here is not closed", "close"),
        ("a: - 1\n", (1, 4), "a list item '- ' cannot begin here", "next line"),
        ("a: @x\n", (1, 4), "a text without quotes cannot begin with this character", "quotes"),
        ("a: * 2\n", (1, 4), "'*' and '&' begin an alias or an anchor", "quotes"),
        ('a: "C:\\q"\n', (1, 7), "double quotes do not know this escape", "single quotes"),
        ("a: 'it's'\n", (1, 8), "text stands behind the end of the value", "quotes"),
        ("a: !x!y 1\n", (1, 4), "this tag is not known", "remove"),
        ("a: ]\n", (1, 4), "a value was expected here", "brackets"),
        ("- a\nb: 1\n", (2, 1), "this line should be the next list item", "'- '"),
        ("a: 1\n---\nb: 2\n", (2, 1), "a second document begins here", "two files"),
        ("a: \x07\n", (1, 4), "the character U+0007 cannot stand in YAML", "escape"),
        ("", (1, 1), "the file is empty", ""),
        ("# only a comment\n", (1, 1), "the file is empty", ""),
        ("---\n", (2, 1), "the file is empty", ""),
        ("- a\n", (1, 1), "a spec is a mapping", ""),
        ("lr:0.1\n", (1, 1), "a spec is a mapping", "a space must follow the ':'"),
    ],
)
def test_a_text_that_is_no_spec(text: str, place: tuple[int, int], message: str, hint: str) -> None:
    (problem,) = problems_of(text)
    assert problem.mark is not None
    assert (problem.mark.line, problem.mark.column) == place
    assert problem.message.startswith(message)
    assert hint in problem.hint


@pytest.mark.parametrize(
    ("text", "path", "place", "message", "hint"),
    [
        ("a: 1\nb: {c: 1, c: 2}\n", ("b", "c"), (2, 11), "the key 'c' stands here a second time", "line 2"),
        ("a:\n  1: x\n  '1': y\n", ("a", "1"), (3, 3), "the key '1' stands here a second time", "line 2"),
        ("a: [0, !!python/object:os.system ls]\n", ("a", 1), (1, 8), "the tag '!!python/object:os.system'", "Python"),
        ("a: !!python/name:os.system {b: 1}\n", ("a",), (1, 4), "the tag '!!python/name:os.system'", "Python"),
        ("a: !foo 1\n", ("a",), (1, 4), "the tag '!foo' is not allowed here", ""),
        ("a: !!map [1]\n", ("a",), (1, 4), "the tag '!!map' is not allowed here", ""),
        ("a: !!int foo\n", ("a",), (1, 4), "'foo' is not of type int", ""),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", ("c", "<<"), (3, 3), "merge keys '<<' are not part of YAML 1.2", "extends"),
        ("a:\n  ? [1, 2]\n  : 3\n", ("a",), (2, 5), "a list cannot be a key", ""),
        ("a:\n  {b: 1}: 3\n", ("a",), (2, 3), "a mapping cannot be a key", "quotes"),
        ("a: &x [1]\n*x : 3\n", (), (2, 1), "'*x' cannot be a key", ""),
        ("a: {b: 1, ? : 2}\n", ("a", ""), (1, 13), "there is no key before ':'", ""),
        ("a: *x\n", ("a",), (1, 4), "'*x' refers to nothing", "quotes"),
        ("a: &x [*x]\n", ("a", 0), (1, 8), "'*x' stands inside of its own '&x'", ""),
        ("a: 1e999\n", ("a",), (1, 4), "'1e999' is too large for a float", "quotes"),
        ("a: " + "9" * 5000, ("a",), (1, 4), "a number of 5000 digits is too long", "quotes"),
    ],
)
def test_a_value_that_is_refused(
    text: str, path: tuple[str | int, ...], place: tuple[int, int], message: str, hint: str
) -> None:
    (problem,) = problems_of(text)
    assert problem.path == path
    assert problem.mark is not None
    assert (problem.mark.line, problem.mark.column) == place
    assert problem.message.startswith(message)
    assert hint in problem.hint


def test_all_problems_are_found_at_once() -> None:
    found = problems_of("a: 1\na: 2\nb: !foo 3\nc: *d\n<<: 1\ne: [1\n")
    assert [problem.mark.line for problem in found if problem.mark] == [2, 3, 4, 5, 6]


def test_a_file_full_of_mistakes_shows_the_first_fifty() -> None:
    found = problems_of("a: 1\n" * 200)
    assert len(found) == compose.MOST_PROBLEMS + 1
    assert "more problems" in found[-1].message


def test_nodes_are_limited_after_aliases_are_written_out() -> None:
    laughs = "a0: &a0 [ha, ha]\n" + "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 9}]\n" for i in range(1, 20))
    (problem,) = problems_of(laughs)
    assert problem.message == "the text is too large once its aliases are written out"
    # 1 mapping, 1 key, 1 list and 9,997 items are 10,000
    assert len(read_text("a: [" + "1, " * 9997 + "]").tree["a"]) == 9997
    (problem,) = problems_of("a: [" + "1, " * 9998 + "]")
    assert problem.message == "the text is too large"


def test_depth_is_limited() -> None:
    assert read_text("a: " + "[" * 49 + "]" * 49).tree != {}
    (problem,) = problems_of("a: " + "[" * 50 + "]" * 50)
    assert problem.expected == "at most 50 levels"
    deep_by_alias = "a: &a " + "[" * 30 + "]" * 30 + "\nb: " + "[" * 20 + "*a" + "]" * 20
    (problem,) = problems_of(deep_by_alias)
    assert problem.expected == "at most 50 levels"


def test_one_line_of_a_megabyte_is_refused_soon() -> None:
    begin = time.process_time()
    (problem,) = problems_of("[a" + ", a" * 300_000)
    assert time.process_time() - begin < 10  # was 127 s when each mark copied its line
    assert problem.mark is not None
    assert problem.mark.text == ""


def test_the_pure_python_parser_gives_the_same_document(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "é: &x [ü, {b: 'c'}]\nd:\n  - *x\n  -\n  - |\n    text\nf: !!str 1\n"
    fast = read_text(text)
    monkeypatch.setattr(compose, "LOADER", yaml.SafeLoader)
    assert read_text(text) == fast
    (problem,) = problems_of("a: 1\n\tb: 2\n")
    assert problem.message == "a tab stands in the indentation"


YAML_LIKE = st.text(st.sampled_from("ab1.:-,[]{}&*!|>'\"%@#?<~ \t\n\\é"), max_size=60)


@settings(max_examples=300, deadline=None)
@given(YAML_LIKE | st.text(max_size=60), st.lists(YAML_LIKE, max_size=2))
def test_any_text_is_read_or_refused(text: str, overrides: list[str]) -> None:
    try:
        tree = read_text(text, overrides=overrides).tree
    except SpecError as error:
        assert error.problems
        assert all(problem.mark for problem in error.problems)
        assert str(error)
    else:
        assert isinstance(tree, dict)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80) | YAML_LIKE.map(lambda text: text.encode()))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_bytes(data)
    try:
        assert isinstance(read(file).tree, dict)
    except (SpecError, UsageError) as error:
        assert str(error)
