"""The command line: argv to a command to an exit code. Commands are imported when they are called."""

from __future__ import annotations

import sys

import click

from kspec.ending import DONE, WRONG, guarded
from kspec.errors import UsageError
from kspec.garbage import collect_seldom

OVERRIDES = click.argument("overrides", nargs=-1)
JOBS = click.option("-j", "--jobs", type=click.IntRange(1, 1000), default=1, show_default=True, metavar="N",
                    help="Trainings of a search beside each other.")  # fmt: skip
ON = click.option("--on", metavar="WHERE",
                  help="Where the trainings of a search run, by default in processes of this machine: `ray`, a Ray "
                  "cluster that starts here and ends with the search; ray:HOST:PORT or ray:auto, a cluster that this "
                  "machine is a node of; ray://HOST:PORT, one that is reached through its Ray Client port. Nodes need "
                  "the packages and the data, not the folder. `kspec resume` may name another place than the search "
                  "before it.")  # fmt: skip
DEBUG = click.option("--debug", is_flag=True, help="Show the traceback of an error.")
UNSAFE = click.option("--unsafe-model", is_flag=True, help="Run code that a model file holds, e.g. a Lambda layer.")


def trusted(context: click.Context, option: click.Parameter, files: tuple[str, ...]) -> None:
    """Loads the plug-in files of the command line before the verb reads anything."""
    if files:
        from kspec.commands.plugins import trust

        trust(files)


class Verbs(click.Group):
    """The verbs; each takes --plugin."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Adds a verb, and the option to it."""
        cmd.params.append(
            click.Option(
                ["--plugin"],
                multiple=True,
                metavar="FILE",
                expose_value=False,
                callback=trusted,
                help="Run this Python file, which you trust, and let specs name its COMPONENTS; can be repeated.",
            )
        )
        super().add_command(cmd, name)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
@click.argument("spec")
@OVERRIDES
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output, and nothing else.")
@click.option("--static", "only_static", is_flag=True, help="Only what the file itself shows; does not load Keras.")
@click.option("--runs", default="runs", show_default=True, metavar="FOLDER", help="Where run folders would go.")
@UNSAFE
@DEBUG
def check(
    spec: str,
    overrides: tuple[str, ...],
    as_json: bool,
    only_static: bool,
    runs: str,
    unsafe_model: bool,
    debug: bool,
) -> None:
    """Prove the experiment in the file SPEC before it runs: every mistake at once, and what it will cost.

    First the file alone. Then data and model are built, and a few real training steps are taken. Nothing is written.
    Exit code 0, warnings or not; 2 with errors.
    """
    from kspec.commands import check as command
    from kspec.commands import trust

    with trust.models(unsafe_model):
        wrong = command.check(spec, overrides, runs, as_json=as_json, only_static=only_static, debug=debug)
    sys.exit(WRONG if wrong else DONE)


@cli.command()
@click.argument("spec")
@OVERRIDES
@JOBS
@ON
@click.option("--dry-run", is_flag=True, help="Say how many trials, hours and MB it would take; search nothing.")
@click.option("--runs", default="runs", show_default=True, metavar="FOLDER", help="Where the search's folder goes.")
@DEBUG
def tune(
    spec: str, overrides: tuple[str, ...], jobs: int, on: str | None, dry_run: bool, runs: str, debug: bool
) -> None:
    """Search for the best values of the keys that `tune.space` of the file SPEC names.

    \b
    kspec tune specs/digits_search.yaml
    kspec tune specs/digits_search.yaml tune.algorithm=grid -j 2
    kspec tune specs/digits_search.yaml -j 16 --on ray://head.example.org:10001
    """
    from kspec.commands.load import check_place, load

    document, typed = load(spec, overrides)
    check_place(runs, typed)
    from kspec.commands import tune as command

    if dry_run:
        command.dry_run(document, typed, jobs)
    else:
        command.tune(document, typed, runs, jobs, on)


@cli.command()
@click.argument("folder", metavar="RUN")
@click.option("--other-versions", is_flag=True, help="Go on although Keras or TensorFlow is another than then.")
@JOBS
@ON
@UNSAFE
@DEBUG
def resume(folder: str, other_versions: bool, jobs: int, on: str | None, unsafe_model: bool, debug: bool) -> None:
    """Go on with the run or the search in the folder RUN after it was stopped, to the result it would have had."""
    from kspec.commands.load import is_search

    if is_search(folder):
        from kspec.commands import tune as search

        search.resume(folder, jobs, other_versions, on)
        return
    if on is not None:
        raise UsageError(f"{folder}: holds no search, and --on is for searches")
    from kspec.commands.start import start
    from kspec.commands.stopped import stopped_run

    found = stopped_run(folder, other_versions)  # first: what cannot be resumed is refused without loading Keras
    if found is None:
        print(f"{folder}: the run has finished; there is nothing to resume")
        return
    start()
    from kspec.commands import resume as command
    from kspec.commands import trust

    with trust.models(unsafe_model):
        command.resume(found)


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


@cli.command()
@click.argument("folder", metavar="RUN")
@click.option("--to", default="litert", show_default=True, metavar="FORMATS",
              help="saved_model, litert, openvino, onnx; several with commas.")  # fmt: skip
@click.option(
    "--int8", "precision", flag_value="int8", multiple=True, help="int8 weights and activations: litert, openvino."
)
@click.option("--dynamic-range", "precision", flag_value="dynamic_range", multiple=True, help="int8 weights: litert.")
@click.option("--float16", "precision", flag_value="float16", multiple=True, help="float16 weights: litert, openvino.")
@click.option("--calibration", type=click.IntRange(1, 100_000), metavar="N",
              help="Examples of train for int8; by default 512.")  # fmt: skip
