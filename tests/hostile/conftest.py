"""A harmless saved model, and what an attacker makes of it."""

import json
import zipfile

import pytest

from tests.commands.conftest import kspec  # noqa: F401


@pytest.fixture(scope="session")
def honest(tmp_path_factory):
    """A saved model of one Dense layer: four features, three classes."""
    import keras

    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax", name="head")])
    path = tmp_path_factory.mktemp("honest") / "model.keras"
    model.save(path)
    return path


@pytest.fixture
def forged(honest, tmp_path):
    """`forged(change)`: the honest file with its config.json changed; `entries`: further files in the archive."""

    def forge(change=None, entries=(), name="evil.keras"):
        target = tmp_path / name
        with zipfile.ZipFile(honest) as source, zipfile.ZipFile(target, "w") as archive:
            for entry in source.namelist():
                data = source.read(entry)
                if entry == "config.json" and change is not None:
                    tree = json.loads(data)
                    data = json.dumps(change(tree) or tree).encode()
                archive.writestr(entry, data)
            for entry, data in entries:
                archive.writestr(entry, data)
        return target

    return forge


@pytest.fixture
def canary(tmp_path):
    """A file that no code of this test may make; looked for at the end."""
    path = tmp_path / "canary"
    yield path
    assert not path.exists(), "code from a data file has run"
