"""Which arithmetic a processor is made for, and what is served with it.

A result says in which precision it was computed, and the same study read again must
give the same bytes. So two workers of one machine must not decide differently: what
decides is what the processor is, and a stopwatch may only object by a wide margin.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import torch

from models.training.precision import DTYPES

CPUINFO = Path("/proc/cpuinfo")

NATIVE_BF16 = {"avx512_bf16", "amx_bf16", "bf16"}
"""Flags of processors that multiply bf16 themselves: x86 (two of them) and Arm."""

OBJECTION = 2.0
"""bf16 this many times slower than fp32 is refused. Where it is native it is about
twice as fast as fp32, so a clock must err fourfold to decide otherwise."""

ROUNDS = 2
"""The fastest of so many counts: other work can only make a step slower."""


def multiplies_bf16(device: str = "cpu", cpuinfo: Path = CPUINFO) -> bool:
    """Return whether the processor has instructions for bf16.

    Parameters
    ----------
    device
        Torch device, such as ``"cpu"`` or ``"cuda"``.
    cpuinfo
        Where Linux lists the flags; a system without it counts as one without bf16.
    """
    if device != "cpu":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = (x.split(":", 1)[1] for x in lines if x.startswith(("flags", "Features")))
    return not NATIVE_BF16.isdisjoint(next(flags, "").split())


def serving_precision(
    step: Callable[[str], None], wanted: str = "auto", *, native_bf16: bool
) -> str:
    """Return the precision that is wanted, or with ``"auto"`` the processor's own.

    Parameters
    ----------
    step
        Does one representative piece of work at the precision it is given; called
        only where the processor has bf16.
    wanted
        ``"auto"``, ``"fp32"`` or ``"bf16"``.
    native_bf16
        From `multiplies_bf16`.

    Raises
    ------
    ValueError
        ``wanted`` is none of these.
    """
    if wanted in DTYPES:
        return wanted
    if wanted != "auto":
        raise ValueError(f"precision is auto, fp32 or bf16, not {wanted!r}")
    if not native_bf16:
        return "fp32"
    full, reduced = (_fastest_s(step, precision) for precision in ("fp32", "bf16"))
    return "fp32" if reduced > OBJECTION * full else "bf16"


def _fastest_s(step: Callable[[str], None], precision: str) -> float:
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        step(precision)
        seconds.append(time.perf_counter() - start)
    return min(seconds)
