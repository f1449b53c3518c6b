"""The Image Library of the SR: what was read and how it was taken, once for all slices.

TID 1600 lets descriptors stand at the group where all its images share them; one copy
per slice would make most of the file, and most of the time to build it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from highdicom.sr import ImageLibraryEntryDescriptors
from highdicom.sr.enum import RelationshipTypeValues
from highdicom.sr.value_types import (
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    ImageContentItem,
    NumContentItem,
    TextContentItem,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes

from models.terms import Code, Vector
from node.protocol import (
    CONTRAST,
    FIELD_STRENGTH,
    SCANNER,
    SPACING_DIGITS,
    acquisition_text,
    protocol_of,
)
from node.report.seg import coded

OF_ONE_SLICE = frozenset(
    code.value
    for code in (
        codes.DCM.ImagePositionPatientX,
        codes.DCM.ImagePositionPatientY,
        codes.DCM.ImagePositionPatientZ,
    )
)
"""Descriptors of TID 1604 that differ from slice to slice."""

SPACINGS = (
    codes.DCM.SpacingBetweenSlices,
    codes.DCM.VerticalPixelSpacing,
    codes.DCM.HorizontalPixelSpacing,
)
"""Of slices, rows and columns: as the grid has them that was measured in."""

OF_THE_GRID = frozenset(code.value for code in SPACINGS)

NAMES_OF_WORDS = dict(
    zip(
        (*SCANNER, CONTRAST),
        (
            codes.DCM.DeviceManufacturer,
            codes.DCM.DeviceModelName,
            codes.DCM.DeviceSerialNumber,
            codes.DCM.ContrastBolusAgent,
        ),
        strict=True,
    )
)
TESLA = Code("T", "UCUM", "Tesla")

OF_ALL = RelationshipTypeValues.HAS_ACQ_CONTEXT


def image_library(
    headers: Sequence[Dataset], spacing_mm: Vector
) -> ContainerContentItem:
    """Return the library with one group that holds every source image.

    Parameters
    ----------
    headers
        One per slice, of one series.
    spacing_mm
        ``(d, h, w)`` of the grid that they form.
    """
    left_out = OF_ONE_SLICE | OF_THE_GRID
    shared = [
        item
        for item in ImageLibraryEntryDescriptors(headers[0])
        if item.ConceptNameCodeSequence[0].CodeValue not in left_out
    ]
    shared += _grid(spacing_mm)
    shared += _taken(protocol_of(headers[0], spacing_mm))
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


def _grid(spacing_mm: Vector) -> Iterator[ContentItem]:
    """Yield the spacings, between slices where no header states it too."""
    for name, length in zip(SPACINGS, spacing_mm, strict=True):
        rounded = round(length, SPACING_DIGITS)
        yield NumContentItem(
            name, rounded, codes.UCUM.Millimeter, relationship_type=OF_ALL
        )


def _taken(protocol: Mapping[str, str]) -> Iterator[ContentItem]:
    """Yield what a later visit has to agree in; TID 1602 may be extended."""
    for keyword, name in NAMES_OF_WORDS.items():
        if keyword in protocol:
            yield TextContentItem(name, protocol[keyword], OF_ALL)
    if FIELD_STRENGTH in protocol:
        tesla = float(protocol[FIELD_STRENGTH])
        yield NumContentItem(
            codes.DCM.MagneticFieldStrength,
            tesla,
            coded(TESLA),
            relationship_type=OF_ALL,
        )
    if sentence := acquisition_text(protocol):
        yield TextContentItem(codes.DCM.Comment, sentence, OF_ALL)
