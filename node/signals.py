"""The signals that ask a process to end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C, and what service managers send."""


def stop_asked(
    numbers: Sequence[signal.Signals] = STOP_SIGNALS,
) -> Callable[[], None]:
    """Catch signals, and return the function that waits until the first has come.

    The second ends the process at once, as if nobody had caught it. To be called,
    like what it returns, in the main thread.
    """
    # A handler in Python runs between two instructions of the main thread: one that
    # comes just before it blocks is too late to wake it, and one that takes a lock,
    # as Event.set does, may wait for the main thread itself. The interpreter writes
    # to the wakeup descriptor the moment the kernel tells it.
    told, teller = os.pipe()
    os.set_blocking(teller, False)

    def let_the_next_end(*_: int | FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)

    def wait() -> None:
        while os.read(told, 1)[0] not in numbers:
            pass  # another signal that somebody handles
        signal.set_wakeup_fd(-1)
        os.close(teller)
        os.close(told)

    signal.set_wakeup_fd(teller, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, let_the_next_end)
    return wait
