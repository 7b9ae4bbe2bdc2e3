"""Plug-ins join the catalogue: from a file, and from an installed package."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import pytest

import kspec
from kspec import catalog
from kspec.catalog import index, plugins
from kspec.errors import SpecError, UsageError
from tests.plugin_files import GATE, install, layer


@pytest.fixture(autouse=True)
def no_plugins() -> Iterator[None]:
    """No plug-in before a test and none after it."""
    modules = set(sys.modules)
    registered = dict(keras.saving.get_custom_objects())
    index.forget_plugins()
    yield
    index.forget_plugins()
    keras.saving.get_custom_objects().clear()
    keras.saving.get_custom_objects().update(registered)
    for name in set(sys.modules) - modules:
        if name.startswith(("own_", plugins.MODULE)):
            del sys.modules[name]


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """The file of a plug-in."""
    file = tmp_path / "gate.py"
    file.write_text(GATE)
    return file


Install = Callable[..., None]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs packages with entry points: name of the package -> (name of its module, source)."""

    def make(**packages: tuple[str, str]) -> None:
        for package, (module, source) in packages.items():
            folder = tmp_path / package
            folder.mkdir()
            install(folder, f"kspec-{package}", {module: source}, {package: module})
            monkeypatch.syspath_prepend(str(folder))

    return make


def test_components_of_a_file_are_like_built_in_ones(gate: Path) -> None:
    assert not catalog.knows("layer", "Gate")
    kspec.load_plugin(gate)
    assert "Gate" in catalog.names("layer")
    assert catalog.names("layer") == sorted(catalog.names("layer"))
    entry = catalog.entry("layer", "Gate")
    assert (entry.summary, entry.plugin, entry.open) == (
        "Multiplies each feature by a learned number",
        "gate.py",
        False,
    )
    assert entry.arguments["strength"] == catalog.Argument("strength", "number", False, 1.0)
    assert {"name", "dtype", "trainable"} <= set(entry.arguments)
    assert set(catalog.entry("model", "Gated").arguments) == {"width"}
    assert catalog.defaults("layer", "Gate") == {"strength": 1.0}
    assert catalog.instantiate("layer", "Gate", {"strength": 2}).strength == 2
    assert catalog.instantiate("activation", "square", {})(3) == 9


def test_their_arguments_are_checked(gate: Path) -> None:
    kspec.load_plugin(gate)
    [typo] = catalog.check("layer", "Gate", {"strenght": 1.0}, ())
    assert (typo.path, typo.hint) == (("Gate", "strenght"), "did you mean 'strength'?")
    [wrong] = catalog.check("layer", "Gate", {"strength": "much"}, ())
    assert wrong.expected == "a number"
    [missing] = catalog.check("callback", "Count", {}, ())
    assert missing.message == "Count needs every"
    [name] = catalog.check("layer", "Gat", {}, ())
    assert name.hint == "did you mean 'Gate'?"
    [other] = catalog.check("callback", "Gate", {}, ())
    assert other.message == "'Gate' is a layer, not a callback"
    assert catalog.check("layer", "Dense", {"units": 1, "activation": "square"}, ()) == []


