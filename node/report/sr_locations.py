"""The groups of the SR that say where something was found: TID 1410, one a location.

Each has a tracking identifier of its own: that a finding of another day is the same
one is nothing that a number in a list could say.
"""

from __future__ import annotations

from highdicom.sr import (
    FindingSite,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.sr.codedict import codes

from models.terms import Code, Measurement, Structure
from node.report.contours import Polygon, area_px
from node.report.places import SCORE_DECIMALS, Place, words
from node.report.seg import coded
from node.report.shown import shape_of
from node.report.sop import Report
from node.report.sr_groups import SQUARE_MM, common, region
from node.report.sr_numbers import AREA, number_item
from node.report.verdict import NO_UNITS

CERTAINTY = Code("111012", "DCM", "Certainty of Finding")
"""Of the score of a location (PS3.16 CID 6048)."""


def location_groups(
    report: Report,
) -> list[PlanarROIMeasurementsAndQualitativeEvaluations]:
    """Return a group for every location, the most dangerous first."""
    return [_group(report, place) for place in report.text.places]


def _group(
    report: Report, place: Place
) -> PlanarROIMeasurementsAndQualitativeEvaluations:
    """Return TID 1410: outline or box, score, and in words where it lies."""
    structure = place.structure
    index, outline, is_mask = shape_of(place.location)
    score = Measurement(
        structure.name, CERTAINTY, place.location.score, NO_UNITS, SCORE_DECIMALS
    )
    numbers = [number_item(score)]
    if is_mask:
        numbers.append(number_item(_area(report, structure, outline)))
    said = common(report, structure, _tracking(report, place))
    said["finding_sites"] = [_site(place)]
    group = PlanarROIMeasurementsAndQualitativeEvaluations(
        referenced_region=region(report, index, outline),
        measurements=numbers,
        **said,
    )
    group[0].ContentSequence.extend(
        TextContentItem(codes.DCM.Comment, sentence, relationship_type="CONTAINS")
        for sentence in words(place)
    )
    return group


def _area(report: Report, structure: Structure, outline: Polygon) -> Measurement:
    _, row_mm, column_mm = report.volume.spacing_mm
    area = area_px(outline) * row_mm * column_mm
    return Measurement(structure.name, AREA, area, SQUARE_MM, 1)


def _tracking(report: Report, place: Place) -> TrackingIdentifier:
    return TrackingIdentifier(
        uid=report.uid(f"location {place.number}"), identifier=place.name
    )


def _site(place: Place) -> FindingSite:
    return FindingSite(
        anatomic_location=coded(place.structure.site),
        laterality=coded(place.side) if place.side else None,
    )
