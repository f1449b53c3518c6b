"""What a compressed image says about its own size, before anybody decodes it.

A decoder takes memory, and time, for the size in the codestream, whatever Rows and
Columns say: 3 KB that claim 30 000 x 30 000 pixels cost OpenJPEG 5 GB and 44 s.
"""

from __future__ import annotations

import struct

from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
)

from models.volume.headers import integer

JPEG_START = b"\xff\xd8"
JPEG_2000_START = b"\xff\x4f\xff\x51"
"""Start of codestream, and of its size; in a JP2 file boxes come before."""

FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""Start of frame in JPEG (ITU-T T.81 table B.1) and JPEG-LS (T.87 C.1.1)."""

MAX_SEGMENTS = 1000
"""Marker segments, or fill bytes, after which a JPEG has not said its size."""

WITH_SIZE = frozenset(
    (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes)
)
"""Transfer syntaxes whose frames say how large they are."""


class CodestreamError(ValueError):
    """A frame is not of the size that the data set says."""


def require_true_sizes(dataset: Dataset) -> None:
    """Refuse a data set whose frames claim another size than Rows x Columns.

    Raises
    ------
    CodestreamError
        One does, or says nothing about its size.
    """
    if dataset.file_meta.TransferSyntaxUID not in WITH_SIZE:
        return
    expected = integer(dataset, "Rows"), integer(dataset, "Columns")
    count = integer(dataset, "NumberOfFrames") or 1
    for frame in generate_frames(dataset.PixelData, number_of_frames=count):
        if size_of(frame) != expected:
            raise CodestreamError("a compressed frame claims another size")


def size_of(codestream: bytes) -> tuple[int, int] | None:
    """Return rows and columns of a JPEG, JPEG-LS or JPEG 2000 image.

    None when it is none of these, or cut off before it says so.
    """
    try:
        if codestream.startswith(JPEG_START):
            return _jpeg_size(codestream)
        at = codestream.find(JPEG_2000_START)
        return None if at < 0 else _jpeg_2000_size(codestream, at)
    except struct.error:
        return None


def _jpeg_size(codestream: bytes) -> tuple[int, int] | None:
    at = len(JPEG_START)
    for _ in range(MAX_SEGMENTS):
        if codestream[at : at + 1] != b"\xff":
            break
        marker, length = struct.unpack_from(">BH", codestream, at + 1)
        if marker in FRAME_MARKERS:
            rows, columns = struct.unpack_from(">HH", codestream, at + 5)
            return rows, columns
        at += 1 if marker == 0xFF else 2 + length  # any marker may have fill bytes
    return None


def _jpeg_2000_size(codestream: bytes, at: int) -> tuple[int, int]:
    """Return the size in the SIZ segment (ITU-T T.800 A.5.1)."""
    right, bottom, left, top = struct.unpack_from(">4I", codestream, at + 8)
    return bottom - top, right - left
