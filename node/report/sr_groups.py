"""The measurement groups of the SR: volumetric, planar, and of unions.

A viewer that ignores the Segmentation still shows the contour of the planar group,
which has the tracking UID of its volumetric group.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    FindingSite,
    GraphicTypeValues,
    ImageRegion,
    MeasurementsAndQualitativeEvaluations,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    ReferencedSegment,
    SourceImageForMeasurementGroup,
    SourceImageForRegion,
    SourceSeriesForSegmentation,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)
from highdicom.sr import Measurement as MeasurementItem
from highdicom.sr.coding import CodedConcept
from pydicom import Dataset
from pydicom.sr.codedict import codes

from models.evidence import Classification
from models.terms import Code, Measurement, Structure
from node.equipment import MANUFACTURER
from node.report.contours import Polygon, area_px, largest_outline
from node.report.seg import coded
from node.report.shown import shown_slices
from node.report.sop import Report
from node.report.sr_numbers import AREA, VOLUME, number_item
from node.report.verdict import decision_code, probability_of

VOXEL_SUM = Code("126030", "DCM", "Sum of segmented voxel method for volume")
SQUARE_MM = Code("mm2", "UCUM", "square millimeter")

TOPOGRAPHY = frozenset({"255549009", "255551008"})
"""Modifiers that say where in an organ (SCT Anterior, Posterior; PS3.16 CID 2)."""

Group = (
    VolumetricROIMeasurementsAndQualitativeEvaluations
    | PlanarROIMeasurementsAndQualitativeEvaluations
    | MeasurementsAndQualitativeEvaluations
)


def measurement_groups(report: Report, seg: Dataset | None) -> list[Group]:
    """Return the groups of every structure, in the order of the findings."""
    structures = report.findings.structures
    drawn = [each for each in structures if _is_drawn(report, each)]
    shown = shown_slices(report, drawn)
    return [
        group
        for structure in structures
        for group in _groups(report, seg, structure, shown.get(structure.name))
    ]


def _is_drawn(report: Report, structure: Structure) -> bool:
    """Tell whether a structure has an outline of its own, and not of its places alone.

    A group without coordinates alone makes OHIF 3.13.2 drop the whole report.
    """
    located = {location.structure for location in report.findings.locations}
    return report.has_voxels(structure) and (
        _is_said(report, structure) or structure.name not in located
    )


def _is_said(report: Report, structure: Structure) -> bool:
    return bool(_answers(report, structure) or _measured(report, structure))


def _groups(
    report: Report, seg: Dataset | None, structure: Structure, shown: int | None
) -> Iterator[Group]:
    """Yield what is said of a structure; nothing of one that was only looked for."""
    if _answers(report, structure) and not report.has_voxels(structure):
        yield _whole(report, structure)
        return
    if _is_said(report, structure):
        if seg is not None and structure in report.segments:
            yield _volumetric(report, seg, structure)
        else:
            yield _union(report, structure)
    if shown is not None:
        yield from _planar(report, structure, shown)


def _volumetric(report: Report, seg: Dataset, structure: Structure) -> Group:
    """TID 1411: the measurements of a segment."""
    number = report.segments.index(structure) + 1
    series = SourceSeriesForSegmentation(report.headers[0].SeriesInstanceUID)
    return VolumetricROIMeasurementsAndQualitativeEvaluations(
        referenced_segment=ReferencedSegment(
            seg.SOPClassUID, seg.SOPInstanceUID, number, source_series=series
        ),
        measurements=_items(report, structure),
        qualitative_evaluations=_decisions(report, structure),
        method=_method(report, structure),
        **common(report, structure),
    )


def _planar(report: Report, structure: Structure, index: int) -> Iterator[Group]:
    """TID 1410: the outline of the structure's largest piece in one slice."""
    plane = report.findings.label_map[index]
    outline = largest_outline(np.isin(plane, structure.labels))
    if outline is None:
        return
    _, row_mm, column_mm = report.volume.spacing_mm
    area = Measurement(
        structure.name, AREA, area_px(outline) * row_mm * column_mm, SQUARE_MM, 1
    )
    yield PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_region=region(report, index, outline),
        measurements=[number_item(area)],
        **common(report, structure),
    )


