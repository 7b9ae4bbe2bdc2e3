"""The command line: argv to a command to an exit code. Commands are imported when they are called."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any

import click

from kspec.errors import KspecError

DONE, FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
OVERRIDES = click.argument("overrides", nargs=-1)
DEBUG = click.option("--debug", is_flag=True, help="Show the traceback of an error.")
UNSAFE = click.option("--unsafe-model", is_flag=True, help="Run code that a model file holds, e.g. a Lambda layer.")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="kspec")
def cli() -> None:
    """Train, measure and optimise Keras 3 models from one YAML file.

    \b
    kspec run specs/quickstart.yaml
    kspec run specs/quickstart.yaml training.epochs=3 ~training.callbacks
    """


@cli.command()
@click.argument("spec")
@OVERRIDES
@click.option("--smoke", is_flag=True, help="A few steps on generated data, offline; writes nothing.")
@click.option("--runs", default="runs", show_default=True, metavar="FOLDER", help="Where run folders go.")
@UNSAFE
@DEBUG
def run(spec: str, overrides: tuple[str, ...], smoke: bool, runs: str, unsafe_model: bool, debug: bool) -> None:
    """Run the experiment in the file SPEC.

    OVERRIDES change the spec: key.path=value sets, ~key.path removes.
    """
    from kspec.commands.load import check_place, load
    from kspec.commands.start import start

    document, typed = load(spec, overrides)  # first: a wrong spec is refused without loading Keras
    if not smoke:
        check_place(runs, typed)
    start()
    from kspec.commands import run as command
    from kspec.commands import trust

    with trust.models(unsafe_model):
        if smoke:
            command.smoke(document, typed)
        else:
            command.run(document, typed, runs)


@cli.command()
@click.argument("folder", metavar="RUN")
@UNSAFE
@DEBUG
def evaluate(folder: str, unsafe_model: bool, debug: bool) -> None:
    """Measure the model of the run folder RUN on its validation and test data."""
    from kspec.commands.load import finished
    from kspec.commands.start import start

    finished(folder)
    start()
    from kspec.commands import evaluate as command
    from kspec.commands import trust

    with trust.models(unsafe_model):
        command.evaluate(folder)


@cli.command()
@click.argument("folder", metavar="RUN")
@click.argument("data")
@click.option("--output", "-o", metavar="FILE", help="Write the predictions to this CSV file instead of the terminal.")
@UNSAFE
@DEBUG
def predict(folder: str, data: str, output: str | None, unsafe_model: bool, debug: bool) -> None:
    """Predict with the model of the run folder RUN.

    DATA is an image, a folder of images, a .txt file, or a .csv, .parquet, .npy or .npz file.
    """
    from kspec.commands.load import finished
    from kspec.commands.start import start

    finished(folder)
    start()
    from kspec.commands import predict as command
    from kspec.commands import trust

    with trust.models(unsafe_model):
        command.predict(folder, data, output)


@cli.command(name="list")
@click.argument("kind", required=False)
@DEBUG
def list_(kind: str | None, debug: bool) -> None:
    """List what a spec can name; with KIND (optimizer, layer, model, ...) only that, with arguments."""
    from kspec.commands import list as command

    command.show(kind)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits: 0 done, 1 failed, 2 wrong input, 130 interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    sys.exit(guarded(lambda: cli.main(given, prog_name="kspec", standalone_mode=False), "--debug" in given))


def guarded(call: Callable[[], Any], debug: bool) -> int:
    """Calls; turns every error into a message and an exit code."""
    try:
        call()
    except (KeyboardInterrupt, click.Abort):
        print("\nkspec: interrupted", file=sys.stderr)
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
