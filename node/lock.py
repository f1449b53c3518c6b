"""One process per folder: two nodes over one ledger would undo each other's work."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.errors import ConfigError

LOCK_FILE = "lock"


class FolderLock:
    """An exclusive lock on a folder, held until ``release`` or the end of the process.

    The kernel gives it back when the process ends, however that happens, so that a
    lock file that was left behind means nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_FILE
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        ConfigError
            Another process holds it, or the folder cannot be written.
        """
        try:
            descriptor = os.open(
                self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise ConfigError(f"{self._path.parent}: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise ConfigError(
                f"{self._path.parent} is in use by another pacs-node"
                f"{f' (process {holder})' if holder else ''}: stop that one first, or "
                "name another folder"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; without a lock nothing happens."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def holder(folder: Path) -> str | None:
    """Return the id of the process that holds the lock of a folder, or None.

    Nothing is made or written. "?" stands for a holder that left no number.
    """
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "?"
    finally:
        os.close(descriptor)
    return None


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Be the only process in the block; whoever comes second waits.

    Raises
    ------
    ConfigError
        The file cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(f"{path.parent}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
