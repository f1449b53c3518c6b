"""Which processor computes, and in which arithmetic.

Sixteen bits pay where the processor multiplies them itself: a 3D convolution gains a
factor of two to four there, and elsewhere the same code can be thirty times slower.
So the flags of the processor decide, and where they say yes a stopwatch may object.
A training needs to be faster, and keeps what was chosen in its checkpoint. Serving
needs equal bytes from every worker of a machine, so there only a wide margin counts.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
"""What a network is served with."""

TRAINED = {**DTYPES, "fp16": torch.float16}
"""What it may be trained with."""

TRAINING_LIMIT = 1 / 1.2
"""A training takes sixteen bits where a step lasts at most so many times as long as
in fp32."""

SERVING_LIMIT = 2.0
"""The same for serving. Where bf16 is native it is about twice as fast as fp32, so a
clock must err fourfold to decide otherwise."""

ROUNDS = 3
"""The fastest of so many counts: the first prepares, and other work can only make a
step slower."""

CPUINFO = Path("/proc/cpuinfo")

NATIVE_BF16 = {"avx512_bf16", "amx_bf16", "bf16"}
"""Flags of processors that multiply bf16 themselves: x86 (two of them) and Arm."""


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


def chosen_device(wanted: str) -> str:
    """Return the device with ``auto`` settled: a GPU where there is one.

    Raises
    ------
    ValueError
        A GPU is asked for and there is none.
    """
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise ValueError("no GPU that torch can use; leave out --device cuda")
    if wanted == "auto":
        return "cuda" if there else "cpu"
    return wanted


def processor(device: torch.device) -> str:
    """Return the name of the GPU, or of the CPU as Linux gives it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    named = next(_listed(CPUINFO, "model name"), "")
    return named or platform.processor() or platform.machine()


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
    flags = next(_listed(cpuinfo, "flags", "Features"), "")
    return not NATIVE_BF16.isdisjoint(flags.split())


def reduced_precision(device: str, *, fp16: bool = False) -> str:
    """Return the sixteen bits that a device is made for; ``"fp32"`` where it has none.

    Parameters
    ----------
    fp16
        Whether fp16 will do on a GPU before Ampere: a training can scale its loss.
    """
    if multiplies_bf16(device):
        return "bf16"
    return "fp16" if fp16 and device == "cuda" else "fp32"


def choose_precision(
    step: Callable[[str], None], wanted: str, reduced: str, limit: float
) -> str:
    """Return the precision that is wanted, or with ``"auto"`` the processor's own.

    Parameters
    ----------
    step
        Does one representative piece of work at the precision it is given. It is
        called only with ``"auto"``, and where the processor has sixteen bits.
    wanted
        ``"auto"``, ``"fp32"`` or ``"bf16"``.
    reduced
        From `reduced_precision`.
    limit
        `SERVING_LIMIT` or `TRAINING_LIMIT`.

    Raises
    ------
    ValueError
        ``wanted`` is none of these.
    """
    if wanted in DTYPES:
        return wanted
    if wanted != "auto":
        raise ValueError(f"precision is auto, fp32 or bf16, not {wanted!r}")
    if reduced == "fp32":
        return "fp32"
    full_s, reduced_s = (_fastest_s(step, each) for each in ("fp32", reduced))
    return reduced if reduced_s <= limit * full_s else "fp32"


def _fastest_s(step: Callable[[str], None], precision: str) -> float:
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        step(precision)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _listed(cpuinfo: Path, *keys: str) -> Iterator[str]:
    """Yield the values of the keys in the list of processors, the first one first."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in keys:
            yield value.strip()
