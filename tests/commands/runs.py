"""What tests of the command line read of a run's folder, and of what was printed."""

import json


def only_run(root):
    """The folder of the one run in `runs`."""
    [folder] = [path.parent for path in root.glob("*/*/run.json")]
    return folder


def record(folder):
    """Its run.json."""
    return json.loads((folder / "run.json").read_text())


def plain(text):
    """What a table says, without its lines."""
    return " ".join(text.replace("│", " ").split())
