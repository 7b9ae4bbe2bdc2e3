"""`kspec explain`: meaning, and what set a value."""

import subprocess
import sys

import pytest


@pytest.fixture
def chain(tmp_path):
    """A file that extends one that extends another."""
    (tmp_path / "base.yaml").write_text(
        """\
data:
  csv: t.csv
  label: y
  clean:
    - drop_duplicates
    - fill_missing: {strategy: median}
model: {MLP: {hidden: [8]}, regularizer: {L2: {l2: 0.1}}}
training:
  metrics: accuracy
  optimizer: {AdamW: {learning_rate: 0.1, beta_1: 0.8}}
  callbacks: [{EarlyStopping: {patience: 2}}]
"""
    )
    (tmp_path / "middle.yaml").write_text("extends: base.yaml\ntraining: {epochs: 4}\ndevice: {precision: float32}\n")
    (tmp_path / "child.yaml").write_text("extends: middle.yaml\ntraining: {epochs: 3}\n")
    return "child.yaml"


def rows(out):
    """Label -> text, of the lines that have one."""
    return {
        line[2:10].strip(): line[12:].strip() for line in out.splitlines() if line.startswith("  ") and line[2] != " "
    }


def test_a_key(kspec):
    result = kspec("explain", "training.learning_rate.warmup")
    assert result.code == 0
    assert result.out == (
        "training.learning_rate.warmup\n"
        "  Length of the rise from `initial` to `peak`.\n"
        "\n"
        "  type      `2 epochs`, `500 steps`, or a share of the training such as `0.1` or\n"
        "            `10%`\n"
        "  default   0.0\n"
        "  example   training:\n"
        "              learning_rate: {peak: 0.001, warmup: 2 epochs}\n"
    )


def test_a_choice(kspec):
    out = rows(kspec("explain", "data.clean.fill_missing.strategy").out)
    assert (out["one of"], out["default"]) == ("mean, median, mode, constant", "mean")


def test_a_section_lists_its_keys(kspec):
    out = kspec("explain", "device").out
    assert "precision" in out
    assert "jit" in out
    assert "(default auto)" in out


def test_a_component_lists_its_arguments(kspec):
    out = kspec("explain", "training.optimizer.SGD").out
    assert "Gradient descent (with momentum) optimizer." in out
    assert "Whether to apply Nesterov momentum (default" in out


def test_without_a_key_the_sections(kspec):
    out = kspec("explain").out
    assert [line.split()[0] for line in out.splitlines() if line.startswith("  ") and line[2] != " "] == [
        *("extends", "name", "seed", "data", "model", "training", "device", "checkpoint", "evaluate"),
        *("base", "stages", "require", "tune"),
    ]


@pytest.mark.parametrize(
    ("key", "value", "by"),
    [
        ("training.epochs", "3", "child.yaml:2:20"),
        ("device.precision", "float32", "middle.yaml:3:21"),
        ("training.optimizer.AdamW.beta_1", "0.8", "base.yaml:10:51"),
        ("training.optimizer.AdamW.beta_2", "0.999", "default of AdamW"),
        ("training.learning_rate.peak", "0.1", "base.yaml:10:38"),
        ("training.learning_rate.warmup", "0.0", "default"),
        ("training.weight_decay.value", "0.004", "default of optimizer AdamW"),
        ("data.csv.separator", ",", "default"),
        ("data.batch_size", "32", "default"),
        ("training.metrics", "['accuracy']", "base.yaml:9:12"),
        ("training.metrics[0]", "accuracy", "base.yaml:9:12"),
        ("name", "child", "the file's name"),
        ("training.callbacks[0].EarlyStopping.patience", "2", "base.yaml:11:42"),
    ],
)
def test_the_value_and_what_set_it(kspec, chain, key, value, by):
    out = rows(kspec("explain", key, chain).out)
    assert (out["value"], out["set by"]) == (value, by)


def test_the_main_key_of_a_source(kspec, chain, tmp_path):
    out = rows(kspec("explain", "data.csv.path", chain).out)
    assert (out["value"], out["set by"]) == (str(tmp_path / "t.csv"), "base.yaml:2:8")


