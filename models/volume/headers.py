"""The header pass: every file of a study is opened once, pixels left where they lie."""

from __future__ import annotations

import hashlib
import math
import os
import re
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.multival import MultiValue

IDENTITY = ("SOPInstanceUID", "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID")
GROUP_LENGTH_TAG = bytes.fromhex("02000000")
PIXEL_DATA_TAG = bytes.fromhex("e07f1000")
READ_AHEAD_BYTES = 1 << 15
DEFLATED = b"1.2.840.10008.1.2.1.99"
UNDEFINED_LENGTH = 0xFFFFFFFF

META_START = 132
"""The preamble and ``DICM`` come before the file meta information (PS3.10 7.1)."""

DICOMDIR = "1.2.840.10008.1.3.10"
"""SOP class of the directory of a medium (PS3.3 F.3), which is no image."""

DAMAGED = frozenset({"damaged", "empty", "inflates_too_far", "missing_uid"})
"""Reasons of files that were images once: where one lies, a series lacks it."""

IDENTIFIER = re.compile(r"[0-9.]{1,64}", re.ASCII)
"""Laxer than a UID (PS3.5 9.1), since real archives hold worse; never text."""

UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*", re.ASCII)
MAX_UID = 64  # PS3.5 9.1

MAX_INFLATED_BYTES = 1 << 30
"""A deflated file that grows beyond this is not read: 0.4 MB can hold gigabytes."""


@contextmanager
def quiet() -> Iterator[None]:
    """Silence pydicom about odd values, which are judged where they are used.

    Entered once around a whole pass and never in several threads: Python's warning
    filters belong to the process.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


class HeaderError(ValueError):
    """A file is no DICOM instance that can be placed in a study.

    Attributes
    ----------
    reason
        ``unreadable``: the disk does not give it. ``not_dicom`` and ``dicomdir``: it
        never was an image. Else one of ``DAMAGED``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Header:
    """One file: its data set without pixels, and where its native pixels begin.

    Attributes
    ----------
    pixel_offset
        Byte offset of the Pixel Data value when it is uncompressed little endian;
        None when it is not, or absent.
    """

    path: Path
    dataset: Dataset
    pixel_offset: int | None


def read_headers(
    paths: Sequence[Path], threads: int
) -> tuple[list[Header], list[tuple[Path, str]]]:
    """Read all files; return the headers, and ``(path, reason)`` of all others.

    The threads only fetch the files from the disk, ahead of the parser: parsing is
    pure Python, and in four threads it takes twice as long as in one.
    """
    with ThreadPoolExecutor(max(1, threads)) as pool:
        fetched = pool.map(_fetch, paths)
        results = [
            _read_or_reason(path) for path, _ in zip(paths, fetched, strict=True)
        ]
    read = [result for result in results if isinstance(result, Header)]
    refused = [
        (path, result)
        for path, result in zip(paths, results, strict=True)
        if isinstance(result, str)
    ]
    return read, refused


def _fetch(path: Path) -> None:
    """Bring the head of a file into the page cache."""
    with suppress(OSError), path.open("rb", buffering=0) as stream:
        stream.read(READ_AHEAD_BYTES)


def _read_or_reason(path: Path) -> Header | str:
    try:
        return read_header(path)
    except HeaderError as error:
        return error.reason


def read_header(path: Path) -> Header:
    """Read the header of one file.

    Raises
    ------
    HeaderError
        The file cannot be opened, is no DICOM file, or does not say to which study
        and series it belongs: a UID is missing, or it is text or several.
    """
    try:
        with path.open("rb") as stream:
            if not os.fstat(stream.fileno()).st_size:
                raise HeaderError("empty")
            _check_inflation(stream)
            dataset = dcmread(stream, stop_before_pixels=True, force=False)
            offset = _native_pixel_offset(stream, dataset)
            if not all(IDENTIFIER.fullmatch(text(dataset, key)) for key in IDENTITY):
                raise HeaderError(_without_identity(dataset))
    except HeaderError:
        raise
    except InvalidDicomError:
        raise HeaderError("not_dicom") from None
    except OSError as error:
        raise HeaderError("unreadable" if error.errno else "damaged") from None
    except Exception:  # noqa: BLE001 - a damaged file makes pydicom raise anything
        raise HeaderError("damaged") from None
    return Header(path, dataset, offset)


def _without_identity(dataset: Dataset) -> str:
    is_directory = dataset.file_meta.get("MediaStorageSOPClassUID") == DICOMDIR
    return "dicomdir" if is_directory else "missing_uid"


def _check_inflation(stream: BinaryIO) -> None:
    """Refuse a deflate bomb, in pieces, before pydicom inflates it whole."""
    head = stream.read(1024)
    if DEFLATED in head:
        stream.seek(dataset_start(head))
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        total, piece = 0, stream.read(1 << 20)
        while piece and not inflater.eof:
            total += len(inflater.decompress(piece, 1 << 24))
            piece = inflater.unconsumed_tail or stream.read(1 << 20)
            if total > MAX_INFLATED_BYTES:
                raise HeaderError("inflates_too_far")
    stream.seek(0)


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


def _native_pixel_offset(stream: BinaryIO, dataset: Dataset) -> int | None:
    """Return where the pixel values begin; the stream stands before Pixel Data."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    if syntax is None or syntax.is_compressed or not syntax.is_little_endian:
        return None
    element = stream.read(8 if syntax.is_implicit_VR else 12)
    length = int.from_bytes(element[-4:], "little")
    if element[:4] != PIXEL_DATA_TAG or length == UNDEFINED_LENGTH:
        return None
    # Too few bytes for the matrix are left to the decoder, which says so.
    return stream.tell() if length >= _matrix_bytes(dataset) else None


def _matrix_bytes(dataset: Dataset) -> int:
    rows, columns = integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0
    return rows * columns * (integer(dataset, "BitsAllocated") or 0) // 8


def content_digest(path: Path) -> bytes:
    """Return the SHA-256 of a file without its meta information.

    The meta information may differ between two copies of one instance: it names
    the software that wrote the file.
    """
    with path.open("rb") as stream:
        stream.seek(dataset_start(stream.read(META_START + 12)))
        return hashlib.file_digest(stream, "sha256").digest()


def text(dataset: Dataset, keyword: str) -> str:
    """Return a value as text, several joined by a backslash; "" when absent."""
    value = guarded(lambda: dataset.get(keyword))
    if value is None:
        return ""
    if isinstance(value, MultiValue):
        return "\\".join(str(part) for part in value)
    return str(value)


def valid_uid(dataset: Dataset, keyword: str) -> str:
    """Return a UID; "" when it is absent, or what stands there is none (PS3.5 9.1)."""
    value = text(dataset, keyword).strip("\0 ")
    return value if len(value) <= MAX_UID and UID.fullmatch(value) else ""


def integer(dataset: Dataset, keyword: str) -> int | None:
    """Return a whole number, or None when it is absent or no number."""
    value = guarded(lambda: int(dataset.get(keyword)))
    return value if isinstance(value, int) else None


def floats(dataset: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Return exactly ``count`` finite numbers, or None."""
    values = guarded(lambda: tuple(float(part) for part in dataset.get(keyword)))
    if not isinstance(values, tuple) or len(values) != count:
        return None
    return values if all(math.isfinite(value) for value in values) else None


def guarded(read: Callable[[], object]) -> object:
    """Return what ``read`` returns, or None where the value cannot be converted.

    pydicom converts a value when it is first asked for, so that a damaged one
    raises here and not in the header pass.
    """
    try:
        return read()
    except Exception:  # noqa: BLE001 - a damaged value makes pydicom raise anything
        return None
