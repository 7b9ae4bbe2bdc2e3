"""Number format and compilation by device, without the device: TensorFlow's list and /proc/cpuinfo are replaced."""

import keras
import pytest
import tensorflow as tf

from kspec.builders import device
from kspec.builders.device import as_saved, choose, cpu_flags, gains_from_bf16
from kspec.spec.device import Device
from kspec.spec.model import Model

CONVOLUTIONS = Model.model_validate({"layers": [{"Conv2D": {"filters": 4, "kernel_size": 3}}, "Flatten"]})
DENSE = Model.model_validate({"layers": [{"Dense": {"units": 4}}]})


@pytest.fixture
def gpu(monkeypatch):
    """Makes TensorFlow list one GPU of a compute capability."""

    def install(capability):
        details = {"device_name": "Some GPU", "compute_capability": capability}
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu"] if kind == "GPU" else [])
        monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda found: details)

    return install


@pytest.fixture
def cpu(monkeypatch, tmp_path):
    """Makes a CPU with these flags, and no GPU."""

    def install(flags):
        info = tmp_path / "cpuinfo"
        info.write_text(f"processor\t: 0\nflags\t\t: fpu {flags}\nprocessor\t: 1\nflags\t\t: other\n")
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
        monkeypatch.setattr(device, "CPU_INFO", info)

    return install


@pytest.mark.parametrize(
    ("capability", "precision"),
    [((9, 0), "mixed_bfloat16"), ((8, 0), "mixed_bfloat16"), ((7, 5), "mixed_float16"), ((6, 1), "float32")],
)
def test_precision_on_a_gpu_follows_its_compute_capability(gpu, capability, precision):
    gpu(capability)
    settings = choose(Device(), DENSE)
    assert (settings.precision, settings.jit_compile, settings.device) == (precision, "auto", "Some GPU")


@pytest.mark.parametrize(
    ("flags", "model", "precision"),
    [
        ("avx512f avx512_bf16", CONVOLUTIONS, "mixed_bfloat16"),
        ("amx_bf16", CONVOLUTIONS, "mixed_bfloat16"),
        ("avx512f", CONVOLUTIONS, "float32"),
        ("avx512_bf16", DENSE, "float32"),
    ],
)
def test_precision_on_a_cpu_follows_its_flags_and_the_network(cpu, flags, model, precision):
    cpu(flags)
    settings = choose(Device(), model)
    assert (settings.precision, settings.jit_compile) == (precision, False)


def test_a_machine_without_cpuinfo_computes_in_float32(cpu, monkeypatch, tmp_path):
    cpu("amx_bf16")
    monkeypatch.setattr(device, "CPU_INFO", tmp_path / "none")
    assert choose(Device(), CONVOLUTIONS).precision == "float32"


def test_what_the_spec_says_wins_and_the_reason_says_so(cpu):
    cpu("amx_bf16")
    settings = choose(Device(precision="float32", jit=True), CONVOLUTIONS)
    assert (settings.precision, settings.jit_compile) == ("float32", True)
    assert settings.reason == "precision: float32 as given; jit: True as given"


def test_the_reason_names_the_instructions(cpu):
    cpu("avx512_bf16 amx_bf16")
    expected = "precision by rule: CPU with bfloat16 instructions (avx512_bf16, amx_bf16); jit: True as given"
    assert choose(Device(jit=True), CONVOLUTIONS).reason == expected


@pytest.mark.parametrize(("name", "gains"), [("MLP", False), ("RNN", False), ("CNN", True), ("ResNet", True)])
def test_families(name, gains):
    from kspec.spec.component import Component

    assert gains_from_bf16(Model(network=Component(name=name))) is gains


def test_flags_are_those_of_the_first_processor():
    assert cpu_flags("flags\t: a b\n\nflags\t: c\n") == {"a", "b"}
    assert cpu_flags("Features : fp asimd\n") == frozenset()


def test_a_saved_model_keeps_its_precision_and_the_reason_says_so(cpu):
    cpu("amx_bf16")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, dtype="mixed_float16"), keras.layers.Dense(1)])
    settings = as_saved(choose(Device(), CONVOLUTIONS), model)
    assert settings.precision == "mixed_float16"
    assert settings.reason.endswith("; precision mixed_float16 as in model.file")
    assert as_saved(settings, model) == settings