def test_an_override(kspec, chain):
    out = rows(kspec("explain", "training.epochs", chain, "training.epochs=5").out)
    assert (out["value"], out["set by"]) == ("5", "command line: training.epochs=5")


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("data.clean.fill_missing.strategy", "data.clean[1].fill_missing.strategy  median"),
        ("model.regularizer.L2.l2", "model.regularizer.*/kernel.L2.l2  0.1"),
    ],
)
def test_a_name_is_found_in_lists_and_patterns(kspec, chain, key, line):
    out = kspec("explain", key, chain).out
    assert line in out
    assert "set by    base.yaml:" in out


def test_a_rate_that_was_moved(kspec, chain):
    out = kspec("explain", "training.optimizer.AdamW.learning_rate", chain).out
    assert "kspec moves it to training.learning_rate, which owns it" in " ".join(out.split())
    assert "    peak            0.1     base.yaml:10:38" in out


def test_a_whole_schedule_that_was_moved(kspec, tmp_path):
    (tmp_path / "spec.yaml").write_text(
        "data: {sklearn: digits}\nmodel: MLP\n"
        "training: {optimizer: {SGD: {learning_rate: {peak: 0.1, warmup: 2 epochs}, weight_decay: 0.5}}}\n"
    )
    warmup = rows(kspec("explain", "training.learning_rate.warmup", "spec.yaml").out)
    assert (warmup["value"], warmup["set by"]) == ("2 epochs", "spec.yaml:3:65")
    decay = rows(kspec("explain", "training.weight_decay.value", "spec.yaml").out)
    assert (decay["value"], decay["set by"]) == ("0.5", "spec.yaml:3:90")


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("training.optimizer.SGD.momentum", "not used: training.optimizer is AdamW"),
        ("training.class_weight", "not set"),
        ("model.CNN.filters", "not set: model holds MLP, regularizer, freeze"),
    ],
)
def test_a_key_without_a_value(kspec, chain, key, why):
    value = rows(kspec("explain", key, chain).out)["value"]
    assert value.startswith(why)


def test_a_spec_alone_lists_what_is_set(kspec, chain):
    out = kspec("explain", chain, "~training.callbacks").out
    assert [line.split() for line in out.splitlines()[2:] if "data.csv" not in line] == [
        ["data.label", "['y']", "base.yaml:3:10"],
        ["data.clean[0].drop_duplicates", "base.yaml:5:7"],
        ["data.clean[1].fill_missing.strategy", "median", "base.yaml:6:32"],
        ["model.MLP.hidden", "[8]", "base.yaml:7:23"],
        ["model.regularizer.*/kernel.L2.l2", "0.1", "base.yaml:7:52"],
        ["training.epochs", "3", "child.yaml:2:20"],
        ["training.optimizer.AdamW.beta_1", "0.8", "base.yaml:10:51"],
        ["training.learning_rate.peak", "0.1", "base.yaml:10:38"],
        ["training.metrics", "['accuracy']", "base.yaml:9:12"],
        ["device.precision", "float32", "middle.yaml:3:21"],
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["data.augment.RandomCop"], "did you mean 'RandomCrop'?"),
        (["training.learning_rate.warmpu"], "did you mean 'warmup'?"),
        (["a=b"], "not the address of a key"),
        (["training.epochs", "nowhere.yaml"], "no such file: nowhere.yaml"),
        (["training..epochs"], "not the address of a key"),
    ],
)
def test_wrong_input(kspec, arguments, said):
    result = kspec("explain", *arguments)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_it_loads_no_keras(chain, tmp_path):
    code = (
        "import sys\nfrom kspec.cli import cli\n"
        f"cli.main(['explain', 'training.optimizer.AdamW', '{chain}'], standalone_mode=False)\n"
        f"cli.main(['diff', '{chain}', 'base.yaml'], standalone_mode=False)\n"
        "print('loaded', *(one for one in ('keras', 'tensorflow', 'pandas') if one in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "loaded"
