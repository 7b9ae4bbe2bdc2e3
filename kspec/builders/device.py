"""`device`: number format and compilation, chosen by a rule about device and processor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tensorflow as tf

from kspec.spec.device import Device

BF16_FLAGS = ("avx512_bf16", "amx_bf16")
"""Flags of Linux for processors that multiply in bfloat16."""
CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Settings:
    """How a run computes.

    precision: Keras' dtype policy. jit_compile: for `compile`; "auto" lets Keras ask the model's layers.
    device: what it runs on, in words. reason: why these settings, in words.
    """

    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"]
    jit_compile: bool | Literal["auto"]
    device: str
    reason: str


def choose(device: Device) -> Settings:
    """The settings of a run; what the spec says outright wins, and `auto` follows a rule.

    precision: on a GPU of compute capability 8 or higher mixed_bfloat16, of 7 mixed_float16, below that float32; on a
    CPU with bfloat16 instructions mixed_bfloat16, else float32. jit: on a GPU Keras' own choice, on a CPU false, where
    XLA is the slower one for convolutions by 1.4 to 2.5 times.

    Example:
        settings = choose(Device())
        keras.config.set_dtype_policy(settings.precision)
    """
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        capability = details.get("compute_capability", (0, 0))
        name = details.get("device_name", "GPU")
        return _settings(device, name, *_for_gpu(capability), jit="auto")
    flags = cpu_flags(CPU_INFO.read_text() if CPU_INFO.exists() else "")
    return _settings(device, "CPU", *_for_cpu(flags), jit=False)


def cpu_flags(cpu_info: str) -> frozenset[str]:
    """The flags of the first processor in the text of /proc/cpuinfo; empty where it lists none."""
    lines = (line for line in cpu_info.splitlines() if line.split(":")[0].strip() == "flags")
    return frozenset(next(lines, "").partition(":")[2].split())


Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]


def _for_gpu(capability: tuple[int, int]) -> tuple[Precision, str]:
    shown = f"compute capability {capability[0]}.{capability[1]}"
    if capability >= (8, 0):
        return "mixed_bfloat16", f"GPU with bfloat16 tensor cores ({shown})"
    if capability >= (7, 0):
        return "mixed_float16", f"GPU with float16 tensor cores ({shown})"
    return "float32", f"GPU without tensor cores ({shown})"


def _for_cpu(flags: frozenset[str]) -> tuple[Precision, str]:
    found = [flag for flag in BF16_FLAGS if flag in flags]
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
