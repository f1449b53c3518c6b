"""The drop folder: files that DCMTK's storescp or a copy lays there.

``watchdog`` tells at once when a file was closed after writing or was moved in. A
periodic look finds what it missed, and takes a file only when its size and time have
stood still, so that one that is copied slowly is not taken half.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from stat import S_ISREG
from typing import Any

from watchdog.events import (
    FileClosedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.inotify import InotifyObserver

LOOK_EVERY_S = 5.0
STABLE_S = 10.0
"""How long size and time of a file must stand still when no event told of it."""


class DropFolder(FileSystemEventHandler):
    """Finds the files that can be taken. Hidden files are somebody's temporary ones.

    Parameters
    ----------
    folder
        Watched with everything below it.
    wake
        Called when an event told of a file.
    """

    def __init__(self, folder: Path, wake: Callable[[], None]) -> None:
        self._folder = folder
        self._wake = wake
        self._lock = threading.Lock()
        self._told: set[Path] = set()
        self._seen: dict[Path, tuple[int, int, datetime]] = {}
        self._looked_at: datetime | None = None
        self._observer: Any = None

    def start(self) -> None:
        """Begin to listen for events."""
        # watchdog warns, with the path, of a folder that it sees twice: harmless,
        # and the path of a dropped folder may be the name of a patient.
        warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
        # Full events tell a file that was moved in from one that was only created.
        self._observer = InotifyObserver(generate_full_events=True)
        self._observer.schedule(self, str(self._folder), recursive=True)
        self._observer.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()

    def on_closed(self, event: FileSystemEvent) -> None:
        """Note a file that was written and closed."""
        if isinstance(event, FileClosedEvent):
            self._note(event.src_path)

    def on_moved(self, event: FileSystemEvent) -> None:
        """Note a file that was moved in or renamed."""
        if isinstance(event, FileMovedEvent):
            self._note(event.dest_path)

    def ready(self, now: datetime) -> list[Path]:
        """Return the files that can be taken now, sorted."""
        with self._lock:
            told, self._told = self._told, set()
        if (
            self._looked_at is None
            or (now - self._looked_at).total_seconds() >= LOOK_EVERY_S
        ):
            self._looked_at = now
            told |= self._stable(now)
        return sorted(path for path in told if path.is_file())

    def _stable(self, now: datetime) -> set[Path]:
        """Look at every file; return those that have not changed for a while."""
        seen = {}
        for path in self._folder.rglob("*"):
            mark = None if path.name.startswith(".") else _mark(path)
            if mark is None:
                continue
            earlier = self._seen.get(path)
            same = earlier is not None and earlier[:2] == mark
            seen[path] = (*mark, earlier[2] if earlier and same else now)
        self._seen = seen
        return {
            path
            for path, (_, _, since) in seen.items()
            if (now - since).total_seconds() >= STABLE_S
        }

    def _note(self, path: str | bytes) -> None:
        name = Path(path.decode() if isinstance(path, bytes) else path)
        if name.name.startswith("."):
            return
        with self._lock:
            self._told.add(name)
        self._wake()


def _mark(path: Path) -> tuple[int, int] | None:
    """Return size and time of a file; None when it is none, or gone meanwhile."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_size, status.st_mtime_ns) if S_ISREG(status.st_mode) else None
