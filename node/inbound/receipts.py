"""What a file says of its receipts: when the last one was, and whether it is recorded.

Of two contents of one image the one that came last counts, also where it lay there
already. So the time of a file is that of the last receipt of its content, and a file
that came again is marked until the ledger knows of it. Time and mark lie in the file
itself: they survive a crash, and no second file could fall out of step.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

PLAIN, AGAIN = 0o600, 0o700
"""Modes: the owner's execute bit, which means nothing for an image, is the mark."""


class Receipts:
    """Acknowledged receipts by file, of which the ledger has not heard."""

    def __init__(self) -> None:
        self._marking = threading.Lock()  # a mark and the count that it stands for
        self._owed: Counter[Path] = Counter()

    def acknowledge(self, path: Path, *, is_new: bool) -> None:
        """Let a file say that its content came now, and whether it came again.

        Raises
        ------
        OSError
            The disk refuses.
        """
        with self._marking:
            now = time.time_ns()  # the clock of the file system is too coarse
            os.utime(path, ns=(now, now))
            if not is_new:
                path.chmod(AGAIN)
            self._owed[path] += 1

    def found(self, path: Path) -> None:
        """Count an earlier receipt that was found again, its time and mark as is."""
        with self._marking:
            self._owed[path] += 1

    def recorded(self, path: Path) -> None:
        """Note that the ledger knows one; after the last the file loses its mark."""
        with self._marking:
            self._owed[path] -= 1
            if self._owed[path] <= 0:
                del self._owed[path]
                with suppress(OSError):  # it may be gone; a mark costs one more look
                    path.chmod(PLAIN)


def came_again(path: Path) -> bool:
    """Say whether a file came again without the ledger having heard of it."""
    try:
        return bool(path.stat().st_mode & stat.S_IXUSR)
    except OSError:  # gone, or it cannot be read either
        return False
