"""A `.keras` file is data: whatever its config.json says, no code runs and no other file is read.

Each trick is tried on kspec and, where kspec is told to trust the file, seen to do what it says, so that a test that
cannot fail does not count.
"""

import json
import zipfile

import keras
import pytest

from kspec.builders.archive import inspect, inspect_config, inspect_preset
from kspec.builders.saved import load_model, trusted
from kspec.errors import SpecError, UsageError
from kspec.spec.reader import read
from kspec.text import read_text


def head(tree):
    """The Dense layer in the configuration of the honest model."""
    return tree["config"]["layers"][-1]


def put(tree, **keys):
    head(tree).update(keys)


def function(name, module, **more):
    return {"class_name": "function", "module": module, "config": name, "registered_name": name, **more}


def lambda_of(target, **arguments):
    """A Lambda layer that calls a function by name, the gadget of CVE-2025-8747 and CVE-2025-9906."""
    config = {"name": "head", "function": target, "arguments": arguments}
    return {"module": "keras.layers", "class_name": "Lambda", "config": config, "registered_name": None}


TRICKS = {
    # CVE-2024-3660: marshalled Python code in a Lambda layer
    "lambda with code": lambda t, c: put(
        t, **lambda_of({"class_name": "__lambda__", "config": {"value": ["4wAAAA==", None, None]}})
    ),
    # CVE-2025-1550: any module and function
    "os.system as a class": lambda t, c: put(
        t, module="os", class_name="system", registered_name="system", config={"command": f"touch {c}"}
    ),
    "subprocess as a class": lambda t, c: put(
        t, module="subprocess", class_name="Popen", registered_name=None, config={"args": ["touch", str(c)]}
    ),
    "a class outside of keras": lambda t, c: put(
        t, module="pickle", class_name="Unpickler", registered_name="Unpickler"
    ),
    "os.system as an activation": lambda t, c: head(t)["config"].update(activation=function("system", "os")),
    "eval as an activation": lambda t, c: head(t)["config"].update(activation=function("eval", "builtins.eval")),
    "a posix module as an initializer": lambda t, c: head(t)["config"].update(
        kernel_initializer={"module": "posix", "class_name": "system", "config": {}, "registered_name": None}
    ),
    "a look-alike of a module": lambda t, c: put(t, module="keras_evil.layers", class_name="Dense"),
    # CVE-2025-8747: a function of Keras itself that loads, downloads or writes
    "keras.utils.get_file in a lambda": lambda t, c: put(
        t, **lambda_of(function("get_file", "keras.utils"), origin="http://127.0.0.1:9/x")
    ),
    "keras.models.load_model in a lambda": lambda t, c: put(
        t, **lambda_of(function("load_model", "keras.models"), safe_mode=False)
    ),
    "keras.utils.plot_model as an activation": lambda t, c: head(t)["config"].update(
        activation=function("plot_model", "keras.utils")
    ),
    "a function in the place of a class": lambda t, c: put(t, module="keras.models", class_name="clone_model"),
    "keras.datasets as an activation": lambda t, c: head(t)["config"].update(
        activation=function("load_data", "keras.datasets.imdb")
    ),
    # CVE-2025-9906: the file switches safe mode off
    "enable_unsafe_deserialization": lambda t, c: head(t)["config"].update(
        activation=function("enable_unsafe_deserialization", "keras.config")
    ),
    "set_global_attribute": lambda t, c: put(
        t, **lambda_of(function("set_global_attribute", "keras.src.backend.common.global_state"), value=False)
    ),
    # a layer that is a program
    "a TensorFlow program": lambda t, c: put(
        t, module="keras.layers", class_name="TFSMLayer", registered_name=None, config={"filepath": "/tmp/evil"}
    ),
    "a pickled torch module": lambda t, c: put(
        t, module="keras.layers", class_name="TorchModuleWrapper", registered_name=None, config={"module": "gASV"}
    ),
    "a class of TensorFlow": lambda t, c: head(t)["config"].update(
        kernel_regularizer={
            "class_name": "__typespec__",
            "spec_name": "x",
            "module": "os",
            "registered_name": "x",
            "config": [],
        }
    ),
    # the other places of the file that make objects
    "os.system in the optimizer": lambda t, c: t.update(
        compile_config={"optimizer": {"module": "os", "class_name": "system", "config": {}, "registered_name": None}}
    ),
    "os.system in the loss": lambda t, c: t.update(
        compile_config={"optimizer": "adam", "loss": function("system", "os")}
    ),
    "os.system in build_config": lambda t, c: put(
        t, build_config={"input_shape": {"class_name": "system", "module": "os", "config": {}, "registered_name": None}}
    ),
    "the whole model": lambda t, c: {"module": "os", "class_name": "system", "config": {}, "registered_name": None},
}
"""Name -> what it does to the configuration, given the path of a canary."""


