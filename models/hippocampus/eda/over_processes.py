"""Measure many pairs at once, in processes, and end cleanly when interrupted."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from models.hippocampus.eda.checks import check_one
from models.hippocampus.eda.measure import measure
from models.hippocampus.eda.measurement import Measured, Pair
from models.hippocampus.eda.progress import Ended, silent

PAIRS_PER_PROCESS = 32
"""Fewer are read before another process has started."""


def suitable_workers(pairs: int) -> int:
    """Return how many processes suit so many pairs on the cores at hand."""
    cores = len(os.sched_getaffinity(0))
    return max(1, min(cores, pairs // PAIRS_PER_PROCESS))


def measure_all(
    pairs: Sequence[Pair], workers: int | None = None, ended: Ended = silent
) -> list[Measured]:
    """Measure every pair and return the measurements by name.

    The largest files are begun first, so that no process is left with one at the end.

    Parameters
    ----------
    workers
        Processes; else as many as suit. One means this process.

    Raises
    ------
    ValueError
        A process was killed, most likely for want of memory.
    """
    largest_first = sorted(pairs, key=lambda pair: -pair.size)
    count = min(workers or suitable_workers(len(pairs)), len(pairs))
    if count > 1:
        found = _in_processes(largest_first, count, ended)
    else:
        found = [_told(measure(pair), ended) for pair in largest_first]
    return sorted(found, key=lambda case: case.name)


def _in_processes(pairs: Sequence[Pair], workers: int, ended: Ended) -> list[Measured]:
    # Not from a server, which forks whatever is started after it in this program, too.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=_leave_interrupts)
    try:
        futures = [pool.submit(measure, pair) for pair in pairs]
        return [_told(future.result(), ended) for future in as_completed(futures)]
    except BrokenProcessPool:
        raise ValueError(
            "a reading process was killed, for want of memory? try --workers 1"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    """Let only the parent answer to Ctrl-C: it ends its processes itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _told(case: Measured, ended: Ended) -> Measured:
    reasons = "; ".join(remark.detail for remark in check_one(case))
    ended(f"{case.name}: {reasons}" if reasons else case.name)
    return case