@click.option("--output", "-o", metavar="FOLDER", help="Where the files go; by default RUN/export.")
@UNSAFE
@DEBUG
def export(
    folder: str,
    to: str,
    precision: tuple[str, ...],
    calibration: int | None,
    output: str | None,
    unsafe_model: bool,
    debug: bool,
) -> None:
    """Write the model of the run folder RUN for other runtimes.

    Each file is run on 256 examples and compared with Keras before it counts. The exit code is 1 where a format fails.

    \b
    kspec export runs/quickstart/... --to litert,openvino
    kspec export runs/quickstart/... --to litert,openvino --int8
    """
    from kspec.commands.load import finished
    from kspec.commands.start import start

    finished(folder)
    start()
    from kspec.commands import export as command
    from kspec.commands import trust

    with trust.models(unsafe_model):
        command.export(folder, to, precision, calibration, output)


@cli.command()
@click.argument("folders", metavar="RUN...", nargs=-1, required=True)
@click.option("--rounds", type=click.IntRange(1, 1000), default=7, show_default=True, metavar="N",
              help="How often each variant has its turn.")  # fmt: skip
@click.option("--output", "-o", metavar="FILE", help="The JSON file; by default bench.json in the first run's folder.")
@UNSAFE
@DEBUG
def bench(folders: tuple[str, ...], rounds: int, output: str | None, unsafe_model: bool, debug: bool) -> None:
    """Measure everything that run folders hold: models, and the files that `kspec export` and stages have made.

    Parameters, MACs, sizes, accuracy, and the latency of batches of 1 and 64 in each runtime, the variants in turn.
    """
    from kspec.commands.load import finished
    from kspec.commands.start import start

    for folder in folders:
        finished(folder)
    start()
    from kspec.commands import bench as command
    from kspec.commands import trust

    with trust.models(unsafe_model):
        command.bench(folders, rounds, output)


@cli.command()
@click.argument("key", required=False)
@click.argument("spec", required=False)
@OVERRIDES
@DEBUG
def explain(key: str | None, spec: str | None, overrides: tuple[str, ...], debug: bool) -> None:
    """Explain KEY: its meaning, type, default and allowed values.

    With SPEC also its value there, and the file, line or override that set it. Without KEY, list the sections.

    \b
    kspec explain training.learning_rate.warmup
    kspec explain training.optimizer.SGD.momentum specs/quickstart.yaml training.optimizer=SGD
    """
    from kspec.commands import explain as command

    command.explain(key, spec, overrides)


@cli.command()
@click.argument("a")
@click.argument("b")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@DEBUG
def diff(a: str, b: str, as_json: bool, debug: bool) -> None:
    """Compare A and B: spec files, run folders, or one of each.

    Shows the values that differ in the complete specs, with what set them, and of runs the results side by side.
    The exit code is 0 whether they differ or not.
    """
    from kspec.commands import diff as command

    command.diff(a, b, as_json)


@cli.command()
@click.argument("source", required=False, metavar="[NAME|DATA]")
@click.option("--output", "-o", metavar="FILE", help="Write the spec to this file.")
@click.option("--label", multiple=True, metavar="COLUMN", help="The column to predict; may be given several times.")
@click.option("--list", "show", is_flag=True, help="List the templates.")
@DEBUG
def init(source: str | None, output: str | None, label: tuple[str, ...], show: bool, debug: bool) -> None:
    """Write a spec: from the template NAME, or for the file or folder DATA.

    DATA is a .csv, .tsv, .parquet or .npz file, or a folder of images or texts with a folder per class. kspec looks at
    it and says what it assumed. No file is overwritten.

    \b
    kspec init digits
    kspec init houses.csv --label price -o houses.yaml
    """
    from kspec.commands import init as command

    command.init(None if show else source, output, label)


@cli.command()
@DEBUG
def schema(debug: bool) -> None:
    """Print the JSON Schema of a spec: completion, hover and checks in an editor.

    \b
    kspec schema > kspec.schema.json
    Then begin a spec with the line
    # yaml-language-server: $schema=kspec.schema.json
    """
    from kspec.commands import schema as command

    command.show()


@cli.command()
@click.argument("spec")
@OVERRIDES
@click.option("--output", "-o", metavar="FILE", help="The script; by default the spec's name with .py, here.")
@DEBUG
def eject(spec: str, overrides: tuple[str, ...], output: str | None, debug: bool) -> None:
    """Write the experiment in the file SPEC as one Python script that needs no kspec.

    Its data, its initial weights and its metrics are those of `kspec run`, to the last bit.
    """
    from kspec.commands.load import load
    from kspec.commands.start import start

    document, typed = load(spec, overrides)
    start()
    from kspec.commands import eject as command

    command.eject(document, typed, output, [spec, *overrides])


@cli.command(name="list")
@click.argument("kind", required=False)
@DEBUG
def list_(kind: str | None, debug: bool) -> None:
    """List what a spec can name; with KIND (optimizer, layer, model, ...) only that, with arguments."""
    from kspec.commands import list as command

    command.show(kind)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits: 0 done, 1 failed, 2 wrong input, 130 interrupted."""
    collect_seldom()
    given = sys.argv[1:] if arguments is None else arguments
    sys.exit(guarded(lambda: cli.main(given, prog_name="kspec", standalone_mode=False), "--debug" in given))
