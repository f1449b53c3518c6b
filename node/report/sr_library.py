"""The Image Library of the SR: what was read, described once for all slices.

TID 1600 lets descriptors stand at the group where all its images share them; one copy
per slice would make most of the file, and most of the time to build it.
"""

from __future__ import annotations

from collections.abc import Sequence

from highdicom.sr import ImageLibraryEntryDescriptors
from highdicom.sr.value_types import (
    ContainerContentItem,
    ContentSequence,
    ImageContentItem,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes

OF_ONE_SLICE = frozenset(
    code.value
    for code in (
        codes.DCM.ImagePositionPatientX,
        codes.DCM.ImagePositionPatientY,
        codes.DCM.ImagePositionPatientZ,
    )
)
"""Descriptors of TID 1604 that differ from slice to slice."""


def image_library(headers: Sequence[Dataset]) -> ContainerContentItem:
    """Return the library with one group that holds every source image.

    Parameters
    ----------
    headers
        One per slice, of one series.
    """
    shared = [
        item
        for item in ImageLibraryEntryDescriptors(headers[0])
        if item.ConceptNameCodeSequence[0].CodeValue not in OF_ONE_SLICE
    ]
    images = [
        ImageContentItem(
            name=codes.SCT.Source,
            referenced_sop_class_uid=header.SOPClassUID,
            referenced_sop_instance_uid=header.SOPInstanceUID,
            relationship_type="CONTAINS",
        )
        for header in headers
    ]
    group = ContainerContentItem(
        name=codes.DCM.ImageLibraryGroup, relationship_type="CONTAINS"
    )
    group.ContentSequence = ContentSequence([*shared, *images])
    library = ContainerContentItem(
        name=codes.DCM.ImageLibrary, relationship_type="CONTAINS", template_id="1600"
    )
    library.ContentSequence = ContentSequence([group])
    return library
