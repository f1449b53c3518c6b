"""What a benchmark ran on, and how much two processes gain on it at this moment.

A machine that is shared or throttled gives two processes less than twice the work
of one; a ratio between one worker and two is read beside that number.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

WORK = """
import sys
import numpy as np
a = np.full((512, 512), 1e-3, np.float32)
for _ in range(5):
    a @ a
print("ready", flush=True)
sys.stdin.readline()
for _ in range(150):
    a @ a
"""
"""Half a second of arithmetic that shares nothing, begun when a line is read."""


def processor() -> str:
    """Return the name of the processor as Linux gives it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
    return next(x.split(": ")[1] for x in lines if x.startswith("model name"))


def description() -> str:
    """Return processor, cores, version of torch and the threads of OpenMP."""
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    return (
        f"{processor()}, {os.cpu_count()} cores, torch {metadata.version('torch')}, "
        f"OMP_NUM_THREADS {threads}"
    )


QUIET_GAIN = 1.7
"""Two processes that gain less than this share their cores with somebody else."""


@dataclass(frozen=True, slots=True)
class Moment:
    """How busy the machine is: its load, and what two processes gain over one."""

    load: float
    two_processes_gain: float

    @classmethod
    def now(cls) -> Moment:
        """Measure; the load is that before measuring."""
        load = os.getloadavg()[0]
        return cls(load, parallel_speedup())

    def __str__(self) -> str:
        busy = "" if self.two_processes_gain >= QUIET_GAIN else " (NOT quiet)"
        return (
            f"load {self.load:.2f}; two processes at once do "
            f"{self.two_processes_gain:.2f} times the work of one{busy}"
        )


def parallel_speedup(processes: int = 2, rounds: int = 3) -> float:
    """Return how much more work processes at once do than one, 1 thread each.

    The median of ``rounds``; ``processes`` on a machine that gives all it promises.
    """
    gains = [processes * _seconds_of(1) / _seconds_of(processes) for _ in range(rounds)]
    return statistics.median(gains)


def _seconds_of(count: int) -> float:
    """Return the seconds until ``count`` processes that began together have ended."""
    started = [
        subprocess.Popen(  # noqa: S603 - this Python, the text above
            [sys.executable, "-c", WORK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        for _ in range(count)
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    begin = time.perf_counter()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in started:
        process.wait()
    seconds = time.perf_counter() - begin
    for process in started:
        process.communicate()
    return seconds
