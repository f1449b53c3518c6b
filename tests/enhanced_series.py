"""Write a series of single images as enhanced multi-frame ones, for a test.

Places, rescale, kernel and the like go into functional groups, as a scanner puts them
(DICOM PS3.3 A.38.1.4); what a group says is removed from the top of the image.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    ExplicitVRLittleEndian,
)

from tests.dicom_series import save, uid

GROUPS: Mapping[str, tuple[str, ...]] = {
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness"),
    "PixelValueTransformationSequence": (
        "RescaleIntercept",
        "RescaleSlope",
        "RescaleType",
    ),
    "CTReconstructionSequence": ("ConvolutionKernel",),
    "CTXRayDetailsSequence": ("KVP",),
}
"""Group → what of a single image stands in it."""

ALWAYS_PER_FRAME = ("PlanePositionSequence",)


@dataclass(frozen=True)
class Told:
    """What an enhanced image says otherwise than a plain one.

    Attributes
    ----------
    per_frame
        Groups that are told frame by frame even where all frames agree.
    change
        Done to the functional groups of a frame, with its index in the image.
    """

    per_frame: tuple[str, ...] = ()
    change: Callable[[Dataset, int], None] = lambda groups, index: None


PLAIN = Told()


def write_enhanced(
    paths: Many[Path],
    path: Path,
    *,
    transfer_syntax: str = ExplicitVRLittleEndian,
    sop_class: str = "",
    told: Told = PLAIN,
    **tags: Any,
) -> Path:
    """Write the images at ``paths`` as the frames of one image; they are left alone.

    Parameters
    ----------
    paths
        Single uncompressed images, in the order that the frames shall have.
    sop_class
        Of the image; else the enhanced one of the modality.
    tags
        DICOM keywords set at the top of the image.
    """
    slices = [dcmread(each) for each in paths]
    image = copy.deepcopy(slices[0])
    is_ct = image.Modality == "CT"
    image.SOPClassUID = sop_class or (
        EnhancedCTImageStorage if is_ct else EnhancedMRImageStorage
    )
    image.SOPInstanceUID = uid("enhanced", *(each.SOPInstanceUID for each in slices))
    image.NumberOfFrames = len(slices)
    _put_into_groups(image, slices, told)
    image.PixelData = b"".join(each.PixelData for each in slices)
    for keyword, value in tags.items():
        setattr(image, keyword, value)
    return _save(image, slices, path, UID(transfer_syntax))


def _put_into_groups(image: Dataset, slices: Many[Dataset], told: Told) -> None:
    shared, frames = Dataset(), [Dataset() for _ in slices]
    for name, keywords in GROUPS.items():
        items = [_item(each, keywords) for each in slices]
        is_common = all(item == items[0] for item in items)
        if is_common and name not in (*ALWAYS_PER_FRAME, *told.per_frame):
            _add(shared, name, items[0])
        else:
            for groups, item in zip(frames, items, strict=True):
                _add(groups, name, item)
        for keyword in keywords:
            image.pop(keyword, None)
    for index, groups in enumerate(frames):
        told.change(groups, index)
    image.SharedFunctionalGroupsSequence = Sequence([shared])
    image.PerFrameFunctionalGroupsSequence = Sequence(frames)


def _item(one: Dataset, keywords: Many[str]) -> Dataset:
    item = Dataset()
    for keyword in keywords:
        if keyword in one:
            item.add(one[keyword])
    return item


def _add(groups: Dataset, name: str, item: Dataset) -> None:
    if len(item):
        setattr(groups, name, Sequence([item]))


def _save(image: Dataset, slices: Many[Dataset], path: Path, syntax: UID) -> Path:
    """Write the image; compressed, each frame by itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not syntax.is_encapsulated:
        return save(image, path, syntax)
    frames = []
    for one in slices:
        single = copy.deepcopy(one)
        single.compress(syntax, generate_instance_uid=False)
        (frame,) = _frames_of(single)
        frames.append(frame)
    image.file_meta = FileMetaDataset()
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.file_meta.TransferSyntaxUID = syntax
    image.PixelData = encapsulate(frames)
    image["PixelData"].is_undefined_length = True
    image.save_as(path, enforce_file_format=True)
    return path


def _frames_of(single: Dataset) -> list[bytes]:
    return list(generate_frames(single.PixelData, number_of_frames=1))
