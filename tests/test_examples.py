"""Every example runs, and does what its last line says."""

import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "examples"
# Fewer epochs than in the script, and the accuracy that must be reached with them.
SHORT = {
    "run_a_spec": (3, 0.6),
    "learning_rate_in_plain_keras": (6, 0.9),
    "augment_in_plain_keras": (3, 0.5),
    "fast_resnet_in_plain_keras": (4, 0.8),
    "plugin_components": (6, 0.8),
    "prune_neurons_in_plain_keras": (4, 0.9),
    "prune_in_plain_keras": (5, 0.79),
    "distill_in_plain_keras": (80, 0.7),
    "export_model": (4, 0.9),
}


def test_every_example_is_tested():
    assert {path.stem for path in FOLDER.glob("*.py")} == set(SHORT)


@pytest.fixture
def no_plugins():
    """What an example adds to the catalogue leaves it again."""
    yield
    from kspec.catalog import index

    index.forget_plugins()


@pytest.mark.usefixtures("no_plugins")
@pytest.mark.parametrize("name", SHORT)
def test_example(name, capsys):
    epochs, least = SHORT[name]
    result = runpy.run_path(str(FOLDER / f"{name}.py"))["main"](epochs)
    found = list(result.values()) if isinstance(result, dict) else [result]
    assert min(found) >= least
    assert "accuracy" in capsys.readouterr().out
