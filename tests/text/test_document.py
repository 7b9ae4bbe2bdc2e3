"""Where a path of the spec was written."""

from kspec.errors import Mark, Problem
from kspec.text import Document, read_text

DOCUMENT = read_text("# head\ntraining:\n  metrics: [a, bc]\n", file="x.yaml")


def test_a_value_and_its_key_have_places() -> None:
    assert DOCUMENT.mark(("training", "metrics")) == Mark("x.yaml", 3, 12, "  metrics: [a, bc]")
    assert DOCUMENT.mark(("training", "metrics"), on_key=True) == Mark("x.yaml", 3, 3, "  metrics: [a, bc]")
    assert DOCUMENT.mark(("training", "metrics", 1)) == Mark("x.yaml", 3, 16, "  metrics: [a, bc]")
    assert DOCUMENT.mark(("training", "metrics", 1), on_key=True) == Mark("x.yaml", 3, 16, "  metrics: [a, bc]")


def test_what_is_absent_is_shown_at_the_key_it_is_absent_from() -> None:
    assert DOCUMENT.mark(("training", "epochs")) == Mark("x.yaml", 2, 1, "training:")
    assert DOCUMENT.mark(("training", "epochs", 3, "x")) == Mark("x.yaml", 2, 1, "training:")
    assert DOCUMENT.mark(("model",)) == Mark("x.yaml", 1, 1, "# head")
    assert DOCUMENT.mark(()) == Mark("x.yaml", 1, 1, "# head")


def test_a_document_made_by_hand_has_no_marks() -> None:
    assert Document({"a": 1}, {}).mark(("a",)) is None


def test_locate_fills_in_the_mark_once() -> None:
    problem = Problem(("training", "metrics"), "wrong", on_key=True)
    located = DOCUMENT.locate(problem)
    assert located.mark == Mark("x.yaml", 3, 3, "  metrics: [a, bc]")
    assert (located.path, located.message) == (problem.path, "wrong")
    other = Mark("y.yaml", 9, 9, "")
    assert DOCUMENT.locate(Problem((), "wrong", mark=other)).mark is other


def test_a_line_is_shown_without_what_a_terminal_would_obey() -> None:
    mark = read_text('a: "x' + "y" * 300 + '"\nb: 1\n').mark(("a",))
    assert mark is not None
    assert mark.text == 'a: "x' + "y" * 195 + "..."
