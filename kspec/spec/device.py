"""`device`: number format and compilation."""

from __future__ import annotations

from typing import Literal

from kspec.spec.base import Section


class Device(Section):
    """Number format and compilation. A GPU is used when there is one."""

    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    """Keras' dtype policy. `auto`: mixed_bfloat16 on a GPU with bf16 tensor cores, mixed_float16 on an older one with
    tensor cores; on a CPU with bf16 instructions mixed_bfloat16 for convolutions and attention; float32 elsewhere."""
    jit: bool | Literal["auto"] = "auto"
    """Compile the step with XLA. `auto`: not on a CPU, where it is slower; on a GPU, where the model allows it."""
