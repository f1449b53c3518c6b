"""The header pass: every file of a study is opened once, pixels left where they lie."""

from __future__ import annotations

import hashlib
import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from pydicom import Dataset, FileDataset, dcmread, uid
from pydicom.dataelem import RawDataElement
from pydicom.errors import InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag

from models.volume.part10 import (
    META_START,
    HeadEndsError,
    InflationError,
    check_inflation,
    dataset_start,
    fetch_head,
    open_head,
)

IDENTITY = ("SOPInstanceUID", "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID")
FRAMES = "NumberOfFrames"
PIXEL_DATA_TAG = bytes.fromhex("e07f1000")
UNDEFINED_LENGTH = 0xFFFFFFFF

DICOMDIR = "1.2.840.10008.1.3.10"
"""SOP class of the directory of a medium (PS3.3 F.3), which is no image."""

DAMAGED = frozenset({"damaged", "empty", "inflates_too_far", "missing_uid"})
"""Reasons of files that were images once: where one lies, a series lacks it."""

IDENTIFIER = re.compile(r"[0-9.]{1,64}", re.ASCII)
"""Laxer than a UID (PS3.5 9.1), since real archives hold worse; never text."""

UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))*", re.ASCII)
MAX_UID = 64  # PS3.5 9.1

BATCH = 64
"""Files whose heads are in memory at a time, before they are parsed."""


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
    frame
        Number of the frame that this header describes, from 1; None for an image.
    """

    path: Path
    sop_instance_uid: str
    dataset: Dataset
    pixel_offset: int | None
    frame: int | None = None


def read_headers(
    paths: Sequence[Path], threads: int, values: Values | None = None
) -> tuple[list[Header], list[tuple[Path, str]]]:
    """Read all files; return the headers, and ``(path, reason)`` of all others.

    The threads only fetch the beginnings from the disk, ahead of the parser: parsing
    is pure Python, and in four threads it takes twice as long as in one. ``values``
    are those of the pass that these files belong to.
    """
    values, threads = values or Values(), max(1, threads)
    read: list[Header] = []
    refused: list[tuple[Path, str]] = []
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(paths), BATCH):
            batch = paths[start : start + BATCH]
            shares = [batch[first::threads] for first in range(threads)]
            heads = dict(chain.from_iterable(pool.map(_fetch, shares)))
            for path in batch:
                try:
                    read.append(read_header(path, heads[path], values))
                except HeaderError as error:
                    refused.append((path, error.reason))
    return read, refused


def _fetch(paths: Sequence[Path]) -> list[tuple[Path, bytes | None]]:
    return [(path, _head_or_none(path)) for path in paths]


def _head_or_none(path: Path) -> bytes | None:
    """Return the head of a file; None where opening it again will say what is wrong."""
    with suppress(OSError):
        return fetch_head(path)
    return None


def read_header(
    path: Path, head: bytes | None = None, values: Values | None = None
) -> Header:
    """Read the header of one file.

    Parameters
    ----------
    head
        What ``fetch_head`` returned, where it was asked already.
    values
        Those of the pass that the file belongs to.

    Raises
    ------
    HeaderError
        The file cannot be opened, is no DICOM file, or does not say to which study
        and series it belongs: a UID is missing, or it is text or several.
    """
    try:
        return _read(path, fetch_head(path) if head is None else head, values)
    except HeaderError:
        raise
    except InflationError:
        raise HeaderError("inflates_too_far") from None
    except InvalidDicomError:
        raise HeaderError("not_dicom") from None
    except OSError as error:
        raise HeaderError("unreadable" if error.errno else "damaged") from None
    except Exception:  # noqa: BLE001 - a damaged file makes pydicom raise anything
        raise HeaderError("damaged") from None


def _read(path: Path, head: bytes, values: Values | None) -> Header:
    if not head:
        raise HeaderError("empty")
    values = values or Values()
    try:
        return _parsed(path, open_head(head), values)
    except HeadEndsError:
        with path.open("rb") as stream:
            return _parsed(path, stream, values)


def _parsed(path: Path, stream: BinaryIO, values: Values) -> Header:
    check_inflation(stream)
    dataset = dcmread(stream, stop_before_pixels=True, force=False)
    dataset.buffer = None  # else it keeps the head in memory as long as itself
    offset = _native_pixel_offset(stream, dataset, values)
    identity = [values.text(dataset, keyword) for keyword in IDENTITY]
    if not all(map(IDENTIFIER.fullmatch, identity)):
        raise HeaderError(_without_identity(dataset))
    return Header(path, identity[0], dataset, offset)


def _without_identity(dataset: FileDataset) -> str:
    is_directory = dataset.file_meta.get("MediaStorageSOPClassUID") == DICOMDIR
    return "dicomdir" if is_directory else "missing_uid"


def _native_pixel_offset(
    stream: BinaryIO, dataset: FileDataset, values: Values
) -> int | None:
    """Return where the pixel values begin; the stream stands before Pixel Data."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    element = stream.read(_pixel_element_bytes(syntax) if syntax is not None else 0)
    length = int.from_bytes(element[-4:], "little")
    if element[:4] != PIXEL_DATA_TAG or length == UNDEFINED_LENGTH:
        return None
    # Too few bytes for the matrix are left to the decoder, which says so.
    return stream.tell() if length >= _matrix_bytes(dataset, values) else None


