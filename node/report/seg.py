"""The Segmentation: one segment per structure of one label, on the source's slices."""

from __future__ import annotations

import highdicom as hd
import numpy as np
from highdicom.seg import Segmentation, SegmentDescription
from pydicom import Dataset
from pydicom.sr.codedict import codes

from models.contract import LabelMap
from models.terms import Code, Structure
from node.equipment import MANUFACTURER
from node.report.provenance import code_item
from node.report.sop import Report, finish

MAX_FRACTIONAL = 255
"""FRACTIONAL masks hold 0 or this, which viewers show as nothing or all."""

NOMINAL = "Positions of the source images are nominal; valid on that series only."

TYPES = {
    "binary": hd.seg.SegmentationTypeValues.BINARY,
    "fractional": hd.seg.SegmentationTypeValues.FRACTIONAL,
    "labelmap": hd.seg.SegmentationTypeValues.LABELMAP,
}


def encoding(setting: str, rows: int, columns: int) -> str:
    """Return ``"binary"``, ``"fractional"`` or ``"labelmap"``.

    Packed bits of frames whose rows do not fill whole bytes are misread by OHIF,
    Weasis, GDCM and older dcmqi; ``"auto"`` then takes a byte per voxel.

    >>> encoding("auto", 512, 512), encoding("auto", 51, 35), encoding("auto", 50, 36)
    ('binary', 'fractional', 'fractional')
    """
    if setting != "auto":
        return setting
    return "binary" if columns % 8 == 0 and rows * columns % 8 == 0 else "fractional"


def build_seg(report: Report) -> Dataset:
    """Return the Segmentation of a report (PS3.3 A.51)."""
    _, rows, columns = report.volume.shape
    kind = encoding(report.settings.seg, rows, columns)
    seg = Segmentation(
        source_images=list(report.headers),
        # Segment numbers: masks of every segment of a CT would fill the memory.
        pixel_array=segment_numbers(report.findings.label_map, report.segments),
        segmentation_type=TYPES[kind],
        segment_descriptions=_descriptions(report),
        max_fractional_value=MAX_FRACTIONAL,
        content_label="SEGMENTATION",
        content_description=report.bundle.title[:64],
        omit_empty_frames=False,  # OHIF would leave gaps inside a segment
        **report.sop_arguments("SEG"),
    )
    _fix_dimension_uid(seg, report)
    finish(seg, report)
    return seg


def segment_numbers(labels: LabelMap, segments: tuple[Structure, ...]) -> LabelMap:
    """Return the label map with segment numbers (1, 2, …) for labels."""
    numbers = np.zeros(256, np.uint8)
    for number, structure in enumerate(segments, start=1):
        numbers[structure.labels[0]] = number
    renumbered: LabelMap = numbers[labels]
    return renumbered


def _descriptions(report: Report) -> list[SegmentDescription]:
    algorithm = hd.AlgorithmIdentificationSequence(
        name=report.bundle.name,
        family=codes.DCM.ArtificialIntelligence,
        version=report.bundle.version,
        source=MANUFACTURER,
        parameters={
            "weights SHA-256": report.bundle.weights_digest,
            "precision": report.provenance.precision,
        },
    )
    descriptions = []
    for number, structure in enumerate(report.segments, start=1):
        description = SegmentDescription(
            segment_number=number,
            segment_label=structure.name,
            segmented_property_category=coded(structure.category),
            segmented_property_type=coded(structure.type),
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
            algorithm_identification=algorithm,
            tracking_uid=report.tracking_uid(structure),
            tracking_id=structure.name,
            anatomic_regions=[coded(structure.site)],
            display_color=hd.color.CIELabColor.from_rgb(*structure.colour),
        )
        _add_details(description, structure, nominal=report.text.nominal)
        descriptions.append(description)
    return descriptions


def _add_details(
    description: SegmentDescription, structure: Structure, *, nominal: bool
) -> None:
    """Add what the constructor has no argument for (PS3.3 C.8.20.4)."""
    if structure.modifier:
        kind = description.SegmentedPropertyTypeCodeSequence[0]
        kind.SegmentedPropertyTypeModifierCodeSequence = [code_item(structure.modifier)]
    if structure.laterality:
        region = description.AnatomicRegionSequence[0]
        region.AnatomicRegionModifierSequence = [code_item(structure.laterality)]
    if nominal:
        description.SegmentDescription = NOMINAL


def coded(code: Code) -> hd.sr.CodedConcept:
    """Return a code in the form that highdicom takes."""
    return hd.sr.CodedConcept(code.value, code.scheme, code.meaning)


def _fix_dimension_uid(seg: Dataset, report: Report) -> None:
    """Replace the one UID that the library draws at random."""
    uid = report.uid("dimension organization")
    for item in seg.get("DimensionOrganizationSequence") or []:
        item.DimensionOrganizationUID = uid
    for item in seg.get("DimensionIndexSequence") or []:
        item.DimensionOrganizationUID = uid
