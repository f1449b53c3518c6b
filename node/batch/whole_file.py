"""A file that is there as a whole, or as it was before."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from node.errors import NodeError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nothing, not even a power cut, leaves half of it.

    Raises
    ------
    NodeError
        The disk refuses; what stood there before still stands there.
    """
    path = path.resolve()  # what a link points to, not the link
    try:
        descriptor, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise NodeError(
            f"{path}: {error.strerror}; give the same command with another file: "
            "what is finished is not read twice"
        ) from None


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
