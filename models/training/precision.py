"""Choose bf16 autocast only where it has been seen to be faster than fp32.

On a processor with native bf16 (AMX, AVX512-BF16) a 3D convolution gains a factor
of two to four; without it the same code can be thirty times slower.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
GAIN = 1.2
"""How many times faster than fp32 a step must be for bf16 to be worth it."""

HOPELESS = 5.0
"""A first bf16 step this many times slower than fp32 ends the comparison."""


def autocast(precision: str, device: str) -> torch.autocast:
    """Return the context in which forward passes run at ``precision``.

    Parameters
    ----------
    precision
        ``"fp32"`` (autocast off) or ``"bf16"``.
    device
        Torch device type, ``"cpu"`` or ``"cuda"``.
    """
    return torch.autocast(device, DTYPES[precision], enabled=precision != "fp32")


def choose_precision(step: Callable[[str], None], wanted: str = "auto") -> str:
    """Return the precision that is wanted, or with ``"auto"`` the faster one.

    Parameters
    ----------
    step
        Does one representative piece of work at the precision it is given.
    wanted
        ``"auto"``, ``"fp32"`` or ``"bf16"``.

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
    if _seconds(step, "bf16") > HOPELESS * reference:
        return "fp32"
    reduced = min(_seconds(step, "bf16") for _ in range(2))
    return "bf16" if GAIN * reduced < reference else "fp32"


def _seconds(step: Callable[[str], None], precision: str) -> float:
    start = time.perf_counter()
    step(precision)
    return time.perf_counter() - start
