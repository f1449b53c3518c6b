"""Associations that we ask for: every answer reaches who asked.

pynetdicom 3.0.4 polls for requests of the peer in a thread of its own, which pauses
while we wait for an answer. Between two of our requests it wakes for a moment, and may
take the answer to the second one off the queue and throw it away ("Received unexpected
message"): a C-STORE is then unanswered, and of a C-FIND one match is lost silently. A
peer that we called as a requestor alone has nothing to request: the thread is kept
waiting until the association ends.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Checkpoint(threading.Event):
    """What the thread waits at: stays closed until it is opened for good."""

    def __init__(self) -> None:
        super().__init__()
        self._is_open = False

    def set(self) -> None:
        """Let the thread go on, once it has been opened."""
        if self._is_open:
            super().set()

    def open(self) -> None:
        """Let the thread go on now, and whenever it is asked to."""
        self._is_open = True
        self.set()


@contextmanager
def answered(association: Any) -> Iterator[Any]:
    """Keep an association's own thread from the answers to what is asked in the block.

    An association that is still established afterwards is released. Whether the peer
    broke off is noticed by the next request, not between two.
    """
    checkpoint = _Checkpoint()
    # The interface offers no public way (github.com/pydicom/pynetdicom, 3.0.4).
    association._reactor_checkpoint = checkpoint
    try:
        yield association
    finally:
        checkpoint.open()
        if association.is_established:
            association.release()
