"""What the interpreter does while kspec reads a spec, by Python's own audit events (PEP 578)."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

WRITES = (
    *("os.mkdir", "os.rmdir", "os.remove", "os.rename", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown"),
    *(
        "os.utime",
        "os.mkfifo",
        "os.mknod",
        "shutil.rmtree",
        "shutil.move",
        "shutil.copyfile",
        "tempfile.mkstemp",
        "tempfile.mkdtemp",
    ),
)
RUNS = (
    *(
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.fork",
        "os.forkpty",
        "os.startfile",
        "pty.spawn",
    ),
    *("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "urllib.Request"),
    *(
        "ctypes.dlopen",
        "pickle.find_class",
        "marshal.load",
        "marshal.loads",
        "code.__new__",
        "webbrowser.open",
        "os.putenv",
    ),
)
IMPORTS = ("ctypes.dlopen", "marshal.load", "marshal.loads", "code.__new__", "os.putenv")
"""Those of RUNS that come with importing a module."""
MODULES = frozenset(
    {*sys.stdlib_module_names, "kspec", "pydantic", "pydantic_core", "yaml", "click", "typing_extensions"}
)
"""What reading a spec may import."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_active: list[Watched] = []


class Watched:
    """What was seen: `problems` names every event that reading a spec has no business with."""

    def __init__(self, folder: str, names: frozenset[str] = frozenset()) -> None:
        self.folder = os.path.realpath(folder)
        self.names = names
        self.problems: list[str] = []

    def seen(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in RUNS or event in WRITES:
            self.problems.append(f"{event} {str(arguments)[:200]}")
        elif event == "open" and isinstance(arguments[0], str | bytes):
            self._opened(os.fsdecode(arguments[0]), int(arguments[2] or 0))
        elif event == "import" and str(arguments[0]).partition(".")[0] not in MODULES:
            self.problems.append(f"import {arguments[0]}")

    def _opened(self, file: str, flags: int) -> None:
        if flags & WRITING:
            self.problems.append(f"open {file} for writing")
        elif os.path.realpath(file).startswith((self.folder + os.sep, *LIBRARIES)):
            return
        elif not any(file.endswith(name) for name in self.names):
            self.problems.append(f"open {file} for reading, which the spec does not name")


class Built(Watched):
    """The same for building a model: Keras imports and reads, and TensorFlow writes code it has made into the folder
    for temporary files; no other file is changed, no program started, and no network asked."""

    def seen(self, event: str, arguments: tuple[Any, ...]) -> None:
        is_write = event in WRITES or (event == "open" and int(arguments[2] or 0) & WRITING)
        # A relative path starts in the empty folder, or in one that shutil.rmtree takes away piece by piece.
        path = os.path.normpath(str(arguments[0])) if arguments else ""
        is_temporary = path.startswith(tempfile.gettempdir()) or not path.startswith((os.sep, os.pardir))
        if (is_write and not is_temporary) or (event in RUNS and event not in IMPORTS):
            self.problems.append(f"{event} {str(arguments)[:200]}")


LIBRARIES = tuple(
    {
        os.path.realpath(folder) + os.sep
        for folder in (sys.prefix, sys.base_prefix, os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
    }
)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _active:
        watched = _active[-1]
        _active.append(_BLIND)  # the hook's own realpath is not the spec's doing
        try:
            watched.seen(event, arguments)
        finally:
            _active.pop()


class _Blind(Watched):
    def __init__(self) -> None:
        self.problems = []

    def seen(self, event: str, arguments: tuple[Any, ...]) -> None:
        return


_BLIND = _Blind()
_hooked: list[bool] = []


@contextmanager
def watching(watched: Watched) -> Iterator[None]:
    """Lets `watched` see what happens in the block."""
    if not _hooked:
        sys.addaudithook(_hook)  # cannot be taken away again: it is idle outside of the block
        _hooked.append(True)
    _active.append(watched)
    try:
        yield
    finally:
        _active.remove(watched)
