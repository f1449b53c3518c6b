"""What kind of archive a file is, told by its beginning: names do not matter."""

from __future__ import annotations

import zlib
from pathlib import Path

from node.batch.zips import BEGINNINGS, LOCAL_HEADER_BYTES

HEAD_BYTES = 1 << 16
"""So much of a file tells what it is."""

OTHER_KIND = "zip_other_kind"
"""Reason code of an archive that is no ZIP."""

ENDING = ".zip"

DOCUMENTS = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"mimetype", b"META-INF/")
"""How the first name in a ZIP begins that is a document or a program, and no study."""

OTHERS = (
    b"Rar!\x1a\x07",
    b"7z\xbc\xaf\x27\x1c",
    b"BZh",
    b"\xfd7zXZ\0",
)
"""How other archives begin: RAR, 7z, bzip2, xz."""

GZIP = b"\x1f\x8b\x08"
MIN_TAR_BYTES = 512
"""Length of the first header of a tar, which tells that it is one."""


def is_called_zip(path: Path) -> bool:
    """Tell whether a file has the name of a ZIP."""
    return path.suffix.lower() == ENDING


def head_of(file: Path) -> bytes:
    """Return the beginning of a file; of one that the disk does not give, nothing."""
    try:
        with file.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError:
        return b""


def begins_zip(head: bytes) -> bool:
    """Tell the beginning of a ZIP that may hold a study.

    An office document is a ZIP, too, and so is a program.
    """
    start = 4 if head.startswith(BEGINNINGS[2:]) else 0
    named = head[start + LOCAL_HEADER_BYTES :]
    return (
        head.startswith(BEGINNINGS)
        and not is_dicom(head)
        and not named.startswith(DOCUMENTS)
    )


def begins_other_archive(head: bytes) -> bool:
    """Tell the beginning of an archive of another kind.

    What is only compressed, as images of research are, is no archive.
    """
    if is_dicom(head):
        return False
    if head.startswith(GZIP):
        return _is_tar(_inflated(head))
    return head.startswith(OTHERS) or _is_tar(head) or _is_disc(head)


def is_dicom(head: bytes) -> bool:
    """Tell the beginning of a DICOM file; what lies before its mark may be anything."""
    return head[128:132] == b"DICM"


def _inflated(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(head, MIN_TAR_BYTES)
    except zlib.error:
        return b""


def _is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def _is_disc(head: bytes) -> bool:
    """Tell the image of a disc (ISO 9660)."""
    return head[32769:32774] == b"CD001"
