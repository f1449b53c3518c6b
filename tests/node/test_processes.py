"""Processes of the node's own."""

from __future__ import annotations

import signal

from node.processes import spared_from_signals
from node.signals import STOP_SIGNALS


def test_signals_are_kept_from_what_is_started_and_from_nothing_else() -> None:
    """The thread that starts workers gets them again afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    with spared_from_signals():
        during = signal.pthread_sigmask(signal.SIG_BLOCK, [])

    assert set(STOP_SIGNALS) <= during
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
