"""`device`: number format and compilation, chosen by a rule about device and processor."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import keras
import tensorflow as tf

from kspec.spec.device import Device
from kspec.spec.model import Model

BF16_FLAGS = ("avx512_bf16", "amx_bf16")
"""Flags of Linux for processors that multiply in bfloat16."""
FLOAT32_FAMILIES = ("MLP", "RNN")
"""Families of kspec that bfloat16 does not make faster on a CPU."""
CPU_INFO = Path("/proc/cpuinfo")

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]
MIXED: tuple[Precision, ...] = ("mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True)
class Settings:
    """How a run computes.

    precision: Keras' dtype policy. jit_compile: for `compile`; "auto" lets Keras ask the model's layers.
    device: what it runs on, in words. reason: why these settings, in words.
    """

    precision: Precision
    jit_compile: bool | Literal["auto"]
    device: str
    reason: str


def choose(device: Device, model: Model) -> Settings:
    """The settings of a run; what the spec says outright wins, and `auto` follows a rule.

    precision: on a GPU of compute capability 8 or higher mixed_bfloat16, of 7 mixed_float16, below that float32. On a
    CPU with bfloat16 instructions mixed_bfloat16 for networks of convolutions or attention, else float32.
    jit: on a GPU and with JAX Keras' own choice, with TensorFlow on a CPU false.

    Measured on 2 cores of an AMD Zen 5 (AVX512-bf16, no AMX), TensorFlow 2.21, as ratios of the time of a step to that
    in float32 without XLA. A convolutional network 64/256/256 on 32x32 images: bfloat16 0.76, float32 with XLA 1.8,
    both 1.9. A bidirectional LSTM over 200 tokens: bfloat16 2.8, float32 with XLA 1.6. An MLP 256/256 on handwritten
    digits: bfloat16 0.9 to 1.2.

    Example:
        settings = choose(spec.device, spec.model)
        keras.config.set_dtype_policy(settings.precision)
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        unknown = {"device_name": "GPU", "compute_capability": (0, 0)}
        details = {**unknown, **tf.config.experimental.get_device_details(gpus[0])}
        return _settings(device, details["device_name"], *_for_gpu(details["compute_capability"]), jit="auto")
    flags = cpu_flags(CPU_INFO.read_text() if CPU_INFO.exists() else "")
    # JAX without jit runs operation by operation, 100 times slower; Keras' own choice is right there.
    jit: bool | Literal["auto"] = False if keras.config.backend() == "tensorflow" else "auto"
    return _settings(device, "CPU", *_for_cpu(flags, gains_from_bf16(model)), jit=jit)


def as_saved(settings: Settings, model: Any) -> Settings:
    """The settings with the precision that the layers of a saved model have: they keep it, whatever the spec says."""
    names = {layer.dtype_policy.name for layer in model._flatten_layers() if layer.weights}
    precision: Precision = next((name for name in MIXED if name in names), "float32")
    if precision == settings.precision:
        return settings
    return replace(settings, precision=precision, reason=f"{settings.reason}; precision {precision} as in model.file")


def gains_from_bf16(model: Model) -> bool:
    """Whether the network is one of convolutions or attention; a saved file is taken for one."""
    if model.network is not None:
        return model.network.name not in FLOAT32_FAMILIES
    if model.layers is not None:
        names = [entry.layer.name for entry in model.layers]
        return any("Conv" in name or "Attention" in name for name in names)
    return True


def cpu_flags(cpu_info: str) -> frozenset[str]:
    """The flags of the first processor in the text of /proc/cpuinfo; empty where it lists none."""
    lines = (line for line in cpu_info.splitlines() if line.split(":")[0].strip() == "flags")
    return frozenset(next(lines, "").partition(":")[2].split())


def _for_gpu(capability: tuple[int, int]) -> tuple[Precision, str]:
    shown = f"compute capability {capability[0]}.{capability[1]}"
    if capability >= (8, 0):
        return "mixed_bfloat16", f"GPU with bfloat16 tensor cores ({shown})"
    if capability >= (7, 0):
        return "mixed_float16", f"GPU with float16 tensor cores ({shown})"
    return "float32", f"GPU without tensor cores ({shown})"


def _for_cpu(flags: frozenset[str], gains: bool) -> tuple[Precision, str]:
    found = [flag for flag in BF16_FLAGS if flag in flags]
    if found and not gains:
        return "float32", "bfloat16 gains nothing for this kind of network on a CPU"
    if found:
        return "mixed_bfloat16", f"CPU with bfloat16 instructions ({', '.join(found)})"
    return "float32", "CPU without bfloat16 instructions"


def _settings(device: Device, name: str, precision: Precision, reason: str, jit: bool | Literal["auto"]) -> Settings:
    by_rule = [key for key in ("precision", "jit") if getattr(device, key) == "auto"]
    given = [f"{key}: {getattr(device, key)}" for key in ("precision", "jit") if key not in by_rule]
    reasons = [
        *([f"{' and '.join(by_rule)} by rule: {reason}"] if by_rule else []),
        *[f"{one} as given" for one in given],
    ]
    return Settings(
        precision=precision if device.precision == "auto" else device.precision,
        jit_compile=jit if device.jit == "auto" else device.jit,
        device=name,
        reason="; ".join(reasons),
    )
