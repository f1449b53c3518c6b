"""Frames of a multi-frame image as slices: each in the words of a single image.

An enhanced image says once what is common to all frames, and per frame what is not,
in functional groups (DICOM PS3.3 C.7.6.16). Here each frame becomes a header with the
elements that a single image has at its top: nothing behind knows the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
)

from models.volume.headers import guarded, integer, text

SOP_CLASSES = frozenset(
    {
        EnhancedCTImageStorage,
        EnhancedMRImageStorage,
        LegacyConvertedEnhancedCTImageStorage,
        LegacyConvertedEnhancedMRImageStorage,
    }
)
"""Multi-frame images that are read (PS3.3 A.36, A.38, A.70, A.71)."""

SHARED = "SharedFunctionalGroupsSequence"
PER_FRAME = "PerFrameFunctionalGroupsSequence"

UNASSIGNED = (
    "UnassignedPerFrameConvertedAttributesSequence",
    "UnassignedSharedConvertedAttributesSequence",
)
"""Where a legacy converted image keeps what has no group (PS3.3 C.7.6.16.2.25)."""

PLACES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "ImagePositionPatient": (("PlanePositionSequence", "ImagePositionPatient"),),
    "ImageOrientationPatient": (
        ("PlaneOrientationSequence", "ImageOrientationPatient"),
    ),
    "PixelSpacing": (("PixelMeasuresSequence", "PixelSpacing"),),
    "SliceThickness": (("PixelMeasuresSequence", "SliceThickness"),),
    "RescaleSlope": (("PixelValueTransformationSequence", "RescaleSlope"),),
    "RescaleIntercept": (("PixelValueTransformationSequence", "RescaleIntercept"),),
    "RescaleType": (("PixelValueTransformationSequence", "RescaleType"),),
    "ImageType": (
        ("CTImageFrameTypeSequence", "FrameType"),
        ("MRImageFrameTypeSequence", "FrameType"),
    ),
    "StackID": (("FrameContentSequence", "StackID"),),
    "TemporalPositionIndex": (("FrameContentSequence", "TemporalPositionIndex"),),
    "AcquisitionNumber": (("FrameContentSequence", "FrameAcquisitionNumber"),),
    "ConvolutionKernel": (("CTReconstructionSequence", "ConvolutionKernel"),),
    "KVP": (("CTXRayDetailsSequence", "KVP"),),
}
"""Keyword of a single image → group and keyword that say the same of a frame."""

_LEFT_OUT = frozenset(map(Tag, (SHARED, PER_FRAME, "NumberOfFrames")))
"""What an image has and none of its frames. All else at its top holds for each frame,
unless a group of the frame says it."""


def frame_headers(dataset: Dataset) -> list[Dataset]:
    """Return a header for each frame, in the order of the frames.

    Nothing for what is not read frame by frame: an image of one of the other classes,
    and one that does not say of each of its frames what there is to say.
    """
    groups = _groups(dataset, PER_FRAME)
    is_read = text(dataset, "SOPClassUID") in SOP_CLASSES
    if not is_read or len(groups) != (integer(dataset, "NumberOfFrames") or 0):
        return []
    return list(_headers(dataset, groups))


def frame_header(dataset: Dataset, frame: int | None) -> Dataset:
    """Return the header of one frame, counted from 1; for None the image's own.

    Raises
    ------
    IndexError
        The image has no such frame.
    """
    if frame is None:
        return dataset
    (header,) = _headers(dataset, [_groups(dataset, PER_FRAME)[frame - 1]])
    return header


def _groups(dataset: Dataset, keyword: str) -> Sequence[Dataset]:
    """Return the items of a sequence; none where something else stands there."""
    value: Any = guarded(lambda: list(dataset.get(keyword) or []))
    return [item for item in value or () if isinstance(item, Dataset)]


def _headers(dataset: Dataset, groups: Sequence[Dataset]) -> Iterator[Dataset]:
    top = {
        tag: dataset.get_item(tag, keep_deferred=True)  # as it is: not converted
        for tag in dataset.keys()  # noqa: SIM118 - iterating a data set converts it
        if tag not in _LEFT_OUT
    }
    for shared in _groups(dataset, SHARED)[:1]:
        top |= _stated(shared)
    for group in groups:
        header = Dataset(top | _stated(group))
        is_implicit, is_little_endian = dataset.original_encoding
        header.set_original_encoding(
            is_implicit, is_little_endian, dataset.original_character_set
        )
        yield header


def _stated(group: Dataset) -> dict[BaseTag, Any]:
    """Return what the functional groups of an item say, as elements of an image."""
    found = (_element(group, keyword) for keyword in PLACES)
    return {element.tag: element for element in found if element is not None}


def _element(group: Dataset, keyword: str) -> DataElement | None:
    """Return what a group says by one keyword, None where it says nothing."""
    tag = Tag(tag_for_keyword(keyword) or 0)
    unassigned = [(sequence, keyword) for sequence in UNASSIGNED]
    for sequence, said_as in (*PLACES[keyword], *unassigned):
        for item in _groups(group, sequence)[:1]:
            element: Any = guarded(partial(_said, item, said_as, tag))
            if element is not None:
                return cast("DataElement", element)
    return None


def _said(item: Dataset, keyword: str, tag: BaseTag) -> DataElement | None:
    value = item.get(keyword)
    return None if value is None else DataElement(tag, dictionary_VR(tag), value)
