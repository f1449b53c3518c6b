"""Choose 16-bit autocast only where it has been seen to be faster than fp32.

On a processor with native bf16 (AMX, AVX512-BF16) a 3D convolution gains a factor
of two to four; without it the same code can be thirty times slower. A GPU without
native bf16 (before Ampere) takes fp16, whose small range needs a scaled loss.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
"""What a network is served with."""

TRAINED = {**DTYPES, "fp16": torch.float16}
"""What it may be trained with."""

GAIN = 1.2
"""How many times faster than fp32 a step must be for 16 bits to be worth it."""

HOPELESS = 5.0
"""A first 16-bit step this many times slower than fp32 ends the comparison."""


def autocast(precision: str, device: str) -> torch.autocast:
    """Return the context in which forward passes run at ``precision``.

    Parameters
    ----------
    precision
        ``"fp32"`` (autocast off), ``"bf16"`` or ``"fp16"``.
    device
        Torch device type, ``"cpu"`` or ``"cuda"``.
    """
    return torch.autocast(device, TRAINED[precision], enabled=precision != "fp32")


def loss_scaler(precision: str, device: str) -> torch.amp.GradScaler:
    """Return what keeps small fp16 gradients from vanishing; idle elsewhere."""
    return torch.amp.GradScaler(device, enabled=precision == "fp16")


def reduced_precision(device: str) -> str:
    """Return the 16 bits that a device may be good at: fp16 on an older GPU."""
    if device != "cuda" or torch.cuda.is_bf16_supported(including_emulation=False):
        return "bf16"
    return "fp16"


def choose_precision(
    step: Callable[[str], None], wanted: str = "auto", reduced: str = "bf16"
) -> str:
    """Return the precision that is wanted, or with ``"auto"`` the faster one.

    Parameters
    ----------
    step
        Does one representative piece of work at the precision it is given.
    wanted
        ``"auto"``, ``"fp32"`` or ``"bf16"``.
    reduced
        What ``auto`` tries beside fp32, from `reduced_precision`.

    Raises
    ------
    ValueError
        ``wanted`` is none of these.
    """
    if wanted in DTYPES:
        return wanted
    if wanted != "auto":
        raise ValueError(f"precision is auto, fp32 or bf16, not {wanted!r}")
    _seconds(step, "fp32")
    reference = min(_seconds(step, "fp32") for _ in range(2))
    if _seconds(step, reduced) > HOPELESS * reference:
        return "fp32"
    fastest = min(_seconds(step, reduced) for _ in range(2))
    return reduced if GAIN * fastest < reference else "fp32"


def _seconds(step: Callable[[str], None], precision: str) -> float:
    start = time.perf_counter()
    step(precision)
    return time.perf_counter() - start
