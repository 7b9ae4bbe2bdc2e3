"""`kspec init`: every spec that it writes is read, and trains."""

import subprocess
import sys

import numpy as np
import pandas
import pytest
from PIL import Image

from kspec.commands.init import TEMPLATES, templates
from kspec.spec.reader import load_spec

QUICK = ("training.epochs=2", "device.precision=float32", "device.jit=false")


@pytest.fixture
def data(tmp_path):
    return make_data(tmp_path)


def make_data(tmp_path):
    """Tiny data of every kind, under the names that the templates use."""
    random = np.random.default_rng(0)
    count = 80
    size = random.normal(90, 20, count)
    side = random.choice(["north", "south"], count)
    table = pandas.DataFrame({"size": size, "side": side, "target": size * 3 + (side == "north")})
    table["label"] = np.where(size > 90, "large", "small")
    table.loc[::9, "size"] = np.nan
    table.to_csv(tmp_path / "table.csv", index=False)
    for number in range(40):
        kind = ("dark", "light")[number % 2]
        for folder in (tmp_path / "images" / kind, tmp_path / "texts" / kind):
            folder.mkdir(parents=True, exist_ok=True)
        level = (60, 190)[number % 2]
        pixels = np.clip(random.normal(level, 20, (16 + number % 3, 20, 3)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / kind / f"{number}.png")
        words = random.choice([*("a", "the", "thing"), *((kind, f"very {kind}") * 2)], 10)
        (tmp_path / "texts" / kind / f"{number}.txt").write_text(" ".join(words))
    x = random.normal(0, 1, (60, 5)).astype(np.float32)
    np.savez(tmp_path / "arrays.npz", x=x, y=(x[:, 0] > 0).astype(int))
    pixels = random.integers(0, 255, (50, 12, 12), dtype=np.uint8)
    np.savez(tmp_path / "pixels.npz", images_train=pixels, labels_train=random.integers(0, 3, 50),
             images_test=pixels[:20], labels_test=random.integers(0, 3, 20))  # fmt: skip
    return tmp_path


def trains(kspec, spec, *overrides):
    result = kspec("run", spec, *QUICK, *overrides)
    assert result.code == 0, result.err
    return result.out


def test_every_template_is_listed_with_what_it_is_for(kspec):
    out = kspec("init", "--list").out
    assert kspec("init").out == out
    assert len(templates()) >= 6
    assert [line.split()[0] for line in out.splitlines()[: len(templates())]] == templates()
    assert all(len(line.split()) > 5 for line in out.splitlines()[: len(templates())])


OVERRIDES = {
    "pretrained": ["model.MobileNetV2.weights=null", "data.image.size=[32, 32]"],  # no download in tests
    "images": ["data.image.size=[16, 16]", "data.augment=[RandomFlip]"],
    "text": ["model.RNN.units_per_layer=[4]", "data.text.sequence_length=8", "data.batch_size=8"],
    "digits": ["data.train=train[:200]"],
}


@pytest.mark.parametrize("name", sorted(file.stem for file in TEMPLATES.glob("*.yaml")))
def test_every_template_trains(kspec, tmp_path, name):
    result = kspec("init", name)
    assert result.code == 0
    assert result.out.startswith(f"wrote {name}.yaml\n")
    written = (tmp_path / f"{name}.yaml").read_text()
    assert written == (TEMPLATES / f"{name}.yaml").read_text()
    assert sum("#" in line for line in written.splitlines()) >= 2
    make_data(tmp_path)
    out = trains(kspec, f"{name}.yaml", "data.batch_size=8", *OVERRIDES.get(name, ()))
    assert "validation" in out


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("table.csv", ["--label", "label"]),
        ("table.csv", ["--label", "target"]),
        ("images", []),
        ("texts", []),
        ("arrays.npz", []),
        ("pixels.npz", []),
    ],
    ids=str,
)
def test_a_spec_for_every_kind_of_data_trains(kspec, data, source, options):
    result = kspec("init", source, "-o", "spec.yaml", *options)
    assert result.code == 0, result.err
    following = ["next  kspec check spec.yaml", "      kspec run spec.yaml", "      kspec explain spec.yaml"]
    assert result.out.splitlines()[-3:] == following
    checked = kspec("check", "spec.yaml")
    assert (checked.code, checked.err) == (0, "")
    assert len((data / "spec.yaml").read_text().splitlines()) < 40
    out = trains(kspec, "spec.yaml")
    assert "test" in out


def test_what_is_assumed_is_said_and_written(kspec, data):
    out = kspec("init", "table.csv").out
    assert "label  label: its name is" not in out  # target and label both say so
    assert "label  label: its name says so" in out
    assert "not sure; `kspec init table.csv --label COLUMN` takes another of size, side, target" in out
    assert "task   classification: 2 classes" in out
    assert "clean  9 missing in size" in out
    spec = load_spec(data / "table.yaml")
    assert (spec.data.label, spec.data.task) == (("label",), "classification")
    assert spec.data.clean[0].fill_missing.columns == ("size",)


def test_nothing_is_overwritten(kspec, data):
    (data / "table.yaml").write_text("mine")
    result = kspec("init", "table.csv")
    assert result.code == 2
    assert "table.yaml exists already" in result.err
    assert "-o FILE" in result.err
    assert (data / "table.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tabel"], "did you mean 'table'?"),
        (["nothing"], "neither a template nor a data file"),
        (["table.csv", "--label", "labl"], "did you mean 'label'?"),
        (["arrays.npz", "--label", "y"], "--label names a column of a table"),
        (["table.csv", "-o", "no/folder/spec.yaml"], "cannot write no/folder/spec.yaml"),
        (["images/dark"], "no folder of images or texts with a folder per class"),
        (["texts/dark/0.txt"], "no kind of data that kspec reads"),
        (["broken.csv"], "broken.csv"),
        (["broken.npz"], "not an .npz file"),
        (["other.npz"], "no pair of arrays"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_input(kspec, data, arguments, said):
    (data / "broken.csv").write_text("")
    (data / "broken.npz").write_bytes(b"PK nothing")
    np.savez(data / "other.npz", a=np.zeros(20), b=np.zeros(20))
    result = kspec("init", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err
    assert not list(data.glob("*.yaml"))


def test_looking_at_data_loads_no_keras(data):
    code = (
        "import sys\nfrom kspec.cli import cli\n"
        "for one in ('table.csv', 'images', 'texts', 'arrays.npz'):\n"
        "    cli.main(['init', one], standalone_mode=False)\n"
        "print('loaded', *(one for one in ('keras', 'tensorflow') if one in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=data)
    assert done.stdout.splitlines()[-1] == "loaded"
