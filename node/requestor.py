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

from pynetdicom.pdu_primitives import A_ABORT, A_P_ABORT, A_RELEASE

FAREWELL_S = 5.0
"""Longest wait until an association has ended that the peer wants to end."""


class _Checkpoint(threading.Event):
    """What the thread waits at: stays closed until it is opened for good."""

    def __init__(self, association: Any) -> None:
        super().__init__()
        self._association = association
        self._is_open = False

    def set(self) -> None:
        """Let the thread go on, once it has been opened."""
        if self._is_open:
            super().set()

    def clear(self) -> None:
        """Stop the thread, as is done before each request.

        Raises
        ------
        RuntimeError
            The peer released or aborted meanwhile; the thread has answered it.
        """
        if not self._is_open and self._has_farewell():
            self.open()
            self._association.join(FAREWELL_S)
            raise RuntimeError("the peer ended the association")
        super().clear()

    def open(self) -> None:
        """Let the thread go on now, and whenever it is asked to."""
        self._is_open = True
        self.set()

    def _has_farewell(self) -> bool:
        said = self._association.dul.peek_next_pdu()
        return isinstance(said, A_RELEASE | A_ABORT | A_P_ABORT)


@contextmanager
def answered(association: Any) -> Iterator[Any]:
    """Keep an association's own thread from the answers to what is asked in the block.

    An association that is still established afterwards is released. Whether the peer
    ended it is noticed by the next request, which raises ``RuntimeError``.
    """
    checkpoint = _Checkpoint(association)
    # The interface offers no public way (github.com/pydicom/pynetdicom, 3.0.4).
    association._reactor_checkpoint = checkpoint
    try:
        yield association
    finally:
        checkpoint.open()
        if association.is_established:
            association.release()
