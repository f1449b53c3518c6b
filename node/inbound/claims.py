"""Who may touch the received files of a study: those who bring some, or retention.

An image is acknowledged before the ledger knows where it lies. Until it does, its
study is claimed, and retention removes nothing of it: neither the image, nor an equal
one that lay there already and for whose sake it was not written again.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Claims:
    """Claims on studies by Study Instance UID; several at a time may hold one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: Counter[str] = Counter()
        self._emptied: set[str] = set()

    @contextmanager
    def taking(self, study_instance_uid: str) -> Iterator[None]:
        """Claim a study, to be given back; when the block raises, at once.

        Waits while its files are being removed.
        """
        with self._changed:
            self._changed.wait_for(lambda: study_instance_uid not in self._emptied)
            self._held[study_instance_uid] += 1
        try:
            yield
        except BaseException:
            self.give_back(study_instance_uid)
            raise

    def give_back(self, study_instance_uid: str) -> None:
        """End one claim."""
        with self._changed:
            self._held[study_instance_uid] -= 1
            if self._held[study_instance_uid] <= 0:
                del self._held[study_instance_uid]

    @contextmanager
    def alone(self, study_instance_uid: str) -> Iterator[bool]:
        """Keep everybody else out for the block, or say False: somebody is there."""
        with self._changed:
            taken = {*self._held, *self._emptied}
            is_free = study_instance_uid not in taken
            if is_free:
                self._emptied.add(study_instance_uid)
        try:
            yield is_free
        finally:
            if is_free:
                with self._changed:
                    self._emptied.discard(study_instance_uid)
                    self._changed.notify_all()
