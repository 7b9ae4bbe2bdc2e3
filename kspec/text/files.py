"""The text of a spec file, refused early where it is no small UTF-8 text file."""

from __future__ import annotations

import os
import stat

from kspec.errors import Mark, Problem, SpecError, UsageError, did_you_mean

LARGEST = 1_000_000  # bytes; specs have some kB, and 1 MB of YAML still parses in a fraction of a second


def load(file: str) -> str:
    """The text of `file` without a byte order mark.

    Raises UsageError for no such file, a folder, a pipe or device, a file that cannot be read;
    SpecError for one that is too large, binary, or not UTF-8.
    """
    data = _read(file)
    if len(data) > LARGEST:
        raise _refused(file, f"the file is larger than {LARGEST // 1_000_000} MB", hint="is this a spec?")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refused(file, "the file is UTF-16 text or binary", hint="save it as UTF-8 text")
    if b"\0" in data:
        raise _refused(file, "the file is binary, not text", expected="a YAML file (UTF-8 text)")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        hint = "save the file as UTF-8 text"
        raise _refused(file, f"byte 0x{data[error.start]:02x} is not UTF-8", hint=hint, line=line) from None


def _read(file: str) -> bytes:
    try:
        status = os.stat(file)
        if stat.S_ISDIR(status.st_mode):
            raise UsageError(f"{file} is a folder, not a spec file")
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{file} is a pipe or a device, not a regular file")
        if status.st_size > LARGEST:
            size = f"the file has {status.st_size / 1e6:.1f} MB"
            raise _refused(file, size, expected=f"at most {LARGEST // 1_000_000} MB", hint="is this a spec?")
        if status.st_size == 0:  # empty, or one of the kernel's files (/proc), which may wait for ever to be read
            return b""
        with open(file, "rb") as stream:
            return stream.read(LARGEST + 1)
    except FileNotFoundError:
        hint = _near_file(file)
        raise UsageError(f"no such file: {file}" + (f"; {hint}" if hint else "")) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot read {file!r}: {reason}") from None


def _near_file(file: str) -> str:
    folder, name = os.path.split(file)
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return f"the folder {folder} does not exist" if folder and not os.path.isdir(folder) else ""
    return did_you_mean(name, names)


def _refused(file: str, message: str, *, expected: str = "", hint: str = "", line: int = 1) -> SpecError:
    return SpecError(Problem((), message, expected=expected, hint=hint, mark=Mark(file, line, 1, "")))