BROKEN = {
    "not Python": ("import keras\ndef f(:\n", "SyntaxError: invalid syntax\n       at: own.py:2: def f\\(:"),
    "raises": ("import keras\n\nprint(undefined)\n", "NameError: .*undefined.*\n       at: own.py:3: print"),
    "exits": ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
    "no table": ("x = 1\n", "own.py: not a plug-in: it has no COMPONENTS"),
    "no mapping": ("COMPONENTS = [1]\n", "COMPONENTS must be a mapping"),
    "empty": ("COMPONENTS = {'layer': {}}\n", "COMPONENTS holds nothing"),
    "wrong kind": ("COMPONENTS = {'calback': {'A': 1}}\n", "no kind 'calback'(.|\n)*did you mean 'callback'"),
    "a kind that no plug-in adds": ("COMPONENTS = {'application': {'A': 1}}\n", "no kind 'application'"),
    "names in a list": ("COMPONENTS = {'layer': ['A']}\n", "COMPONENTS\\['layer'\\] must be a mapping"),
    "no class": ("COMPONENTS = {'layer': {'A': 3}}\n", "the layer 'A' is not a class(.|\n)*found: 3"),
    "another class": ("COMPONENTS = {'layer': {'A': dict}}\n", "subclass of keras.layers.Layer\n.*<class 'dict'>"),
    "an instance": (
        "import keras\nCOMPONENTS = {'layer': {'A': keras.layers.ReLU()}}\n",
        "the layer 'A' is not a class",
    ),
    "no function": ("COMPONENTS = {'activation': {'a': 3}}\n", "the activation 'a' is not a function"),
    "a family without units": ("COMPONENTS = {'model': {'A': lambda input_shape: 1}}\n", "does not take units and out"),
    "a name like an argument": ("COMPONENTS = {'layer': {'a b': dict}}\n", "'a b' is no name of a layer"),
    "a name in lower case": ("COMPONENTS = {'loss': {'auto': dict}}\n", "'auto' is no name of a loss"),
    "a name of Keras": (
        layer("Dense"),
        "own.py: two components are called 'Dense': the layer of Keras and that of",
    ),
    "an alias of Keras": (layer("MaxPool2D"), "two components are called 'MaxPool2D'"),
    "a name that Keras has and kspec leaves out": (layer("Lambda"), "two components are called 'Lambda'"),
    "a name of kspec": (layer("ClassToken"), "the layer of kspec and that of the plug-in own.py"),
    "a network of Keras": (
        "def f(input_shape, units, output_activation): pass\nCOMPONENTS = {'model': {'ResNet50': f}}\n",
        "the model family of Keras \\(keras.applications network\\) and that of the plug-in own.py",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_one_message_and_adds_nothing(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    source, words = BROKEN[case]
    file = tmp_path / "own.py"
    file.write_text(source)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UsageError, match=words):
        kspec.load_plugin(file)
    assert plugins.files() == ()
    assert sorted(tmp_path.iterdir()) == before  # no __pycache__


def test_all_faults_of_a_table_are_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text("COMPONENTS = {'layr': {}, 'loss': {'A': 1}, 'metric': {'B': 2}}\n")
    with pytest.raises(UsageError) as caught:
        kspec.load_plugin(file)
    assert [word in str(caught.value) for word in ("'layr'", "the loss 'A'", "the metric 'B'")] == [True] * 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("none.py", "no such file"),
        ("gate.txt", "found: '.txt'"),
        ("folder", "found: a folder"),
        ("x", "without"),
    ],
)
def test_what_is_no_file(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "gate.txt").write_text(GATE)
    with pytest.raises(UsageError, match=words):
        kspec.load_plugin(tmp_path / name)


def test_the_same_file_again_is_the_same_plugin_and_a_changed_one_takes_its_place(gate: Path) -> None:
    first = kspec.load_plugin(gate)
    assert kspec.load_plugin(gate) is first
    gate.write_text(GATE.replace("strength", "power"))
    second = kspec.load_plugin(gate)
    assert second.sha256 != first.sha256
    assert "power" in catalog.entry("layer", "Gate").arguments
    assert plugins.files() == (second,)


def test_two_files_of_one_name(gate: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "gate.py").write_text(layer("Other"))
    kspec.load_plugin(gate)
    with pytest.raises(UsageError, match=r"two plug-ins are called 'gate': .*gate\.py and .*other.gate\.py"):
        kspec.load_plugin(tmp_path / "other" / "gate.py")


def test_two_files_with_one_name_in_them(gate: Path, tmp_path: Path) -> None:
    (tmp_path / "twin.py").write_text(layer("Gate"))
    kspec.load_plugin(gate)
    with pytest.raises(UsageError, match=r"'Gate': the layer of the plug-in gate\.py and that of the plug-in twin"):
        kspec.load_plugin(tmp_path / "twin.py")
    assert catalog.entry("layer", "Gate").plugin == "gate.py"


def test_an_installed_plugin(installed: Install) -> None:
    installed(own=("own_module", GATE))
    assert catalog.check("layer", "Gate", {"strength": 1.0}, ()) == []
    assert catalog.entry("layer", "Gate").plugin == "own (kspec-own 1.2)"
    assert catalog.entry("layer", "Gate").target == "own_module:Gate"
    assert "Gate" in catalog.names("layer")
    [plugin] = plugins.installed().plugins
    assert (plugin.package, plugin.version, len(plugin.sha256)) == ("kspec-own", "1.2", 64)
    assert type(catalog.instantiate("layer", "Gate", {})).__module__ == "own_module"


def test_an_entry_point_can_name_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "kspec-own", {"own_table": GATE.replace("COMPONENTS", "TABLE")}, {"own": "own_table:TABLE"})
    monkeypatch.syspath_prepend(str(tmp_path))
    assert catalog.knows("activation", "square")