@pytest.mark.parametrize("compiled", [False, True], ids=["compile=False", "compile=True"])
@pytest.mark.parametrize("trick", TRICKS)
def test_code_in_a_file_is_refused_before_keras_sees_it(forged, canary, trick, compiled, monkeypatch):
    path = forged(lambda tree: TRICKS[trick](tree, canary))
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("Keras has loaded it"))
    with pytest.raises(UsageError, match="the model is not loaded: it ") as caught:
        load_model(path, compile=compiled)
    assert "--unsafe-model" in str(caught.value)


LEFT_OPEN = {
    "keras.utils.plot_model as an activation",
    "keras.datasets as an activation",
}
"""What Keras 3.15.1 itself still makes of a file in safe mode: any public function, if it is called with a tensor."""


@pytest.mark.parametrize("trick", TRICKS)
def test_the_second_wall_is_keras_own_safe_mode(forged, canary, trick):
    """Where this fails, Keras has opened a hole, or closed one, that kspec's own check covers."""
    path = forged(lambda tree: TRICKS[trick](tree, canary))
    try:
        keras.saving.load_model(path, safe_mode=True)
    except Exception:
        assert trick not in LEFT_OPEN
    else:
        assert trick in LEFT_OPEN


READERS = {
    # CVE-2025-12058 and its kin in KerasHub
    "StringLookup": ("keras.layers", "StringLookup", {"vocabulary": "/etc/hostname"}),
    "an address": ("keras.layers", "StringLookup", {"vocabulary": "http://127.0.0.1:9/words"}),
    "IntegerLookup": ("keras.layers", "IntegerLookup", {"vocabulary": "/etc/hostname"}),
    "TextVectorization": ("keras.layers", "TextVectorization", {"vocabulary": "/etc/hostname"}),
    "a tokenizer's words": ("keras_hub.tokenizers", "WordPieceTokenizer", {"vocabulary": "/etc/hostname"}),
    "a tokenizer's merges": (
        "keras_hub.tokenizers",
        "BytePairTokenizer",
        {"vocabulary": {}, "merges": "/etc/hostname"},
    ),
    "a tokenizer's proto": ("keras_hub.tokenizers", "SentencePieceTokenizer", {"proto": "/etc/hostname"}),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("trust", [False, True])
def test_a_file_that_reads_other_files_is_refused_even_when_trusted(forged, reader, trust):
    module, name, config = READERS[reader]
    path = forged(lambda tree: put(tree, module=module, class_name=name, registered_name=None, config=config))
    with trusted(trust), pytest.raises(UsageError, match=r"it would read the file '(/etc|http)"):
        load_model(path)


def test_an_honest_file_loads(honest):
    assert load_model(honest).output_shape == (None, 3)


def test_what_was_registered_by_imported_code_is_trusted(tmp_path):
    @keras.saving.register_keras_serializable("hostile")
    class Doubled(keras.layers.Dense):
        pass

    keras.Sequential([keras.Input((4,)), Doubled(3)]).save(tmp_path / "own.keras")
    assert type(load_model(tmp_path / "own.keras").layers[-1]) is Doubled


@pytest.mark.parametrize("suffix", [".h5", ".hdf5", "", ".zip"])
def test_only_keras_files_are_models(tmp_path, suffix):
    """CVE-2025-9905: an .h5 file, whose Lambda layers safe_mode did not look at."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    path = tmp_path / f"model{suffix}"
    keras.src.legacy.saving.legacy_h5_format.save_model_to_hdf5(model, str(path))
    with pytest.raises(UsageError, match=r"not a .keras file"):
        load_model(path)
    (tmp_path / "renamed.keras").write_bytes(path.read_bytes())
    with pytest.raises(UsageError, match=r"not a .keras file"):
        load_model(tmp_path / "renamed.keras")


def test_folders_and_addresses_are_no_models(tmp_path, forged):
    (tmp_path / "folder.keras").mkdir()
    (tmp_path / "folder.keras" / "config.json").write_text("{}")
    for path in (tmp_path / "folder.keras", "hf://user/model", "gs://bucket/model.keras"):
        with pytest.raises(UsageError, match="no such file"):
            load_model(path)


def test_a_very_deep_configuration(forged, honest):
    path = forged()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", '{"a":' * 100_000 + "1" + "}" * 100_000)
    with pytest.raises(UsageError, match=r"not a whole .keras file"):
        load_model(path)
    deep = {"class_name": "Lambda"}
    for _ in range(5_000):
        deep = [deep]
    assert inspect_config(deep).is_code


def test_the_search_looks_into_every_corner():
    bad = {"class_name": "Lambda", "module": "keras.layers", "config": {}}
    for tree in (
        bad,
        [bad],
        {"a": [[{"b": bad}]]},
        {"class_name": "Dense", "module": "keras.layers", "config": {"x": bad}},
    ):
        assert inspect_config(tree).message == "it holds a Lambda layer, which is Python code"


def test_a_spec_names_the_file_and_cannot_trust_it(forged, canary):
    from kspec import build

    path = forged(lambda tree: TRICKS["os.system as a class"](tree, canary))
    yaml = f"data: {{sklearn: iris}}\nmodel: {{file: {path}}}\n"
    with pytest.raises(SpecError) as caught:
        build(read(read_text(yaml)))
    [problem] = caught.value.problems
    assert problem.path == ("model", "file")
    assert "it names 'system' of 'os', which is no part of a network" in problem.message
    for key in ("unsafe", "unsafe_model", "safe_mode", "trust"):
        with pytest.raises(SpecError):
            read(read_text(f"{yaml}{key}: true\n"))
        with pytest.raises(SpecError):
            read(read_text(f"data: {{sklearn: iris}}\nmodel: {{file: {path}, {key}: true}}\n"))


@pytest.fixture
def with_lambda(tmp_path):
    """A model with a real Lambda layer, whose code doubles its input."""
    given = keras.Input((4,))
    doubled = keras.layers.Lambda(lambda x: x * 2, output_shape=(4,))(given)
    keras.Model(given, keras.layers.Dense(3, activation="softmax")(doubled)).save(tmp_path / "lambda.keras")
    return tmp_path / "lambda.keras"


def test_the_command_line_can_trust_a_file_and_says_so_aloud(kspec, with_lambda, tmp_path):
    spec = tmp_path / "tuned.yaml"
    spec.write_text(f"data: {{sklearn: iris, test: 0.2}}\nmodel: {{file: {with_lambda}}}\ntraining: {{epochs: 1}}\n")
    refused = kspec("run", spec)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"{spec}:2:15: model.file: it holds a Lambda layer, which is Python code\n")
    assert "--unsafe-model" in refused.err
    assert not (tmp_path / "runs").exists()
    done = kspec("run", spec, "--unsafe-model")
    assert done.code == 0, done.err
    assert done.err.startswith("UNSAFE: --unsafe-model is set. A model file may hold Python code")
    [run] = (tmp_path / "runs" / "tuned").iterdir()
    assert "unsafe" not in (run / "spec.yaml").read_text()
    (run.parent / "x.csv").write_text(
        "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)\n1,2,3,4\n"
    )
    for verb in (("evaluate", run), ("predict", run, run.parent / "x.csv")):
        refused = kspec(*verb)
        assert (refused.code, refused.out) == (2, "")
        assert "a Lambda layer" in refused.err
        trusted_ = kspec(*verb, "--unsafe-model")
        assert trusted_.code == 0, trusted_.err
        assert "UNSAFE" in trusted_.err and "UNSAFE" not in trusted_.out


def test_the_inspection_reads_the_archive_only(honest, monkeypatch):
    assert inspect(honest) is None
    assert json.loads(zipfile.ZipFile(honest).read("config.json"))["class_name"] == "Sequential"


@pytest.fixture
def preset(tmp_path):
    """A tiny KerasHub preset in a folder."""
    import keras_hub

    backbone = keras_hub.models.BertBackbone(9, 1, 1, 4, 4, max_sequence_length=8)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b"]
    tokenizer = keras_hub.models.BertTokenizer(words)
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor(tokenizer, 8)
    task = keras_hub.models.BertTextClassifier(backbone, num_classes=2, preprocessor=preprocessor)
    task.save_to_preset(str(tmp_path / "preset"))
    return tmp_path / "preset"


def test_the_folder_of_a_preset_is_looked_at_too(preset):

    from kspec.builders.model.preset import first_at_hand

    assert inspect_preset(preset) is None
    for name, change, said in (
        ("tokenizer.json", {"vocabulary": "/etc/passwd"}, "tokenizer.json: it would read the file '/etc/passwd'"),
        (
            "config.json",
            {"x": {"module": "os", "class_name": "system", "config": {}}},
            "config.json: it names 'system'",
        ),
    ):
        tree = json.loads((preset / name).read_text())
        (preset / name).write_text(json.dumps({**tree, "config": {**tree["config"], **change}}))
        assert inspect_preset(preset).message.startswith(said)
        with pytest.raises(SpecError, match=r"model\.BertTextClassifier\.preset: the preset is not loaded"):
            first_at_hand(str(preset), ("model", "BertTextClassifier", "preset"), [], load=str)
        (preset / name).write_text(json.dumps(tree))
