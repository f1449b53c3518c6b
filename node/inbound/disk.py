"""Files on a disk that may be full, fail, or lose its power."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from node.errors import NoSpaceError


def write_new(path: Path, parts: tuple[bytes, ...], *, force: bool) -> None:
    """Write a new file to its last byte, for this user only, and compare its size.

    Parameters
    ----------
    parts
        What it holds, one after the other.
    force
        Return only when the bytes are on the disk.

    Raises
    ------
    OSError
        The file exists, or the disk refuses.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        for part in parts:
            _write_all(descriptor, part)
        if os.fstat(descriptor).st_size != sum(map(len, parts)):
            raise OSError(errno.ENOSPC, "short file")
        if force:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    """Write to the last byte: ``os.write`` may write less than it is asked to."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def force_file(path: Path) -> None:
    """Force a file to disk, with its time and its mode."""
    _force(path, os.O_RDONLY)


def force_folder(folder: Path) -> None:
    """Force the names in a folder to disk."""
    _force(folder, os.O_RDONLY | os.O_DIRECTORY)


def _force(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def force_file_system(folder: Path) -> None:
    """Force the file system of a folder to disk; ``os`` has no syncfs."""
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)


def errno_name(error: OSError) -> str:
    """Return the name of the error, which unlike its text holds no path."""
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def refused_by_disk(error: OSError) -> NoSpaceError:
    """Translate: whatever the disk refuses may be possible later (0xA700)."""
    return NoSpaceError(f"the disk refuses: {errno_name(error)}")