def test_an_installed_plugin_is_not_imported_before_it_is_needed(installed: Install) -> None:
    installed(own=("own_module", GATE))
    assert catalog.check("layer", "Dense", {"units": 3, "activation": "relu"}, ()) == []
    assert catalog.knows("model", "MLP")
    assert catalog.find(("model", "application"), "ResNet50")
    assert not catalog.knows("application", "Gate")
    assert "own_module" not in sys.modules
    assert catalog.knows("layer", "Gate")
    assert "own_module" in sys.modules


def test_a_plugin_that_cannot_be_imported_is_a_warning_and_a_reason(
    installed: Install, caplog: pytest.LogCaptureFixture
) -> None:
    installed(own=("own_broken", "import no_such_module\n"), good=("own_good", GATE))
    with caplog.at_level(logging.WARNING, "kspec"):
        assert catalog.check("layer", "Gate", {}, ()) == []
    reason = "ModuleNotFoundError: No module named 'no_such_module'"
    assert caplog.messages == [f"the plug-in own (kspec-own 1.2) cannot be loaded: {reason}"]
    [problem] = catalog.check("layer", "Gat", {}, ())
    fault = f"the plug-in own (kspec-own 1.2) cannot be loaded: {reason}"
    assert problem.hint == f"did you mean 'Gate'?; {fault}"
    [dataset] = catalog.check("sklearn_dataset", "load_digit", {}, ())
    assert dataset.hint == "did you mean 'load_digits'?"  # no plug-in could have it


def test_a_table_that_is_wrong_is_a_warning_too(installed: Install, caplog: pytest.LogCaptureFixture) -> None:
    installed(own=("own_broken", "COMPONENTS = {'layr': {'A': 1}}\n"))
    with caplog.at_level(logging.WARNING, "kspec"):
        assert not catalog.knows("layer", "Gate")
    assert "no kind 'layr'" in caplog.text


def test_a_name_of_two_installed_plugins_names_both(installed: Install) -> None:
    installed(first=("own_first", layer("Twin")), second=("own_second", layer("Twin")))
    [problem] = catalog.check("layer", "Twin", {}, ())
    both = "the plug-in first (kspec-first 1.2) and that of the plug-in second (kspec-second 1.2)"
    assert problem.message == f"two components are called 'Twin': the layer of {both}"


def test_nothing_is_built_of_a_name_that_an_installed_plugin_has_too(installed: Install) -> None:
    """The static check does not load the plug-in; whoever builds a layer does."""
    installed(own=("own_module", layer("Dense")))
    assert catalog.check("layer", "Dense", {"units": 1}, ()) == []
    with pytest.raises(SpecError, match=r"called 'Dense': the layer of Keras and that of the plug-in own \(kspec-own"):
        catalog.instantiate("layer", "Dense", {"units": 1}, ("model", "layers", 0))
    assert catalog.instantiate("layer", "Flatten", {}) is not None


def test_a_saved_model_needs_its_plugin(gate: Path, tmp_path: Path) -> None:
    kspec.load_plugin(gate)
    model = catalog.resolve("model", "Gated")((4,), 2)
    model.save(tmp_path / "model.keras")
    x = keras.ops.ones((2, 4))
    expected = keras.ops.convert_to_numpy(model(x))
    assert (keras.ops.convert_to_numpy(kspec.load_model(tmp_path / "model.keras")(x)) == expected).all()
    registered = keras.saving.get_custom_objects()
    kept = {name: registered.pop(name) for name in list(registered) if name.startswith("gate>")}
    assert set(kept) == {"gate>Gate", "gate>square"}
    with pytest.raises(UsageError, match=r"holds what is not here: Gate of the plug-in or package 'gate'\n"):
        kspec.load_model(tmp_path / "model.keras")
    registered.update(kept)
    kspec.load_model(tmp_path / "model.keras")


def test_an_author_who_registered_a_class_keeps_its_name(tmp_path: Path) -> None:
    source = layer("Named").replace("class Named", '@keras.saving.register_keras_serializable("theirs")\nclass Named')
    (tmp_path / "own.py").write_text(source)
    kspec.load_plugin(tmp_path / "own.py")
    assert keras.saving.get_registered_name(catalog.resolve("layer", "Named")) == "theirs>Named"


def test_without_plugins_nothing_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; from kspec import catalog as c; assert not c.knows('layer', 'Gate'); c.names('layer');"
        "assert c.check('layer', 'Gate', {}, ()); print(json.dumps('keras' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", f"import json; {code}"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) is False
