"""`extends:`: what a child keeps, changes, removes, and where each value came from."""

from pathlib import Path

import pytest

from kspec.errors import Problem, SpecError
from kspec.text import EXCLUSIVE, Document, read, read_text


def family(folder: Path, **files: str) -> Document:
    """The document of the first of `files` (name without .yaml = text)."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return read(folder / f"{next(iter(files))}.yaml")


def problems_of(folder: Path, **files: str) -> tuple[Problem, ...]:
    with pytest.raises(SpecError) as caught:
        family(folder, **files)
    return caught.value.problems


@pytest.mark.parametrize(
    ("parent", "child", "merged"),
    [
        ("a: {b: 1, c: {d: 2}}", "a: {c: {e: 3}}", {"a": {"b": 1, "c": {"d": 2, "e": 3}}}),
        ("a: [1, 2, 3]", "a: [4]", {"a": [4]}),
        ("a: {b: 1}", "a: 2", {"a": 2}),
        ("a: 1", "a: {b: 2}", {"a": {"b": 2}}),
        ("a: {b: 1}", "a:", {"a": None}),
        ("z: 1\na: 2", "b: 3\nz: 4", {"z": 4, "a": 2, "b": 3}),
        # components
        ("o: {SGD: {momentum: 0.9}}", "o: {Adam: {beta_1: 0.8}}", {"o": {"Adam": {"beta_1": 0.8}}}),
        (
            "o: {SGD: {momentum: 0.9}}",
            "o: {SGD: {nesterov: true}}",
            {"o": {"SGD": {"momentum": 0.9, "nesterov": True}}},
        ),
        ("o: SGD", "o: {Adam: {beta_1: 0.8}}", {"o": {"Adam": {"beta_1": 0.8}}}),
        ("o: {SGD: {}}", "o: Adam", {"o": "Adam"}),
        ("o: {sgd: 1}", "o: {Adam: 2}", {"o": {"sgd": 1, "Adam": 2}}),
        ("w: {Cat: 1, Dog: 2}", "w: {Cow: 3}", {"w": {"Cat": 1, "Dog": 2, "Cow": 3}}),
        ("model: {ResNet: {depth: 20}, head: x}", "model: {CNN: {}}", {"model": {"head": "x", "CNN": {}}}),
        ("model: {ResNet: {depth: 20}, head: x}", "model: {CNN: {}, head: y}", {"model": {"head": "y", "CNN": {}}}),
        (
            "model: {ResNet: {depth: 20}, head: x}",
            "model: {ResNet: {width: 4}}",
            {"model": {"ResNet": {"depth": 20, "width": 4}, "head": "x"}},
        ),
        ("data: {tfds: mnist, batch_size: 8}", "data: {csv: a.csv}", {"data": {"batch_size": 8, "csv": "a.csv"}}),
        ("data: {tfds: mnist, batch_size: 8}", "data: {batch_size: 9}", {"data": {"tfds": "mnist", "batch_size": 9}}),
        ("data: {tfds: mnist, csv: }", "data: {csv: a.csv}", {"data": {"csv": "a.csv"}}),
        ("data: {tfds: mnist}", "data: {csv: }", {"data": {"tfds": "mnist", "csv": None}}),
        ("model: {ResNet: {}, freeze: x}", "model: {layers: [Dense]}", {"model": {"freeze": "x", "layers": ["Dense"]}}),
        ("model: {layers: [Dense]}", "model: {file: a.keras}", {"model": {"file": "a.keras"}}),
        ("model: {file: a.keras, freeze: x}", "model: {CNN: }", {"model": {"freeze": "x", "CNN": None}}),
        ("model: ResNet", "model: {freeze: x}", {"model": {"ResNet": {}, "freeze": "x"}}),
        ("model: ResNet", "model: {CNN: {depth: 2}}", {"model": {"CNN": {"depth": 2}}}),
        # removal
        ("a: {b: 1, c: 2}", "a: {~b: }", {"a": {"c": 2}}),
        ("a: {b: 1, c: 2}\nd: 3", "~a:\n~d: ~", {}),
        ("a: {b: 1, c: 2}", "~a.b:", {"a": {"c": 2}}),
        ("a: {b: 1, c: 2}", "~a:\na: {d: 3}", {"a": {"d": 3}}),
        ("a: [1, 2]", "~a[0]:", {"a": [2]}),
        ("a: {x.y: 1, z: 2}", "a: {~x.y: }", {"a": {"z": 2}}),
    ],
)
def test_merging(tmp_path: Path, parent: str, child: str, merged: dict[str, object]) -> None:
    tree = family(tmp_path, child=f"extends: parent.yaml\n{child}\n", parent=parent).tree
    assert tree == merged
    assert list(tree) == list(merged)


@pytest.mark.parametrize("source", EXCLUSIVE)
def test_a_source_of_data_replaces_any_other(source: str) -> None:
    others = [name for name in EXCLUSIVE if name != source]
    for other in others:
        tree = read_text(f"data: {{{other}: x, test: y}}", overrides=[f"data={{{source}: z}}"]).tree
        assert tree == {"data": {"test": "y", source: "z"}}


def test_several_parents_lie_over_each_other_in_order(tmp_path: Path) -> None:
    document = family(tmp_path, c="extends: [a.yaml, b.yaml]\nz: 3", a="x: 1\ny: 1\nz: 1", b="y: 2\nz: 2")
    assert document.tree == {"x": 1, "y": 2, "z": 3}


def test_a_parent_is_found_beside_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "root.yaml").write_text("a: 1\n")
    (tmp_path / "base" / "middle.yaml").write_text("extends: root.yaml\nb: 2\n")
    assert family(tmp_path, child="extends: base/middle.yaml\nc: 3\n").tree == {"a": 1, "b": 2, "c": 3}


def test_a_text_finds_its_parents_by_its_file_name(tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text("a: 1\n")
    assert read_text("extends: parent.yaml", file=str(tmp_path / "unsaved.yaml")).tree == {"a": 1}


def test_marks_name_the_file_of_each_value(tmp_path: Path) -> None:
    document = family(
        tmp_path, child="extends: parent.yaml\na:\n  c: 3\n", parent="# top\na:\n  b: 1\n  c: 2\nd: [5, 6]\n"
    )
    places = {
        path: (Path(mark.file).name, mark.line, mark.column)
        for path in [(), ("a",), ("a", "b"), ("a", "c"), ("d", 1)]
        if (mark := document.mark(path))
    }
    assert places == {
        (): ("child.yaml", 1, 1),
        ("a",): ("child.yaml", 3, 3),
        ("a", "b"): ("parent.yaml", 3, 6),
        ("a", "c"): ("child.yaml", 3, 6),
        ("d", 1): ("parent.yaml", 5, 8),
    }


def test_a_loop_is_refused_with_its_chain(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, a="extends: b.yaml", b="extends: a.yaml")
    chain = " -> ".join(str(tmp_path / name) for name in ("a.yaml", "b.yaml", "a.yaml"))
    assert problem.path == ("extends",)
    assert problem.message == f"a file extends itself: {chain}"
    assert problem.mark is not None
    assert Path(problem.mark.file).name == "b.yaml"


def test_a_file_that_extends_itself(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, a="extends: a.yaml")
    assert problem.message.startswith("a file extends itself")


def test_a_loop_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to(tmp_path / "a.yaml")
    (problem,) = problems_of(tmp_path, a="extends: link.yaml")
    assert problem.message.startswith("a file extends itself")


def test_a_chain_has_ten_parents_at_most(tmp_path: Path) -> None:
    chain = {f"f{i}": f"extends: f{i + 1}.yaml\nk{i}: {i}" for i in range(10)}
    assert len(family(tmp_path, **chain, f10="k10: 10").tree) == 11
    (problem,) = problems_of(tmp_path, **chain, f10="extends: f11.yaml", f11="a: 1")
    assert problem.message == "too many files extend each other"


def test_few_files_cannot_ask_for_endless_reading(tmp_path: Path) -> None:
    def parents(level: int) -> str:
        return f"extends: [{', '.join([f'f{level + 1}.yaml'] * 9)}]"

    found = problems_of(tmp_path, **{f"f{i}": parents(i) for i in range(9)}, f9="a: 1")
    assert {problem.message for problem in found} == {"too many files extend each other"}


@pytest.mark.parametrize(
    ("child", "path", "line", "message", "hint"),
    [
        ("a: 1\nextends: 3", ("extends",), 2, "names no file", ""),
        ("extends:", ("extends",), 1, "names no file", ""),
        ("extends: [parent.yaml, [x]]", ("extends",), 1, "names no file", ""),
        ("extends: .", ("extends",), 1, "is a folder", ""),
        ('extends: "a\\0b"', ("extends",), 1, "cannot read", ""),
        ("extends: parnt.yaml", ("extends",), 1, "did you mean 'parent.yaml'?", ""),
        ("extends: parent.yaml\na: {~bb: }", ("a", "bb"), 2, "there is no such key in 'a'", "did you mean 'b'?"),
        ("extends: parent.yaml\nn: {~b: }", ("n", "b"), 2, "there is no such key in 'n'", ""),
        ("extends: parent.yaml\n~a: 1", ("~a",), 2, "a '~' key removes and takes no value", "'a:'"),
        ("extends: parent.yaml\n~a..b:", ("~a..b",), 2, "the address is wrong from '..b' on", ""),
        ("extends: parent.yaml\n~a=b:", ("~a=b",), 2, "'=' cannot stand here", ""),
    ],
)
def test_refusals(tmp_path: Path, child: str, path: tuple[str, ...], line: int, message: str, hint: str) -> None:
    (problem,) = problems_of(tmp_path, child=child, parent="a: {b: 1}")
    assert problem.path == path
    assert problem.mark is not None
    assert problem.mark.line == line
    assert message in problem.message
    assert hint in problem.hint


def test_problems_of_child_and_parents_come_together(tmp_path: Path) -> None:
    found = problems_of(tmp_path, child="extends: [p.yaml, q.yaml]\na: 1\na: 2", p="b: !foo 1", q="c: [")
    assert [Path(problem.mark.file).name for problem in found if problem.mark] == ["child.yaml", "p.yaml", "q.yaml"]


def test_a_large_or_empty_parent(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path, child="extends: big.yaml", big="#" * 1_000_001)
    assert problem.message == "the file has 1.0 MB"
    (problem,) = problems_of(tmp_path, child="extends: empty.yaml", empty="")
    assert problem.message == "the file is empty"


def test_extends_is_a_key_of_the_top_only(tmp_path: Path) -> None:
    assert family(tmp_path, child="a: {extends: b.yaml}").tree == {"a": {"extends": "b.yaml"}}
