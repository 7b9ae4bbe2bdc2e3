"""What a spec names as data is read, and nothing else; what it names never runs."""

import json
import os
import time

import pytest

from kspec.builders.data import build_data
from kspec.builders.data.sources import tfds as tfds_source
from kspec.builders.data.sources.prepared_set import check_classes
from kspec.errors import DataError, SpecError, UsageError
from kspec.spec.data import Data, Tfds
from kspec.spec.reader import load_spec, read
from kspec.text import read_text
from tests.fuzz.watch import Watched, watching


def refusal(yaml, *overrides):
    with pytest.raises(SpecError) as caught:
        read(read_text(yaml, "spec.yaml", overrides))
    return str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        "!!python/object/apply:os.system [touch canary]",
        "!!python/object/new:os.system [touch canary]",
        "!!python/name:os.system",
        "!!python/module:os",
        "!!python/object:kspec.spec.Spec {}",
        "!<tag:yaml.org,2002:python/object/apply:os.system> [touch canary]",
        "!!python/object/apply:builtins.eval [\"__import__('os').system('touch canary')\"]",
    ],
)
def test_tags_make_no_python_objects(value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for yaml, overrides in (
        (f"name: {value}\n", ()),
        (f"{value}: 1\n", ()),
        (value, ()),
        ("name: a\n", (f"name={value}",)),
    ):
        assert "1:" in refusal(yaml, *overrides)
    assert "is not allowed here" in refusal(f"name: {value}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_tag_directive_gives_no_other_name_to_a_tag():
    yaml = "%TAG ! tag:yaml.org,2002:python/\n---\nname: !name:os.system x\n"
    assert "is not allowed here" in refusal(yaml)


@pytest.mark.parametrize("width", [2, 9])
def test_a_billion_laughs(width):
    lines = ["a0: &a0 [lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, 40)]
    started = time.perf_counter()
    assert "the text is too large" in refusal("\n".join(lines) + "\n")
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 50_000, "a: &a [*a]", "&a [*a, *a]"]
)
def test_what_is_endless_or_very_deep(text):
    started = time.perf_counter()
    refusal(text)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "name", ["/dev/zero", "/dev/stdin", "/dev/null", "pipe", ".", "/", "/proc/self/mem", "huge.yaml", "/proc/kmsg"]
)
def test_extends_of_what_is_no_file_answers_at_once(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with open("huge.yaml", "wb") as file:
        file.truncate(10**12)
    (tmp_path / "spec.yaml").write_text(f"extends: {name}\n")
    started = time.perf_counter()
    with pytest.raises(SpecError) as caught:
        load_spec("spec.yaml")
    assert time.perf_counter() - started < 1
    assert all(problem.mark is not None for problem in caught.value.problems)
    with pytest.raises((UsageError, SpecError)):
        load_spec(name)


def test_a_file_that_is_no_spec_shows_no_more_than_the_line_with_the_mark(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "passwords").write_text("first line\nsecond secret\n\nthird secret\n")
    (tmp_path / "keys.yaml").write_text("user: {name: me\n  token: second secret\nthird: secret\n")
    for name in ("passwords", "keys.yaml"):
        (tmp_path / "spec.yaml").write_text(f"extends: {name}\n")
        with pytest.raises(SpecError) as caught:
            load_spec("spec.yaml")
        shown = str(caught.value)
        assert "third secret" not in shown
        assert name == "keys.yaml" or "second secret" not in shown


def test_reading_a_spec_opens_its_files_and_no_other(tmp_path, monkeypatch):
    """The watch of the fuzzer sees what it must see."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base.yaml").write_text("data: {csv: /etc/passwd, label: a}\nmodel: {file: /etc/shadow}\n")
    (tmp_path / "spec.yaml").write_text("extends: base.yaml\n")
    load_spec("spec.yaml")
    watched = Watched(str(tmp_path))
    with watching(watched):
        load_spec("spec.yaml")
    assert watched.problems == []
    with watching(watched):
        open("/etc/hostname").close()
        open(tmp_path / "new", "w").close()
        os.rename("new", "newer")
        os.system("true")
    assert [problem.split(" ")[0] for problem in watched.problems] == ["open", "open", "os.rename", "os.system"]


@pytest.mark.parametrize(
    "yaml",
    [
        "data: {sklearn: iris}\nmodel: {layers: [{StringLookup: {vocabulary: /etc/passwd}}]}\n",
        "data: {sklearn: iris}\nmodel: {layers: [{TextVectorization: {vocabulary: /etc/passwd}}]}\n",
        "data: {sklearn: iris}\nmodel: {layers: [{IntegerLookup: {vocabulary: 'http://127.0.0.1:9/x'}}]}\n",
        "data: {sklearn: iris}\nmodel: {layers: [{TextVectorization: {idf_weights: /etc/passwd}}]}\n",
    ],
)
def test_a_vocabulary_is_a_list_and_no_file(yaml):
    assert "expected: a list" in refusal(yaml)


@pytest.mark.parametrize("name", ["Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"])
def test_layers_that_hold_code_are_not_in_the_catalogue(name):
    assert f"'{name}' " in refusal(f"data: {{sklearn: iris}}\nmodel: {{layers: [{{{name}: {{}}}}]}}\n")


@pytest.mark.parametrize("name", ["LambdaCallback", "LearningRateScheduler"])
def test_callbacks_that_hold_code_are_not_in_the_catalogue(name):
    assert f"'{name}' " in refusal(f"data: {{sklearn: iris}}\nmodel: MLP\ntraining: {{callbacks: [{name}]}}\n")


@pytest.mark.parametrize(
    "name",
    ["os.system", "keras.layers:Dense", "keras.src.layers.Dense", "kspec.cli:main", "__import__", "builtins.eval"],
)
@pytest.mark.parametrize("place", ["model: {layers: [{NAME: {}}]}", "model: NAME", "model: MLP\ntraining: {loss: NAME}",
                                   "model: MLP\ntraining: {optimizer: NAME}", "model: MLP\ntraining: {metrics: [NAME]}",
                                   "model: {layers: [{Dense: {units: 2, kernel_initializer: NAME}}]}",
                                   "model: {layers: [{Dense: {units: 2, activation: NAME}}]}"])  # fmt: skip
def test_nothing_is_named_by_a_path_of_python(name, place):
    refusal(f"data: {{sklearn: iris}}\n{place.replace('NAME', name)}\n")


@pytest.mark.parametrize("path", ["/tmp/evil.npz", "../evil.npz", "a/b.npz", "..\\evil.npz", "C:\\evil.npz", ".."])
def test_the_file_of_a_keras_data_set_stays_in_keras_cache(path):
    yaml = f"data: {{keras: {{name: imdb, arguments: {{path: '{path}'}}}}}}\nmodel: MLP\n"
    assert "spec.yaml:1:46: data.keras.arguments.path: not the name of a file" in refusal(yaml)
    assert read(read_text(yaml.replace(path, "imdb.npz"))).data.keras.arguments == {"path": "imdb.npz"}


@pytest.mark.parametrize("name", ["mlds:anything", "huggingface:evil/code", "kaggle:x/y:1.0.0"])
def test_a_data_set_that_is_code_from_the_network(name):
    with pytest.raises(DataError) as caught:
        tfds_source.open_builder(Tfds(name=name))
    assert "community data sets are Python code" in caught.value.problems[0].message


@pytest.mark.parametrize("key", ["pythonClassName", "python_class_name", "type"])
def test_a_prepared_set_imports_nothing(tmp_path, monkeypatch, canary, key):
    """TFDS imports the modules of the classes that features.json names."""
    folder = tmp_path / "sets" / "odd" / "1.0.0"
    folder.mkdir(parents=True)
    (tmp_path / "evil.py").write_text(f"open({str(canary)!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    (folder / "features.json").write_text(json.dumps({key: "evil.Features", "content": ""}))
    (folder / "dataset_info.json").write_text(json.dumps({"name": "odd", "version": "1.0.0"}))
    with pytest.raises(DataError) as caught:
        tfds_source.open_builder(Tfds(name="odd", data_dir=str(tmp_path / "sets")))
    assert caught.value.problems[0].message == "the prepared set names a class that is none of TFDS' own"
    (folder / "features.json").write_text(json.dumps({key: "tensorflow_datasets.core.features.text_feature.Text"}))
    check_classes(tmp_path / "sets" / "odd")


def linked(folder, target):
    for name in ("bad", "good"):
        (folder / name).mkdir(parents=True)
        for number in range(4):
            (folder / name / f"{number}.txt").write_text(f"{name} text {number}")
    (folder / "good" / "link.txt").symlink_to(target)
    return str(folder)


def texts(folder):
    data = Data.model_validate({"text_folder": folder, "batch_size": 2})
    return build_data(data, seed=0, text_output="raw")


def test_a_link_out_of_the_data_folder_is_not_read(tmp_path):
    (tmp_path / "secret.txt").write_text("the secret")
    with pytest.raises(DataError) as caught:
        texts(linked(tmp_path / "reviews", tmp_path / "secret.txt"))
    [problem] = caught.value.problems
    assert problem.message == "1 link leads out of the data folder"
    assert "the secret" not in str(caught.value)


def test_a_class_folder_that_is_a_link_out_is_not_read(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.txt").write_text("the secret")
    linked(tmp_path / "reviews", tmp_path / "reviews" / "good" / "1.txt")
    (tmp_path / "reviews" / "other").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="1 link leads out of the data folder"):
        texts(str(tmp_path / "reviews"))


def test_links_within_the_data_folder_and_to_it_are_read(tmp_path):
    linked(tmp_path / "real", tmp_path / "real" / "good" / "1.txt")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert len(texts(str(tmp_path / "link")).train) == 9