@lru_cache(64)
def _pixel_element_bytes(syntax: uid.UID) -> int:
    """Return the bytes before the value of native Pixel Data, 0 where it is not.

    That is tag, VR and length (PS3.5 7.1).
    """
    if syntax.is_compressed or not syntax.is_little_endian:
        return 0
    return 8 if syntax.is_implicit_VR else 12


def _matrix_bytes(dataset: Dataset, values: Values) -> int:
    return frame_bytes(dataset, values) * (values.integer(dataset, FRAMES) or 1)


def frame_bytes(dataset: Dataset, values: Values) -> int:
    """Return how many bytes the native greyscale pixels of one frame are."""
    rows, columns, bits = (
        values.integer(dataset, keyword) or 0
        for keyword in ("Rows", "Columns", "BitsAllocated")
    )
    return rows * columns * bits // 8


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


class Values:
    """The values of many headers, of which each is converted once.

    The slices of a series say nearly the same, and to convert what they say costs
    pydicom more than to read it. The data sets stay as they were read: what is kept
    here is text and numbers, by the bytes that they were converted from, and by all
    else that the conversion depends on. It lasts as long as one pass.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Any] = {}

    def text(self, dataset: Dataset, keyword: str) -> str:
        """Return what ``text`` returns."""
        converted: str = self._once(text, dataset, keyword)
        return converted

    def valid_uid(self, dataset: Dataset, keyword: str) -> str:
        """Return what ``valid_uid`` returns."""
        converted: str = self._once(valid_uid, dataset, keyword)
        return converted

    def integer(self, dataset: Dataset, keyword: str) -> int | None:
        """Return what ``integer`` returns."""
        converted: int | None = self._once(integer, dataset, keyword)
        return converted

    def floats(
        self, dataset: Dataset, keyword: str, count: int
    ) -> tuple[float, ...] | None:
        """Return what ``floats`` returns."""
        converted: tuple[float, ...] | None = self._once(
            floats, dataset, keyword, count
        )
        return converted

    def _once(
        self, convert: Callable[..., Any], dataset: Dataset, keyword: str, *more: int
    ) -> Any:
        raw: Any = dataset.get_item(_tag(keyword), keep_deferred=True)
        source: tuple[object, ...] = ()
        if isinstance(raw, RawDataElement):
            charset = dataset.original_character_set
            encoded = raw.VR, raw.is_implicit_VR, raw.is_little_endian
            source = raw.value, *encoded, *charset
        elif raw is not None:
            return convert(dataset, keyword, *more)  # was converted before
        key = convert, keyword, more, source
        if key not in self._known:
            self._known[key] = convert(dataset, keyword, *more)
        return self._known[key]


@lru_cache(256)
def _tag(keyword: str) -> BaseTag:
    return Tag(keyword)
