"""DICOM files in a ZIP, taken out under names of our own.

No name of the archive is ever used as a path, and what is taken out is bounded.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path
from shutil import copyfileobj

MOST_BYTES = 8 << 30
"""That one archive may become; a chest CT is below 1 GiB."""

PREAMBLE = 132
"""Bytes until the end of ``DICM`` (PS3.10 section 7.1)."""


class ArchiveError(ValueError):
    """The archive cannot be read; one line."""


def unpack(
    archive: Path, folder: Path, only: Collection[int] | None = None
) -> dict[int, Path]:
    """Take the DICOM files out of an archive into a folder.

    Parameters
    ----------
    only
        Numbers of the entries that are wanted; None takes all.

    Returns
    -------
    dict
        Number of the entry → the file that it became.

    Raises
    ------
    ArchiveError
        It is no ZIP, damaged, encrypted, or larger than `MOST_BYTES`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = dict(enumerate(opened.infolist()))
            if only is not None:
                entries = {number: entries[number] for number in only}
            if sum(entry.file_size for entry in entries.values()) > MOST_BYTES:
                raise ArchiveError(f"more than {MOST_BYTES >> 30} GiB")
            return _written(opened, entries, folder)
    except (zipfile.BadZipFile, RuntimeError, EOFError, OSError) as error:
        raise ArchiveError(f"{type(error).__name__}: {error}") from None


def _written(
    archive: zipfile.ZipFile, entries: dict[int, zipfile.ZipInfo], folder: Path
) -> dict[int, Path]:
    files = {}
    for number, entry in entries.items():
        if entry.is_dir():
            continue
        with archive.open(entry) as stream:
            head = stream.read(PREAMBLE)
            if head[-4:] != b"DICM":
                continue
            files[number] = folder / f"{number}.dcm"
            with files[number].open("wb") as target:
                target.write(head)
                copyfileobj(stream, target)  # never more than the entry declares
    return files
