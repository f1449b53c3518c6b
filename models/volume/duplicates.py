"""Several contents under one SOP Instance UID: which of them counts, if any.

A SOP Instance UID names one image for ever, and yet an archive may encode it anew, a
hospital may correct whose it is, and a broken device may use it twice. Pixels are
decoded here, so this is work for a process that may be killed. A content that cannot be
decoded proves nothing, and does not stand in the way of one that can.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset, dcmread
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.pixels.utils import iter_pixels
from pydicom.tag import BaseTag, Tag
from pydicom.uid import ExplicitVRBigEndian

from models.volume.codestream import panics_named, require_sound_frames
from models.volume.headers import guarded, quiet, text
from models.volume.pixels import PixelFormat, SeriesError
from models.volume.study import PIXEL_TAGS, StudyHeaders, read_study

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
"""The elements that hold pixels (DICOM PS3.3 C.7.6.3, C.7.6.24, C.7.6.25)."""

LAYOUT = (
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "BitsAllocated",
    "PixelRepresentation",
)
"""What tells how many numbers the same bytes are."""

BY_THE_WAY = frozenset(
    Tag(keyword)
    for keyword in (
        *PIXELS,
        "PlanarConfiguration",
        "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths",
        "SpecificCharacterSet",
        "LengthToEnd",
        "DataSetTrailingPadding",
    )
)
"""Elements that say how a data set is encoded, and nothing about what it holds. Text
is compared as it is read, in whatever character set it was written."""

WORDS = {"OW": "u2", "OL": "u4", "OF": "u4", "OD": "u8", "OV": "u8"}
"""Numpy types of the words in a value of these VRs, which have a byte order."""


class Difference(Enum):
    """How two contents under one SOP Instance UID differ, the weightiest named."""

    ENCODING = "encoding"
    """Transfer syntax, character set, padding, private or empty elements."""
    HEADER = "header"
    """An element that says something about patient, study or image."""
    PIXELS = "pixels"
    """A pixel, or the pixels of one cannot be decoded: they are not proven equal."""


class ConflictError(ValueError):
    """Nobody can say which of the contents under one SOP Instance UID is true."""


def settle(study: StudyHeaders, *, in_order: bool, threads: int = 4) -> StudyHeaders:
    """Return the study with one content under each SOP Instance UID.

    Parameters
    ----------
    study
        From ``read_study``, with ``rivals``; without them it is returned as it is.
    in_order
        Whether the files were given in the order in which they were received. Then
        of two headers the one that came last counts: it is the corrected one.

    Raises
    ------
    ConflictError
        Pixels differ, or headers do and there is no order.
    """
    if not study.rivals:
        return study
    standing = {
        uid: settled(contents, in_order=in_order)
        for uid, contents in study.rivals.items()
    }
    files = dict.fromkeys(  # the frames of an image share its file
        standing.get(instance.sop_instance_uid, instance.path)
        for series in study.series
        for instance in series.instances
    )
    return replace(read_study(list(files), threads), unreadable=study.unreadable)


def settled(contents: Sequence[Path], *, in_order: bool) -> Path:
    """Return the one file of several under one SOP Instance UID that counts.

    Another encoding of the same is ignored: the first one stands. A damaged content
    says nothing beside one that is not, so that a damaged image is mended when it is
    sent again; where all are damaged the first one stands.

    Raises
    ------
    ConflictError
        As ``settle``.
    """
    try:
        return _standing(contents, in_order=in_order)
    except ConflictError:
        sound = [content for content in contents if not is_damaged(content)]
        if len(sound) == len(contents):
            raise
    return _standing(sound or contents[:1], in_order=in_order)


def _standing(contents: Sequence[Path], *, in_order: bool) -> Path:
    standing, *others = contents
    for other in others:
        difference = compare(standing, other)
        if difference is Difference.PIXELS:
            raise ConflictError("an image came twice with different pixels")
        if difference is Difference.HEADER:
            if not in_order:
                raise ConflictError("an image lies there twice with different headers")
            standing = other
    return standing


@quiet()
def is_damaged(path: Path) -> bool:
    """Tell whether an image lacks its pixels, or has some that cannot be decoded.

    One frame is in memory at a time, and none that is larger than its header says.
    What is no image is not damaged.

    Raises
    ------
    MemoryError, OSError
        The machine failed, which says nothing about the image.
    """
    dataset = dcmread(path)
    if not any(keyword in dataset for keyword in (*PIXELS, "Rows")):
        return False
    try:
        for _ in _frames(dataset):
            pass
    except MemoryError:
        raise
    except Exception as error:  # decoders raise whatever damaged bytes provoke
        if isinstance(error, OSError) and error.errno:  # the disk, and no decoder
            raise
        return True
    return False


@quiet()
def compare(earlier: Path, later: Path) -> Difference:
    """Return how two readable DICOM files differ; one pair is in memory at a time."""
    first, second = dcmread(earlier), dcmread(later)
    if not _same_pixels(first, second):
        return Difference.PIXELS
    if _meaning(first, _swaps(first)) != _meaning(second, _swaps(second)):
        return Difference.HEADER
    return Difference.ENCODING


def _same_pixels(first: Dataset, second: Dataset) -> bool:
    """Compare the stored bytes, and what they decode to where these differ."""
    if _stored(first) == _stored(second):
        return True
    try:
        pairs = zip_longest(_frames(first), _frames(second))
        return all(np.array_equal(one, other) for one, other in pairs)
    except Exception:  # noqa: BLE001 - decoders raise whatever damaged bytes provoke
        return False


def _stored(dataset: Dataset) -> list[object]:
    syntax = dataset.file_meta.TransferSyntaxUID
    native = not syntax.is_compressed and syntax.is_little_endian
    layout = [text(dataset, keyword) for keyword in LAYOUT]
    pixels = [dataset[keyword].value for keyword in PIXELS if keyword in dataset]
    return ["" if native else syntax, *layout, *pixels]


def _frames(dataset: Dataset) -> Iterator[npt.NDArray[Any]]:
    """Yield the values of each frame; colours as RGB, grey without unused bits."""
    tags = {keyword: text(dataset, keyword) for keyword in PIXEL_TAGS}
    pixel_format: PixelFormat | None = None
    with suppress(SeriesError):  # colour, floating point, single bits: as they are
        pixel_format = PixelFormat.of({k: value for k, value in tags.items() if value})
    require_sound_frames(dataset)
    decoded = iter_pixels(dataset, correct_unused_bits=False)  # forgets High Bit
    while (frame := _next(decoded)) is not None:
        values = np.array(frame, frame.dtype.newbyteorder("<"))
        if pixel_format is not None and values.dtype == pixel_format.dtype:
            pixel_format.trim(values)
        yield values


def _next(frames: Iterator[npt.NDArray[Any]]) -> npt.NDArray[Any] | None:
    with panics_named():
        return next(frames, None)


def _swaps(dataset: Dataset) -> bool:
    return bool(dataset.file_meta.TransferSyntaxUID == ExplicitVRBigEndian)


def _meaning(dataset: Dataset, swaps: bool) -> dict[BaseTag, object]:
    """Return what a data set says, by tag, without what it says by the way.

    Private elements are left out: nothing here reads them, and archives drop them.
    So are empty ones, which say as little as absent ones.
    """
    read = {tag: _value(dataset, tag, swaps) for tag in dataset.keys() if _tells(tag)}  # noqa: SIM118 - iterating a data set converts its values
    return {tag: value for tag, value in read.items() if value not in ("", b"", [])}


def _tells(tag: BaseTag) -> bool:
    is_group_length = tag.element == 0
    return not (tag.is_private or is_group_length or tag in BY_THE_WAY)


def _value(dataset: Dataset, tag: BaseTag, swaps: bool) -> object:
    """Return a value in a form that does not depend on its encoding."""
    value = guarded(lambda: _converted(dataset[tag], swaps))
    if value is not None:
        return value
    raw: Any = dataset.get_item(tag)  # damaged: its bytes speak for it
    return raw.value if isinstance(raw, RawDataElement) else str(raw)


def _converted(element: DataElement, swaps: bool) -> object:
    value = element.value
    if element.VR == "SQ":
        return [_meaning(item, swaps) for item in value]
    if isinstance(value, bytes):
        return _little_endian(value, element.VR) if swaps else value
    values = value if element.VM > 1 else [value]
    singles = ["" if part is None else _single(part, element) for part in values]
    return singles if any(single != "" for single in singles) else []


def _single(part: object, element: DataElement) -> object:
    """Return one value: numbers as such, ``1.0`` and ``1.00`` are one."""
    number = guarded(lambda: float(part)) if element.VR in {"DS", "IS"} else None  # type: ignore[arg-type]  # what is none raises, which is guarded
    if number is not None:
        return number
    if element.keyword == "PhotometricInterpretation":
        return _photometry(str(part))
    if element.keyword == "LossyImageCompression":
        return str(part).replace("00", "")  # never lossy: as if it were absent
    return str(part)


def _photometry(name: str) -> str:
    """Return how pixels are meant; colour models change with the encoding."""
    is_colour = name.startswith(("RGB", "YBR"))
    return "colour" if is_colour else name


def _little_endian(value: bytes, vr: str) -> bytes:
    kind = WORDS.get(vr)
    if kind is None or len(value) % int(kind[1]):
        return value
    return np.frombuffer(value, f">{kind}").astype(f"<{kind}").tobytes()
