"""One folder of small files for all tests of ejected scripts."""

import pytest

from tests.eject import data


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The folder that data.py fills; a test that reads from it goes there."""
    folder = tmp_path_factory.mktemp("eject")
    data.make(folder)
    return folder


@pytest.fixture
def there(folder, monkeypatch):
    """The folder, entered."""
    monkeypatch.chdir(folder)
    return folder
