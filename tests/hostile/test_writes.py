"""A run writes below its own folder, whatever names and paths the spec gives and whatever links lie on the way."""

import os

import pytest

from kspec.builders.training.places import check_fields, inside
from kspec.errors import SpecError

LOGGED = ("loss", "accuracy", "val_loss", "val_top-5")
PATH = ("training", "callbacks", 0, "ModelCheckpoint", "filepath")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "../x.keras",
            "/x.keras",
            "a/../../x.keras",
            "a/../x.keras",
            "~/x.keras",
            "~root/x.keras",
            "C:\\x.keras",
            "\\\\host\\x.keras",
        ),
        *("..\\x.keras", "", ".", "./", "..", "a/..", "//x.keras", "a\0b.keras", "C:x.keras"),
    ],
)
def test_a_path_that_leads_out(tmp_path, path):
    with pytest.raises(SpecError, match="leads out of the run's folder"):
        inside(path, tmp_path, PATH)


@pytest.mark.parametrize("path", ["x.keras", "a/b/x.keras", "./x.keras", "...keras", "..x/y.keras", "gs://b/x.keras"])
def test_a_path_inside(tmp_path, path):
    assert os.path.realpath(inside(path, tmp_path, PATH)).startswith(os.path.realpath(tmp_path) + os.sep)


@pytest.mark.parametrize("path", ["link/x.keras", "a/link/x.keras", "file.keras", "a/loop/x.keras", "link"])
def test_a_link_in_the_folder_leads_nowhere_else(tmp_path, path):
    folder, outside = tmp_path / "run", tmp_path / "outside"
    (folder / "a").mkdir(parents=True)
    outside.mkdir()
    (folder / "link").symlink_to(outside)
    (folder / "a" / "link").symlink_to("../../outside")
    (folder / "file.keras").symlink_to(outside / "precious.keras")
    (folder / "a" / "loop").symlink_to("../..")
    with pytest.raises(SpecError, match="a link on the way leads out of the run's folder"):
        inside(path, folder, PATH)


def test_a_link_within_the_folder_is_followed(tmp_path):
    (tmp_path / "run" / "a").mkdir(parents=True)
    (tmp_path / "run" / "b").symlink_to("a")
    (tmp_path / "runs").symlink_to("run")
    assert inside("b/x.keras", tmp_path / "runs", PATH).endswith("runs/b/x.keras")


@pytest.mark.parametrize(
    "text", ["x.keras", "{epoch}.keras", "{epoch:02d}-{val_loss:.3f}.keras", "{val_top-5:.2%}.keras", "{{x}}.keras"]
)
def test_names_with_fields(text):
    check_fields(text, LOGGED, PATH)


@pytest.mark.parametrize(
    "text",
    [
        # the 65th character of int's documentation is a dot
        "{epoch.__doc__[65]}{epoch.__doc__[65]}/x.keras",
        "{epoch.__class__.__mro__}.keras",
        "{loss[0]}.keras",
        "{epoch!r}.keras",
        "{epoch:{loss}}.keras",
        "{epoch:/>9}.keras",
        "{epoch:.>2}/x.keras",
        "{epoch:99999999d}.keras",
        "{0}.keras",
        "{}.keras",
        "{los}.keras",
        "{epoch",
        "}{",
    ],
)
def test_a_field_is_a_number_of_the_training_and_nothing_else(text):
    with pytest.raises(SpecError) as caught:
        check_fields(text, LOGGED, PATH)
    assert caught.value.problems[0].path == PATH


def test_the_trick_with_the_dots_would_work_in_keras():
    """Why fields are checked: `str.format` reads attributes and items."""
    at = int.__doc__.index(".")
    assert f"{{epoch.__doc__[{at}]}}{{epoch.__doc__[{at}]}}/x".format(epoch=1) == "../x"


SPEC = """\
data: {sklearn: iris, validation: 0.2}
model: {MLP: {hidden: [4]}}
training: {epochs: 1, callbacks: [CALLBACK]}
"""


@pytest.mark.parametrize(
    ("callback", "column"),
    [
        ("{ModelCheckpoint: {filepath: ../x.keras}}", 64),
        ("{ModelCheckpoint: {filepath: '{epoch.__doc__[65]}.keras'}}", 64),
        ("{CSVLogger: {filename: /tmp/x.csv}}", 58),
        ("{TensorBoard: {log_dir: '~/x'}}", 59),
    ],
)
@pytest.mark.parametrize("smoke", [(), ("--smoke",)])
def test_the_command_line_says_where(kspec, tmp_path, callback, column, smoke):
    (tmp_path / "spec.yaml").write_text(SPEC.replace("CALLBACK", callback))
    done = kspec("run", "spec.yaml", *smoke)
    assert done.code == 2
    assert done.err.startswith(f"spec.yaml:3:{column}: training.callbacks[0].")
    assert {path.name for path in tmp_path.iterdir()} <= {"spec.yaml"}


@pytest.mark.parametrize(
    "name", ["..", "../x", "a/b", "/tmp/x", "~", "-x", ".x", "a\\b", "a\nb", "", " ", "a:b", "x" * 200]
)
def test_a_name_is_no_path(kspec, tmp_path, name):
    import json

    (tmp_path / "spec.yaml").write_text(f"name: {json.dumps(name)}\n{SPEC.replace('[CALLBACK]', '[]')}")
    done = kspec("run", "spec.yaml")
    assert done.code == 2
    assert "spec.yaml:1:7: name: wrong value" in done.err
    assert {path.name for path in tmp_path.iterdir()} == {"spec.yaml"}


def test_a_link_in_the_place_of_the_experiment(kspec, tmp_path):
    """Where others can write to the runs folder, the spec's name must not lead into another folder."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "spec").symlink_to(tmp_path / "precious")
    (tmp_path / "spec.yaml").write_text(SPEC.replace("[CALLBACK]", "[]"))
    done = kspec("run", "spec.yaml")
    assert done.code == 2
    assert "is a link" in done.err
    assert list((tmp_path / "precious").iterdir()) == []


def test_the_runs_folder_itself_may_be_a_link(kspec, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to("disk")
    (tmp_path / "spec.yaml").write_text(SPEC.replace("[CALLBACK]", "[]"))
    assert kspec("run", "spec.yaml").code == 0
    assert len(list((tmp_path / "disk" / "spec").iterdir())) == 1
