"""Bringing notes to where the results are: by the running node, or at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from node.config import Settings
from node.jobs.ledger import Ledger
from node.lock import FolderLock
from node.send.outbox import Outbox, readdress

LIMIT_S = 30.0
"""How long a command delivers by itself, in seconds."""

PATIENCE_S = 15.0
"""How long a command waits for what the running node delivers, in seconds."""

LOOK_S = 0.2
"""Time between two looks into the ledger, in seconds."""


def deliver(ledger: Ledger, settings: Settings, limit_s: float = LIMIT_S) -> None:
    """Deliver what is due in the place of a node that does not run.

    Nothing is tried twice: what a destination did not take waits for the node.

    Raises
    ------
    ConfigError
        A node runs after all.
    """
    until = time.monotonic() + limit_s
    lock = FolderLock(settings.node.data_dir)
    lock.acquire()
    try:
        readdress(ledger, settings.destinations, datetime.now(UTC))
        for destination in settings.destinations:
            name = settings.node.ae_title
            outbox = Outbox(settings.send, destination, ledger, name)
            while time.monotonic() < until and outbox.tick(datetime.now(UTC)):
                pass
    finally:
        lock.release()


def wait_for(is_done: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool:
    """Wait while the node works; tell whether it was done in time."""
    until = time.monotonic() + patience_s
    while not is_done():
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_S)
    return True
