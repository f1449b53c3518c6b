"""A function over many items, in processes: the one pool of the learning side.

A process is started afresh and never forked: a fork would leave the threads of torch
half alive, and a server that forks would fork whatever else this program starts. It
costs a second or two before its first item: Python and numpy are loaded anew.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0))


def suitable_processes(items: int, fewest: int = 1) -> int:
    """Return how many processes suit: one a core, none for fewer items than that."""
    return max(1, min(cores(), items // fewest))


def over_processes(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    processes: int,
    chunk: int = 1,
) -> Iterator[Result]:
    """Yield what ``function`` makes of each item, in the order of the items.

    Parameters
    ----------
    function
        Of a module, so that another process finds it by its name.
    processes
        1 is this process.
    chunk
        Items that are sent at once; several where an item takes milliseconds.

    Raises
    ------
    Exception
        What ``function`` raises for the first item that it refuses.
    ChildProcessError
        A process was killed, most likely for want of memory.
    """
    if processes == 1:
        yield from map(function, items)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, _begin)
    try:
        yield from pool.map(function, items, chunksize=chunk)
    except BrokenProcessPool:
        raise ChildProcessError(
            "a process was killed: for want of memory, which fewer processes need less "
            'of? or is the program that started it without `if __name__ == "__main__"`?'
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Make a new process one of several, before it loads numpy or torch."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its processes itself
    end_with_parent()
    os.environ["OMP_NUM_THREADS"] = "1"  # threads of several would fight for the cores


def end_with_parent() -> None:
    """Have this process end when its parent has, even by SIGKILL.

    A call of C that keeps the interpreter to itself is ended after it, not in it.
    """
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
