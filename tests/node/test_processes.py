"""Processes of the node's own."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import _ThreadWakeup
from multiprocessing import get_context
from typing import Any

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


def test_nothing_is_left_to_wake_of_what_was_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The interpreter's farewell would write into a pipe that is being closed."""
    close = _ThreadWakeup.close

    def close_late(wakeup: _ThreadWakeup) -> None:
        time.sleep(0.5)
        close(wakeup)

    monkeypatch.setattr(_ThreadWakeup, "close", close_late)
    executor = ProcessPoolExecutor(1, get_context("spawn"))
    executor.submit(os.getpid).result()
    thread: Any = executor._executor_manager_thread

    end_at_once(executor)
    wait_for_ended(60.0)

    assert not thread.is_alive()
