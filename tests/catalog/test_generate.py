"""Making the index."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kspec.catalog import generate, index


@pytest.fixture
def gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """One part of kspec is in the table, but not in the package."""
    monkeypatch.setitem(generate.OWN["callback"], "Gone", "kspec.parts.callbacks.gone:Gone")


@pytest.mark.usefixtures("gone")
def test_a_part_that_cannot_be_imported_is_an_error() -> None:
    with pytest.raises(ImportError, match=r"callback Gone: kspec\.parts\.callbacks\.gone:Gone"):
        generate.own("callback", None)


@pytest.mark.usefixtures("gone")
def test_a_part_that_cannot_be_imported_can_be_left_out() -> None:
    missing: list[str] = []
    assert "Gone" not in generate.own("callback", missing)
    assert [line.split(": ")[0] for line in missing] == ["callback Gone"]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    file = tmp_path / "index.json"
    raw = json.loads(index.SHIPPED.read_text())
    generate.write(file, raw)
    assert json.loads(file.read_text()) == raw
    assert file.read_text() == index.SHIPPED.read_text()
    assert [one.name for one in tmp_path.iterdir()] == ["index.json"]


@pytest.mark.parametrize(
    ("name", "identifier"),
    [("GlorotUniform", "glorot_uniform"), ("KLDivergence", "kl_divergence"), ("L2", "l2"), ("R2Score", "r2_score")],
)
def test_identifiers_are_spelt_as_keras_spells_them(name: str, identifier: str) -> None:
    assert generate.snake(name) == identifier


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Stops early. Then more.", "Stops early"),
        ("Two\n    lines of it.\n\n    Args:", "Two lines of it"),
        ("The rate, e.g. 0.5, of dropping. More", "The rate, e.g. 0.5, of dropping"),
        (None, ""),
    ],
)
def test_first_sentence(text: str | None, sentence: str) -> None:
    assert generate.first_sentence(text) == sentence
