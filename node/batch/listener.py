"""Who follows a run, such as a progress bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from node.batch.entry import Entry


class Listener(Protocol):
    """Somebody who follows a run, such as a progress bar."""

    def found(self, waiting: Sequence[Entry]) -> None:
        """Hear what there will be, none of it read yet."""

    def working(self, running: Sequence[tuple[str, str, str]]) -> None:
        """Hear what is being read: path, model and stage of each."""

    def ended(self, entry: Entry) -> None:
        """Hear what became of one."""
