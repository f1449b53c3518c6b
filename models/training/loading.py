"""Many files read at once in processes, where that is faster than one by one.

A process costs a second or two before it reads its first file
(`models.over_processes`). So the first files are read here, and only when the others
would take longer than that are processes started.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from models.over_processes import cores, over_processes

Item = TypeVar("Item")
Read = TypeVar("Read")
Told = Callable[[int, int], None]
"""Hears how many are read, of how many."""

START_S = 3.0
"""Seconds that the start of processes may cost on a busy machine."""

PROBE_S = 0.5
"""Seconds of reading here, from which the rest is estimated."""


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
            count = processes or cores()
            chunk = max(1, (len(items) - done) // 8 // count)
            yield from over_processes(read, items[done:], count, chunk)
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
