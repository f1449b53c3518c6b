"""Trainings that can be repeated to the bit.

What ``--deterministic`` guarantees: on the same machine, with the same number of
threads and the same version of torch, two trainings of equal settings and data give
equal weights to the bit, on a GPU as well. Torch then takes the repeatable form of
every operation and stops with the name of one that has none. The precision is not
chosen by timing, which no machine repeats.

Without it a training on a CPU is repeatable, too, as long as the timing chooses the
same precision; on a GPU the last bits differ from run to run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

CUBLAS = "CUBLAS_WORKSPACE_CONFIG"
WORKSPACE = ":4096:8"
"""Buffers with which the matrix products of CUDA are repeatable (NVIDIA's manual)."""


@contextmanager
def deterministic(wanted: bool = True) -> Iterator[None]:
    """Let torch take only repeatable operations inside the block."""
    before = torch.are_deterministic_algorithms_enabled()
    benchmark = torch.backends.cudnn.benchmark
    if wanted:
        os.environ.setdefault(CUBLAS, WORKSPACE)  # read when CUDA is first used
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False  # it chooses kernels by timing
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        torch.backends.cudnn.benchmark = benchmark
