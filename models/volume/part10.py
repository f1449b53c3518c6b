"""The beginning of a DICOM file: fetched once, and parsed in memory where it suffices.

pydicom asks the stream where it stands before every element, which costs an open file
a system call each time, and bytes in memory next to nothing.
"""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import BinaryIO

GROUP_LENGTH_TAG = bytes.fromhex("02000000")
DEFLATED = b"1.2.840.10008.1.2.1.99"

META_START = 132
"""The preamble and ``DICM`` come before the file meta information (PS3.10 7.1)."""

HEAD_BYTES = 1 << 15
"""Holds the header of nearly every image; what needs more is read from the file."""

MAX_INFLATED_BYTES = 1 << 30
"""A deflated file that grows beyond this is not read: 0.4 MB can hold gigabytes."""


class HeadEndsError(Exception):
    """A parser asked for bytes behind the head of a file."""


class InflationError(Exception):
    """A deflated data set grows beyond ``MAX_INFLATED_BYTES``."""


class Head(io.BytesIO):
    """The beginning of a file that goes on: what does not lie in it cannot be read.

    So no parser takes the end of the head for the end of the file.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        """Return exactly ``size`` bytes.

        Raises
        ------
        HeadEndsError
            There are fewer in the head, or all bytes of the file are asked for.
        """
        data = io.BytesIO.read(self, size)  # called so often that super() shows
        if len(data) != size:
            raise HeadEndsError
        return data


def fetch_head(path: Path) -> bytes:
    """Return the first ``HEAD_BYTES`` of a file, fewer where it is shorter."""
    head = b""
    with path.open("rb", buffering=0) as stream:
        while len(head) < HEAD_BYTES:  # a network's file system may give less at once
            part = stream.read(HEAD_BYTES - len(head))
            if not part:
                break
            head += part
    return head


def open_head(head: bytes) -> io.BytesIO:
    """Return a stream of what ``fetch_head`` returned; of a short file it is all."""
    return io.BytesIO(head) if len(head) < HEAD_BYTES else Head(head)


def dataset_start(head: bytes) -> int:
    """Return where the data set begins, behind the file meta information.

    ``head`` is the beginning of a Part 10 file. Its first element, the group length
    (0002,0000), is 12 bytes in explicit little endian; where it is missing, the meta
    information cannot be told from the data set and counts as part of it.
    """
    if head[META_START : META_START + 4] != GROUP_LENGTH_TAG:
        return META_START
    value = META_START + 8
    return value + 4 + int.from_bytes(head[value : value + 4], "little")


def check_inflation(stream: BinaryIO) -> None:
    """Inflate a deflated data set in pieces, before pydicom inflates it whole.

    The stream stands at the beginning of the file, before and after.

    Raises
    ------
    InflationError
        It is a deflate bomb.
    """
    head = stream.read(1024)
    if DEFLATED in head:
        stream.seek(dataset_start(head))
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        total, piece = 0, stream.read(1 << 20)
        while piece and not inflater.eof:
            total += len(inflater.decompress(piece, 1 << 24))
            piece = inflater.unconsumed_tail or stream.read(1 << 20)
            if total > MAX_INFLATED_BYTES:
                raise InflationError
    stream.seek(0)
