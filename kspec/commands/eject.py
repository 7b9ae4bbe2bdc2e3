"""`kspec eject SPEC`: the experiment as one script in plain Keras."""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from kspec import artifacts
from kspec.commands.console import phase, say
from kspec.commands.load import located
from kspec.eject.known import study
from kspec.eject.verify import verified
from kspec.errors import UsageError
from kspec.spec import Spec
from kspec.text import Document


def eject(document: Document, spec: Spec, output: str | None, words: Sequence[str]) -> Path:
    """Writes the script and returns its path.

    words: SPEC and OVERRIDES as they were typed; the script says them in its first lines.

    Raises:
        UsageError: the file exists, or its folder does not.
        SpecError: the spec is wrong, or holds something that no script can be written for yet.
    """
    path = place(Path(f"{spec.name}.py" if output is None else output))
    timing: dict[str, float] = {}
    with located(document):
        with phase(timing, "data and model"):
            known = study(spec)
        with phase(timing, "script"):
            script = verified(known, shlex.join(["kspec", "eject", *words]), path.name)
    artifacts.write_text(path, script.text)
    say(f"wrote {path}: {len(script.text.splitlines())} lines; {script.proof}")
    say(f"next: python {shlex.quote(str(path))}")
    return path


def place(path: Path) -> Path:
    """The path, if a new file can be written there.

    Raises:
        UsageError: it cannot.
    """
    if path.stem in sys.stdlib_module_names or importlib.util.find_spec(path.stem) is not None:
        hint = "name another file with -o FILE"
        raise UsageError(f"{path}: a script of this name would hide the module {path.stem}\n       hint: {hint}")
    if os.path.lexists(path):
        raise UsageError(f"{path}: exists and is not overwritten\n       hint: name another file with -o FILE")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: no such folder: {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{path}: this user may not write to {path.parent}")
    return path
