import pytest

from kspec.builders.model import preset as module
from kspec.builders.model.preset import NotAtHandError, first_at_hand
from kspec.errors import Problem, SpecError

PLACE = ("model", "BertTextClassifier", "preset")
KNOWN = ["bert_tiny_en_uncased", "bert_base_en"]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that must not be imported, with a folder `model`."""
    (tmp_path / "tiny_weights" / "model").mkdir(parents=True)
    (tmp_path / "tiny_weights" / "__init__.py").write_text("raise ImportError('it was imported')")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path / "tiny_weights"


@pytest.fixture(autouse=True)
def online(monkeypatch):
    """Servers answer, as far as is asked."""
    monkeypatch.setattr(module, "reachable", lambda address: True)


def fails(*names):
    """A loader that knows all but some; it lists what it was asked for."""

    def load(found):
        load.asked.append(found)
        if found in names:
            raise OSError(f"{found} is broken\nand more")
        return f"made of {found}"

    load.asked = []
    return load


def problems(presets, load):
    with pytest.raises(SpecError) as caught:
        first_at_hand(presets, PLACE, KNOWN, load)
    return caught.value.problems


def test_a_single_one():
    assert first_at_hand("bert_base_en", PLACE, KNOWN, fails()) == ("made of bert_base_en", "bert_base_en")


def test_the_first_of_a_list_that_can_be_loaded(tmp_path):
    load = fails("bert_base_en")
    presets = ["package:no_such_package/model", "./absent", "bert_base_en", str(tmp_path), "bert_tiny_en_uncased"]
    assert first_at_hand(presets, PLACE, KNOWN, load) == (f"made of {tmp_path}", str(tmp_path))
    assert load.asked == ["bert_base_en", str(tmp_path)]  # nothing after it is tried


def test_a_folder_in_a_package(package):
    wanted = "package:tiny_weights/model"
    assert first_at_hand(wanted, PLACE, KNOWN, fails()) == (f"made of {package / 'model'}", wanted)
    assert first_at_hand("package:tiny_weights", PLACE, KNOWN, fails())[0] == f"made of {package}"


def test_each_preset_is_named_with_its_reason(package):
    load = fails("bert_base_en", str(package / "model"))
    presets = ["package:no_such_package/x", "package:tiny_weights/other", "package:tiny_weights/model", "bert_base_en"]
    found = problems(presets, load)
    assert [(one.path, one.message, one.found) for one in found] == [
        ((*PLACE, 0), "the package no_such_package is not installed", presets[0]),
        ((*PLACE, 1), "no such folder", presets[1]),
        ((*PLACE, 2), f"cannot be loaded: {package / 'model'} is broken", presets[2]),
        ((*PLACE, 3), "cannot be loaded: bert_base_en is broken", presets[3]),
    ]
    assert [one.hint for one in found] == [
        "pip install no-such-package",
        "",
        "",
        "without network, give a local folder that holds the preset",
    ]


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("hf://someone/model", "huggingface.co"),
        ("kaggle://keras/bert/keras/bert_base_en", "api.kaggle.com"),
        ("bert_base_en", "api.kaggle.com"),
    ],
)
def test_a_server_that_cannot_be_reached(name, server, monkeypatch):
    from huggingface_hub import constants

    asked, seen = [], []
    monkeypatch.setattr(module, "reachable", lambda address: asked.append(address) or False)

    def load(found):
        seen.append(constants.HF_HUB_OFFLINE)
        raise OSError("retried for half a minute")

    [found] = problems(name, load)
    assert found.message == f"cannot be loaded, and {server} cannot be reached"
    assert "local folder" in found.hint
    assert (asked, seen) == ([f"https://{server}"], [True])
    assert constants.HF_HUB_OFFLINE is False
    # What was downloaded before is there all the same.
    assert first_at_hand(name, PLACE, KNOWN, fails()) == (f"made of {name}", name)


def test_nobody_is_asked_about_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "reachable", lambda address: pytest.fail(address))
    assert first_at_hand(str(tmp_path), PLACE, KNOWN, fails())[1] == str(tmp_path)


def test_a_word_that_is_no_preset_is_wrong_even_behind_one_that_is_at_hand():
    [found] = problems(["bert_base_en", "bert_tini_en_uncased"], fails())
    assert (found.path, found.message) == ((*PLACE, 1), "no such preset")
    assert "bert_tiny_en_uncased" in found.hint
    assert found.expected == "a local folder, or one of bert_tiny_en_uncased, bert_base_en"


@pytest.mark.parametrize("presets", [[], ["bert_base_en", 3], [""], ""])
def test_what_is_no_list_of_names(presets):
    [found] = problems(presets, fails())
    assert (found.path, found.message) == (PLACE, "not a preset")


def test_a_folder_that_would_run_code_is_refused_whatever_follows(tmp_path, monkeypatch):
    def refuse(folder, place):
        raise SpecError(Problem(place, "the preset is not loaded"))

    monkeypatch.setattr(module, "refuse_preset", refuse)
    with pytest.raises(SpecError, match="the preset is not loaded") as caught:
        first_at_hand([str(tmp_path), "bert_base_en"], PLACE, KNOWN, fails())
    assert not isinstance(caught.value, NotAtHandError)
    assert caught.value.problems[0].path == (*PLACE, 0)


def test_too_little_memory_is_not_a_missing_preset():
    def load(found):
        raise MemoryError

    with pytest.raises(MemoryError):
        first_at_hand("bert_base_en", PLACE, KNOWN, load)
