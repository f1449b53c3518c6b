"""How our objects refer to a frame of a multi-frame image.

The library takes single images as sources, one per slice. A slice that is a frame
therefore stands in for one, under a UID of its own; when an object is made, every
reference to such a stand-in becomes one to the image and the number of the frame.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydicom import DataElement, Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
    MRImageStorage,
)

from models.contract import Instance, SeriesInfo
from node.report.provenance import frame_uid

SINGLE_IMAGE = {
    EnhancedCTImageStorage: CTImageStorage,
    LegacyConvertedEnhancedCTImageStorage: CTImageStorage,
    EnhancedMRImageStorage: MRImageStorage,
    LegacyConvertedEnhancedMRImageStorage: MRImageStorage,
}
"""SOP class of a multi-frame image that is read → of a single image of its kind."""

Frames = Mapping[str, Instance]
"""SOP Instance UID of a stand-in → the frame that it stands in for."""


def stand_in(header: Dataset, instance: Instance) -> None:
    """Make the header of a frame that of a single image; leave others as they are."""
    if instance.frame is not None:
        header.SOPClassUID = SINGLE_IMAGE[UID(instance.sop_class_uid)]
        header.SOPInstanceUID = _uid(instance)


def frames_of(series: SeriesInfo) -> Frames:
    """Return the frames of a series; none where each slice is an image."""
    return {_uid(each): each for each in series.instances if each.frame is not None}


def name_frames(dataset: Dataset, frames: Frames) -> None:
    """Have an object refer to the images and their frames, no longer to stand-ins.

    Where only images can be named, each is named once.
    """
    if not frames:
        return
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                name_frames(item, frames)
            _refer(element, frames, to_frames=_takes_frames(dataset, element))


def _uid(instance: Instance) -> UID:
    return frame_uid(instance.sop_instance_uid, instance.frame or 0)


def _takes_frames(holder: Dataset, references: DataElement) -> bool:
    """Tell whether a sequence of references has a place for frame numbers.

    Those of a Segmentation's frames (PS3.3 table 10-3) and of an image in a report
    (C.18.4) have; evidence and lists of instances have none (tables C.17-3, 10-11).
    """
    if references.keyword == "ReferencedSOPSequence":
        return bool(holder.get("ValueType") == "IMAGE")
    return references.keyword == "SourceImageSequence"


def _refer(references: DataElement, frames: Frames, *, to_frames: bool) -> None:
    items: dict[object, Dataset] = {}
    for position, item in enumerate(references.value):
        frame = frames.get(item.get("ReferencedSOPInstanceUID", ""))
        if frame is None:
            items[position] = item
            continue
        item.ReferencedSOPClassUID = frame.sop_class_uid
        item.ReferencedSOPInstanceUID = frame.sop_instance_uid
        if to_frames:
            item.ReferencedFrameNumber = frame.frame
        items.setdefault((frame.sop_instance_uid, to_frames and frame.frame), item)
    if len(items) < len(references.value):
        references.value = Sequence(items.values())
