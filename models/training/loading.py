"""Many files read at once in processes, where that is faster than one by one.

A process costs a second or two before it reads its first file: Python and numpy are
loaded anew. It is never forked from this one, whose threads of torch a fork would
leave half alive. So the first files are read here, and only when the others would
take longer than that are processes started.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Item = TypeVar("Item")
Read = TypeVar("Read")
Told = Callable[[int, int], None]
"""Hears how many are read, of how many."""

START_S = 3.0
"""Seconds that the start of processes may cost on a busy machine."""

PROBE_S = 0.5
"""Seconds of reading here, from which the rest is estimated."""


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0))


def read_all(
    read: Callable[[Item], Read],
    items: Sequence[Item],
    told: Told | None = None,
    processes: int | None = None,
) -> list[Read]:
    """Return what ``read`` makes of each item, in the order of the items.

    Parameters
    ----------
    read
        A function of a module, so that another process finds it by its name; its
        module should import no torch.
    processes
        None takes all cores, if the reading is long enough for it; a number starts so
        many from the first item on, and 1 none.

    Raises
    ------
    Exception
        What ``read`` raises for the first item that it refuses.
    ChildProcessError
        A process was killed, most likely for want of memory.
    """
    results: list[Read] = []
    for result in _results(read, items, processes):
        results.append(result)
        if told is not None:
            told(len(results), len(items))
    return results


def _results(
    read: Callable[[Item], Read], items: Sequence[Item], processes: int | None
) -> Iterator[Read]:
    started = time.perf_counter()
    for done, item in enumerate(items):
        seconds = time.perf_counter() - started
        if _is_shorter_here(done, len(items), seconds, processes):
            yield read(item)
        else:
            yield from _in_processes(read, items[done:], processes or cores())
            return


def _is_shorter_here(
    done: int, count: int, seconds: float, processes: int | None
) -> bool:
    """Return whether processes would cost more than they save, or are not wanted."""
    if processes is not None:
        return processes == 1
    if seconds < PROBE_S or cores() == 1:
        return True
    rest_s = seconds / done * (count - done)
    return rest_s * (1 - 1 / cores()) < START_S


def _in_processes(
    read: Callable[[Item], Read], items: Sequence[Item], processes: int
) -> Iterator[Read]:
    pool = ProcessPoolExecutor(
        processes, multiprocessing.get_context("spawn"), _leave_interrupts
    )
    try:
        yield from pool.map(read, items, chunksize=max(1, len(items) // 8 // processes))
    except BrokenProcessPool:
        raise ChildProcessError(
            "a reading process was killed, for want of memory?"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    """Leave Ctrl-C to the parent, which ends its processes itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
