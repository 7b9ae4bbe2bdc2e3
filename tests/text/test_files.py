"""Files that are no spec, and what is said of each."""

import os
from pathlib import Path

import pytest

from kspec.errors import SpecError, UsageError
from kspec.text import read


def test_marks_name_the_file_as_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text("b: 1\n")
    monkeypatch.chdir(tmp_path)
    mark = read("a.yaml").mark(("b",))
    assert mark is not None
    assert (mark.file, mark.line, mark.column, mark.text) == ("a.yaml", 1, 4, "b: 1")


def test_no_such_file_names_the_near_one(tmp_path: Path) -> None:
    (tmp_path / "quickstart.yaml").write_text("a: 1\n")
    with pytest.raises(UsageError, match=r"no such file: .*quikstart\.yaml; did you mean 'quickstart\.yaml'\?"):
        read(tmp_path / "quikstart.yaml")


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"the folder .*nowhere does not exist"):
        read(tmp_path / "nowhere" / "a.yaml")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder, not a spec file"):
        read(tmp_path)


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a pipe or a device"):
        read(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is a pipe or a device"):
        read("/dev/zero")


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_a_name_that_no_file_can_have(name: str) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        read(name)


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1\n")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)  # tests may run as root, whom no mode keeps out
    with pytest.raises(UsageError, match=r"cannot read .*a\.yaml': Permission denied"):
        read(file)


@pytest.mark.parametrize(
    ("data", "line", "message"),
    [
        (b"a: 1\nb: \0\n", 1, "the file is binary, not text"),
        (b"\x89PNG\r\n\x1a\n\0\0", 1, "the file is binary, not text"),
        (b"a: 1\nb: \xe9\n", 2, "byte 0xe9 is not UTF-8"),
        ("a: 1".encode("utf-16"), 1, "the file is UTF-16 text or binary"),
    ],
)
def test_a_file_that_is_no_text(tmp_path: Path, data: bytes, line: int, message: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(data)
    with pytest.raises(SpecError) as caught:
        read(file)
    (problem,) = caught.value.problems
    assert problem.message == message
    assert problem.mark is not None
    assert problem.mark.line == line


def test_a_byte_order_mark_is_tolerated(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read(file).tree == {"a": 1, "b": 2}


def test_a_large_file_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "big.yaml"
    with file.open("wb") as stream:
        stream.truncate(50_000_000)
    monkeypatch.delattr("builtins.open")
    with pytest.raises(SpecError, match=r"the file has 50\.0 MB"):
        read(file)
