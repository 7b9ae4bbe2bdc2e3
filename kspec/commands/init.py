"""`kspec init`: a short, commented spec, from a template or from a look at a data file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kspec import text
from kspec.errors import UsageError, did_you_mean
from kspec.guess import Guess, guess
from kspec.spec.reader import read

TEMPLATES = Path(__file__).parent.parent / "templates"


def init(source: str | None, output: str | None, label: Sequence[str]) -> None:
    """Writes a spec and says what to do next.

    Args:
        source: the name of a template, or a data file or folder; what exists is looked at, whatever its name.
        output: the file to write; by default the source's name with `.yaml`, in the current folder.
        label: the label column or columns of a table.

    Raises:
        UsageError: no such template or file, a file that would be overwritten, or data that says too little.
    """
    if source is None:
        show_templates()
        return
    is_template = source in templates() and not Path(source).exists()
    made = Guess(_template(source), ()) if is_template else _of_data(source, label)
    target = Path(output if output is not None else f"{_stem(source)}.yaml")
    read(text.read_text(made.spec, str(target)))  # what cannot be read back is not written
    _write(target, made.spec)
    print(f"wrote {target}")
    for note in made.notes:
        print(f"  {note}")
    print(f"next  kspec check {target}\n      kspec run {target}\n      kspec explain {target}")


def _template(name: str) -> str:
    return (TEMPLATES / f"{name}.yaml").read_text(encoding="utf-8")


def templates() -> list[str]:
    """The names of the templates."""
    return sorted(file.stem for file in TEMPLATES.glob("*.yaml"))


def show_templates() -> None:
    """Prints the templates, each with its first line."""
    width = max(map(len, templates()))
    for name in templates():
        first = _template(name).partition("\n")[0]
        print(f"{name:<{width}}  {first.removeprefix('# ')}")
    print("\nkspec init NAME writes one of these. kspec init DATA looks at a .csv, .tsv, .parquet or .npz file,\n"
          "or at a folder of images or texts with a folder per class.")  # fmt: skip


def _of_data(source: str, label: Sequence[str]) -> Guess:
    path = Path(source).expanduser()
    if not path.exists():
        near = did_you_mean(source, templates())
        hint = near or "`kspec init` alone lists the templates"
        raise UsageError(f"'{source}' is neither a template nor a data file or folder\n"
                         f"       expected: {', '.join(templates())}, or an existing path\n"
                         f"       hint: {hint}")  # fmt: skip
    return guess(path, source, label)


def _stem(source: str) -> str:
    name = Path(source).expanduser().absolute().name
    return (name.rpartition(".")[0] or name) if Path(source).suffix in (".csv", ".parquet", ".npz", ".tsv") else name


def _write(target: Path, spec: str) -> None:
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(spec)
    except FileExistsError:
        raise UsageError(f"{target} exists already and stays as it is\n"
                         "       hint: name another file with -o FILE") from None  # fmt: skip
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror}") from None
