"""Processes of the node's own: how they start, and that none outlives it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import _threads_wakeups, _ThreadWakeup
from contextlib import contextmanager
from multiprocessing import resource_tracker
from time import monotonic
from weakref import WeakSet

from models.over_processes import end_with_parent
from node.signals import STOP_SIGNALS

START_ERRORS = (OSError, EOFError, RuntimeError)
"""What starting a process raises when the machine has no room for it."""

FAREWELL_S = 10.0
"""Most time that a stop waits for what is left of killed processes, in seconds."""

_ending: WeakSet[_ThreadWakeup] = WeakSet()
"""Of executors that were told to end: what wakes the thread that outlives it."""


@contextmanager
def spared_from_signals() -> Iterator[None]:
    """Let what is started in the block not get the signals that ask for the end.

    They go to the whole group. A server that ends takes its workers along, and with
    them the jobs that the node would still let finish.
    """
    resource_tracker.ensure_running()  # it unblocks the signals when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def live_with_parent() -> None:
    """Leave signals to the node, and end when the node has ended, even by SIGKILL.

    Runs first in every process. Ctrl-C and service managers signal the whole group;
    it is the node that knows which job may still finish.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_with_parent()


def let_end(executor: ProcessPoolExecutor) -> None:
    """Tell an executor to end when its process is idle; return at once."""
    # Not its thread, which a first task may be starting; None after a shutdown.
    if executor._executor_manager_thread_wakeup is not None:
        _ending.add(executor._executor_manager_thread_wakeup)
    executor.shutdown(wait=False, cancel_futures=True)


def end_at_once(executor: ProcessPoolExecutor) -> None:
    """Kill the processes of an executor, also while they start; all is lost there."""
    # Public from Python 3.14 on, as kill_workers; None after a shutdown.
    processes, answers = executor._processes, executor._result_queue
    # First, for it waits for the lock under which a process is started: that one too.
    let_end(executor)
    for process in list((processes or {}).values()):
        process.kill()
    if answers is not None:
        # Who reads half an answer would wait for the rest while we could write there.
        answers._writer.close()  # type: ignore[attr-defined]  # typeshed lacks it


def wait_for_ended(seconds: float = FAREWELL_S) -> None:
    """Wait until nothing is left of the executors that were told to end.

    The interpreter's own farewell wakes their threads without a lock: one that ends
    in that moment has closed the pipe it is woken through, and a clean stop would
    say ``Bad file descriptor``.
    """
    until = monotonic() + seconds
    for thread, wakeup in list(_threads_wakeups.items()):
        if wakeup in _ending:
            thread.join(max(0.0, until - monotonic()))