def _whole(report: Report, structure: Structure) -> Group:
    """TID 1410: what is said of something without an outline, of a whole slice."""
    depth, rows, columns = report.volume.shape
    corners = [(0, 0), (columns, 0), (columns, rows), (0, rows), (0, 0)]
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_region=region(report, depth // 2, np.array(corners, np.float64)),
        measurements=_items(report, structure),
        qualitative_evaluations=_decisions(report, structure),
        **common(report, structure),
    )


def region(report: Report, index: int, outline: Polygon) -> ImageRegion:
    """Return a closed polygon on one slice, as in `node.report.contours`."""
    source = report.headers[index]
    return ImageRegion(
        graphic_type=GraphicTypeValues.POLYLINE,
        graphic_data=outline,
        source_image=SourceImageForRegion(source.SOPClassUID, source.SOPInstanceUID),
    )


def _union(report: Report, structure: Structure) -> Group:
    """TID 1501: the measurements of several segments together."""
    source = report.headers[report.largest_slice(structure)]
    return MeasurementsAndQualitativeEvaluations(
        source_images=[
            SourceImageForMeasurementGroup(source.SOPClassUID, source.SOPInstanceUID)
        ],
        measurements=_items(report, structure),
        qualitative_evaluations=_decisions(report, structure),
        method=_method(report, structure),
        **common(report, structure),
    )


def common(
    report: Report, structure: Structure, tracking: TrackingIdentifier | None = None
) -> dict[str, Any]:
    """Return what every group says.

    The algorithm stands here and never inside a measurement, which OHIF would then
    leave out.

    Parameters
    ----------
    tracking
        Of one finding of this structure; without it, of the structure itself.
    """
    return {
        "tracking_identifier": tracking
        or TrackingIdentifier(
            uid=report.tracking_uid(structure), identifier=structure.name
        ),
        "finding_category": coded(structure.category),
        "finding_type": coded(structure.type),
        "finding_sites": [_site(structure)],
        "algorithm_id": AlgorithmIdentification(
            name=report.bundle.name,
            version=report.bundle.version,
            manufacturer=MANUFACTURER,
            parameters=[
                f"weights SHA-256 {report.bundle.weights_digest}",
                f"precision {report.provenance.precision}",
            ],
            family=codes.DCM.ArtificialIntelligence,
        ),
    }


def _site(structure: Structure) -> FindingSite:
    modifier = structure.modifier
    where = modifier if modifier and modifier.value in TOPOGRAPHY else None
    return FindingSite(
        anatomic_location=coded(structure.site),
        laterality=coded(structure.laterality) if structure.laterality else None,
        topographical_modifier=coded(where) if where else None,
    )


def _method(report: Report, structure: Structure) -> CodedConcept | None:
    """Return how a volume was measured (PS3.16 CID 7474); None without a volume."""
    names = {m.name.value for m in _measured(report, structure)}
    if VOLUME.value not in names:
        return None
    return coded(VOXEL_SUM)


def _measured(report: Report, structure: Structure) -> list[Measurement]:
    return [m for m in report.findings.measurements if m.structure == structure.name]


def _answers(report: Report, structure: Structure) -> list[Classification]:
    decided = report.findings.classifications
    return [answer for answer in decided if answer.structure == structure.name]


def _items(report: Report, structure: Structure) -> list[MeasurementItem]:
    numbers = _measured(report, structure)
    numbers += map(probability_of, _answers(report, structure))
    return [number_item(each) for each in numbers]


def _decisions(
    report: Report, structure: Structure
) -> list[QualitativeEvaluation] | None:
    """Return the decision about each question that was asked of a structure."""
    made = [
        QualitativeEvaluation(coded(answer.name), coded(decision_code(answer)))
        for answer in _answers(report, structure)
    ]
    return made or None
