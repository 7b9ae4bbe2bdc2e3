import pytest

PLUGIN = '''
import keras


class Quiet(keras.callbacks.Callback):
    """Does nothing."""


COMPONENTS = {"callback": {"Quiet": Quiet}}
'''


def test_it_writes_a_script_and_says_what_to_do_next(kspec, small, tmp_path):
    done = kspec("eject", small, "training.epochs=1")
    assert done.code == 0 and done.err == ""
    first, second = done.out.splitlines()
    assert first.startswith("wrote small.py: ") and first.endswith(
        "its data and initial weights are kspec's, bit for bit"
    )
    assert second == "next: python small.py"
    text = (tmp_path / "small.py").read_text()
    assert f"Written by: kspec eject {small} training.epochs=1 (kspec " in " ".join(text.split())
    assert "\nEPOCHS = 1\n" in text and "import kspec" not in text and "from kspec" not in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.py", "small.yaml"]


def test_it_overwrites_nothing(kspec, small, tmp_path):
    (tmp_path / "mine.py").write_text("precious")
    done = kspec("eject", small, "-o", "mine.py")
    assert done.code == 2
    assert done.err == "mine.py: exists and is not overwritten\n       hint: name another file with -o FILE\n"
    assert (tmp_path / "mine.py").read_text() == "precious"


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("there/script.py", "there/script.py: no such folder: there"),
        ("keras.py", "keras.py: a script of this name would hide the module keras"),
        ("numbers.py", "numbers.py: a script of this name would hide the module numbers"),
    ],
)
def test_a_place_that_is_none(kspec, small, output, message):
    done = kspec("eject", small, "-o", output)
    assert (done.code, done.err.splitlines()[0]) == (2, message)


def test_what_cannot_be_written_is_refused_at_its_place(kspec, tmp_path):
    spec = tmp_path / "again.yaml"
    spec.write_text("data: {sklearn: digits}\nmodel:\n  file: model.keras\n")
    done = kspec("eject", spec)
    assert done.code == 2 and not (tmp_path / "again.py").exists()
    assert done.err.splitlines()[0] == f"{spec}:3:9: model.file: eject cannot write a saved model out yet"


def test_pruning_and_components_of_plug_ins_are_refused(kspec, small, tmp_path):
    done = kspec("eject", small, "training.pruning={schedule: {ConstantSparsity: {target_sparsity: 0.5}}}")
    assert done.code == 2
    assert "training.pruning: eject cannot write pruning out yet" in done.err
    (tmp_path / "mine.py").write_text(PLUGIN)
    done = kspec("eject", small, "training.callbacks=[Quiet]", "--plugin", "mine.py")
    assert done.code == 2
    assert "eject cannot write Quiet out: it is a component of the plug-in" in done.err
    assert not (tmp_path / "small.py").exists()


def test_a_wrong_spec_is_refused_as_by_run(kspec, small):
    assert kspec("eject", small, "data.batch_size=5000").err == kspec("run", small, "data.batch_size=5000").err
