"""What a compressed image says about its own size and end, before it is decoded.

A decoder takes memory, and time, for the size in the codestream, whatever Rows and
Columns say: 3 KB that claim 30 000 x 30 000 pixels cost OpenJPEG 5 GB and 44 s, and
3 KB that claim 1000 components of 1024 x 1024 pixels cost 6 GB and 26 s. The size is
therefore taken from where a decoder takes it, and from nowhere else.

A JPEG-LS decoder fills what was cut off with values of its own and reports nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
)

from models.volume.headers import integer

JPEG_START = b"\xff\xd8"
JPEG_END = b"\xff\xd9"
"""Stands nowhere in coded data (T.81 B.1.1.5, T.87 A.1)."""

MAX_PADDING = 64
"""Bytes behind the end of a frame; one is allowed (PS3.5 A.4)."""

JPEG_2000_START = b"\xff\x4f\xff\x51"
"""Start of codestream, and of its size (ITU-T T.800 A.4.1, A.5.1)."""

JP2_START = b"\0\0\0\x0cjP  \r\n\x87\n"
"""Signature box of a JP2 file (T.800 I.5.1), which DICOM leaves out (PS3.5 A.4.4)."""

CODESTREAM_BOX = b"jp2c"
PALETTE_BOX = b"pclr"
"""Makes up to 255 components out of one (T.800 I.5.3.4)."""

FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
"""Start of frame in JPEG (ITU-T T.81 table B.1) and JPEG-LS (T.87 C.1.1)."""

HIERARCHICAL = 0xDE
"""Announces several frames, of which the first is the smallest (T.81 J.1.1.2)."""

MAX_SEGMENTS = 1000
"""Marker segments, fill bytes or boxes after which an image has not said its size."""

WITH_SIZE = frozenset(
    (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes, *JPEG2000TransferSyntaxes)
)
"""Transfer syntaxes whose frames say how large they are."""


class CodestreamError(ValueError):
    """A frame is not of the size that the data set says, cut off, or damaged."""


@contextmanager
def panics_named() -> Iterator[None]:
    """Turn the panic of a decoder into an error.

    The decoder of RLE is written in Rust. Where damaged bytes make it panic it raises
    what is no ``Exception``, and would end a worker instead of an attempt.

    Raises
    ------
    CodestreamError
        A decoder panicked.
    """
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # its module names it nowhere
            raise
        raise CodestreamError("a decoder gave up on damaged bytes") from None


class FrameSize(NamedTuple):
    """The numbers of rows, of columns and of samples per pixel."""

    rows: int
    columns: int
    samples: int


def require_sound_frames(dataset: Dataset) -> None:
    """Refuse frames that claim another size than the header does, or have no end.

    Raises
    ------
    CodestreamError
        One does, or says nothing about its size, or is a JPEG or JPEG-LS that was cut
        off. Decoders notice themselves where a JPEG 2000 ends too soon.
    """
    if dataset.file_meta.TransferSyntaxUID not in WITH_SIZE:
        return
    header = ("Rows", "Columns", "SamplesPerPixel")
    expected = tuple(integer(dataset, keyword) for keyword in header)
    count = integer(dataset, "NumberOfFrames") or 1
    for frame in generate_frames(dataset.PixelData, number_of_frames=count):
        if size_of(frame) != expected:
            raise CodestreamError("a compressed frame claims another size")
        if frame.startswith(JPEG_START) and JPEG_END not in frame[-MAX_PADDING:]:
            raise CodestreamError("a compressed frame is cut off")


def size_of(codestream: bytes) -> FrameSize | None:
    """Return the size of a JPEG, JPEG-LS or JPEG 2000 image, in a JP2 file or bare.

    None when it is none of these, cut off before it says so, hierarchical, or of
    colours from a palette.
    """
    try:
        if codestream.startswith(JPEG_START):
            return _jpeg_size(codestream)
        at = _jp2_codestream(codestream) if codestream.startswith(JP2_START) else 0
        if codestream.startswith(JPEG_2000_START, at):
            return _jpeg_2000_size(codestream, at)
        return None
    except struct.error:
        return None


def _jpeg_size(codestream: bytes) -> FrameSize | None:
    at = len(JPEG_START)
    for _ in range(MAX_SEGMENTS):
        start, marker, length = struct.unpack_from(">BBH", codestream, at)
        if start != 0xFF or marker == HIERARCHICAL:
            break
        if marker in FRAME_MARKERS:
            return FrameSize(*struct.unpack_from(">HHB", codestream, at + 5))
        at += 1 if marker == 0xFF else 2 + length  # any marker may have fill bytes
    return None


def _jp2_codestream(file: bytes) -> int:
    """Return where the codestream begins that a decoder takes; past the end if none."""
    at = 0
    for _ in range(MAX_SEGMENTS):
        length, kind = struct.unpack_from(">I4s", file, at)
        if kind == CODESTREAM_BOX and PALETTE_BOX not in file[:at]:
            return at + 8
        if kind == CODESTREAM_BOX or length < 8:
            break
        at += length
    return len(file)


def _jpeg_2000_size(codestream: bytes, at: int) -> FrameSize:
    """Return the size in the SIZ segment (ITU-T T.800 A.5.1)."""
    right, bottom, left, top = struct.unpack_from(">4I", codestream, at + 8)
    (components,) = struct.unpack_from(">H", codestream, at + 40)
    return FrameSize(bottom - top, right - left, components)
