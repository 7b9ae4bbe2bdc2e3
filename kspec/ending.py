"""How the command line ends: an error becomes a message for a person, and an exit code."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any

import click

from kspec.errors import KspecError

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130


def guarded(call: Callable[[], Any], debug: bool) -> int:
    """Calls; turns every error into a message and an exit code."""
    try:
        call()
    except (KeyboardInterrupt, click.Abort) as error:
        said = error.__cause__ if isinstance(error, click.Abort) else error  # what click made of a KeyboardInterrupt
        print(f"\nkspec: {str(said or '') or 'interrupted'}", file=sys.stderr)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return WRONG
    except BrokenPipeError:  # the reader of the output, such as `head`, has closed it
        sys.stderr.close()
        return FAILED
    except Exception as error:
        return explained(error, debug)
    return DONE


def explained(error: Exception, debug: bool) -> int:
    """Prints an error for a person and returns its exit code."""
    if debug:
        traceback.print_exc()
    if isinstance(error, KspecError):
        print(f"{error}", file=sys.stderr)
        count = len(problems) if (problems := getattr(error, "problems", ())) else 0
        if count > 1:
            print(f"\n{count} problems; nothing was run.", file=sys.stderr)
        return error.exit_code
    if isinstance(error, MemoryError):
        print(f"kspec: not enough memory: {error}", file=sys.stderr)
        print("       hint: smaller images, a smaller batch, or fewer examples", file=sys.stderr)
        return FAILED
    first = str(error).strip().splitlines()
    print(f"kspec: {type(error).__name__}: {first[0] if first else ''}", file=sys.stderr)
    print("       hint: run again with --debug for the whole traceback", file=sys.stderr)
    return FAILED
