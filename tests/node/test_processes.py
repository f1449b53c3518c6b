"""Processes of the node's own."""

from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import _ThreadWakeup
from multiprocessing import get_context

import pytest

from node.processes import end_at_once, spared_from_signals, wait_for_ended
from node.signals import STOP_SIGNALS


def test_signals_are_kept_from_what_is_started_and_from_nothing_else() -> None:
    """The thread that starts workers gets them again afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    with spared_from_signals():
        during = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    assert set(STOP_SIGNALS) <= during
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


@pytest.mark.parametrize("starts", [False, True])
def test_nothing_is_left_to_wake_of_what_was_ended(
    monkeypatch: pytest.MonkeyPatch, starts: bool
) -> None:
    """The interpreter's farewell would write into a pipe that is being closed.

    Also where the process is only starting when it is ended.
    """
    close = _ThreadWakeup.close
    spawn = ProcessPoolExecutor._spawn_process  # type: ignore[attr-defined]
    is_starting = threading.Event()

    def close_late(wakeup: _ThreadWakeup) -> None:
        time.sleep(0.5)
        close(wakeup)

    def spawn_slowly(executor: ProcessPoolExecutor) -> None:
        is_starting.set()
        time.sleep(0.5)
        spawn(executor)

    monkeypatch.setattr(_ThreadWakeup, "close", close_late)
    monkeypatch.setattr(ProcessPoolExecutor, "_spawn_process", spawn_slowly)
    executor = ProcessPoolExecutor(1, get_context("spawn"))
    wakeup = executor._executor_manager_thread_wakeup
    user = threading.Thread(target=executor.submit, args=(os.getpid,))
    user.start()
    is_starting.wait()
    if not starts:
        user.join()

    end_at_once(executor)
    wait_for_ended(60.0)

    assert wakeup is not None
    assert wakeup._closed
