"""The map of the house: who may import whom, what loads Keras, how long a file may be."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "kspec"
FILES = sorted(ROOT.rglob("*.py"))

# The part (file or folder of kspec/) on the left may import the parts on the right, and itself.
MAY_IMPORT = {
    "errors": set(),
    "text": {"errors"},
    "quiet": set(),
    "catalog": {"errors", "quiet"},
    "spec": {"errors", "text", "catalog"},
    "parts": set(),
    # artifacts and checkpoints: for the names of a run's own files, which no callback may take.
    "builders": {"errors", "spec", "catalog", "parts", "artifacts", "checkpoints"},
    "baseline": {"errors", "spec", "parts", "builders"},
    "schema": {"errors", "text", "spec", "catalog"},
    "guess": {"errors", "text", "spec"},
    "eject": {"errors", "spec", "catalog", "parts", "builders"},
    "artifacts": {"errors", "spec"},
    "checkpoints": {"errors", "artifacts"},
    "tuning": {"errors", "text", "spec", "schema", "artifacts", "checkpoints"},
    "testing": {"errors", "spec", "catalog", "parts", "builders"},
    "check": {"errors", "spec", "catalog", "parts", "builders", "baseline", "artifacts", "checkpoints"},
    "commands": {
        *("errors", "quiet", "text", "spec", "catalog", "parts", "builders", "schema", "guess", "artifacts"),
        *("baseline", "checkpoints", "check", "eject", "garbage", "tuning"),
    },
    "ending": {"errors"},
    "garbage": set(),
    "cli": {"errors", "commands", "ending", "garbage"},
    "__init__": {"catalog"},
    "__main__": {"cli"},
}


def part_of(file: Path) -> str:
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_parts(file: Path) -> set[str]:
    """Parts of kspec that a file imports, in functions too."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "kspec":
            names |= {f"kspec.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[1] for name in names if name.startswith("kspec.")}


def test_there_are_files():
    assert len(FILES) > 50


@pytest.mark.parametrize("part", sorted({part_of(file) for file in FILES}))
def test_imports_go_one_way(part):
    allowed = MAY_IMPORT[part] | {part}
    wrong = {
        str(file.relative_to(ROOT)): sorted(found)
        for file in FILES
        if part_of(file) == part and (found := imported_parts(file) - allowed)
    }
    assert wrong == {}


def test_no_file_is_long():
    assert {str(file): lines for file in FILES if (lines := len(file.read_text().splitlines())) > 400} == {}


def test_no_function_is_long():
    long = {}
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and (lines := node.end_lineno - node.lineno + 1) > 60:
                long[f"{file.relative_to(ROOT)}:{node.name}"] = lines
    assert long == {}


def makes_up_a_value(node: ast.AST) -> bool:
    """Whether a node is `mapping.get(key, literal)`."""
    is_get = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get"
    return is_get and len(node.args) == 2 and isinstance(node.args[1], ast.Constant)


def test_defaults_stand_in_the_spec_only():
    """Past the spec layer no `.get(key, default)` makes up a value that the spec did not say."""
    late = [file for file in FILES if part_of(file) in ("builders", "commands", "artifacts")]
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in late
        for node in ast.walk(ast.parse(file.read_text()))
        if makes_up_a_value(node)
    ]
    assert found == []


def loaded_by(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint('loaded:', *(name for name in ('keras', 'tensorflow') if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].removeprefix("loaded:").split())


@pytest.mark.parametrize(
    "code",
    [
        "import kspec",
        "import kspec.spec.reader",
        "from kspec.cli import cli; cli.main(['--help'], standalone_mode=False)",
        "from kspec.cli import cli; cli.main(['list'], standalone_mode=False)",
        "from kspec.cli import cli; cli.main(['list', 'optimizer'], standalone_mode=False)",
    ],
)
def test_does_not_load_keras(code):
    assert loaded_by(code) == set()


def test_a_misspelt_spec_is_refused_without_keras(tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_text("data: {sklearn: digits}\nmodel: MLP\ntrainning: {}\n")
    run = f"cli.main(['run', {str(spec)!r}], standalone_mode=False)"
    code = f"from kspec.cli import cli, guarded\nif guarded(lambda: {run}, False) != 2: raise SystemExit(1)"
    assert loaded_by(code) == set()
