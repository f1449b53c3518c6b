"""Earlier reports that values over time were taken from, named in the SR.

Each is a composite object in the content tree with the date of its study, and stands
in Pertinent Other Evidence Sequence (0040,A385): it is evidence of another study.
"""

from __future__ import annotations

from collections.abc import Sequence

from highdicom.sr.enum import RelationshipTypeValues
from highdicom.sr.value_types import (
    CompositeContentItem,
    ContentSequence,
    DateContentItem,
    UIDRefContentItem,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import Comprehensive3DSRStorage

from models.history import Prior, Trend
from node.report.provenance import series_uid


def add_priors(sr: Dataset, priors: Sequence[Prior], trends: Sequence[Trend]) -> None:
    """Name the reports in an SR whose values stand in it over time, and no others.

    A prior that was read anew from its images has no report, and is told by its date
    among these values.
    """
    told = {point.study_instance_uid for trend in trends for point in trend.points}
    reports = [
        prior
        for prior in priors
        if prior.sr_instance_uid and prior.study_instance_uid in told
    ]
    if not reports:
        return
    sr.ContentSequence.extend(_item(prior) for prior in reports)
    sr.PertinentOtherEvidenceSequence = [_evidence(prior) for prior in reports]


def _item(prior: Prior) -> CompositeContentItem:
    """Return the reference with study and date."""
    item = CompositeContentItem(
        codes.DCM.PriorReportForCurrentPatient,
        Comprehensive3DSRStorage,
        prior.sr_instance_uid,
        RelationshipTypeValues.CONTAINS,
    )
    of_it = RelationshipTypeValues.HAS_ACQ_CONTEXT
    study = prior.study_instance_uid
    item.ContentSequence = ContentSequence(
        [
            DateContentItem(codes.DCM.StudyDate, prior.study_date, of_it),
            UIDRefContentItem(codes.DCM.StudyInstanceUID, study, of_it),
        ]
    )
    return item


def _evidence(prior: Prior) -> Dataset:
    """Return the item of the evidence sequence: where the report was found to lie."""
    report = prior.sr_instance_uid
    series = prior.sr_series_instance_uid or series_uid(report)
    return _reference(prior.study_instance_uid, series, report)


def predecessor(study_instance_uid: str, sr_instance_uid: str) -> Dataset:
    """Return the reference to the version before: its series follows from its UID."""
    return _reference(study_instance_uid, series_uid(sr_instance_uid), sr_instance_uid)


def _reference(
    study_instance_uid: str, series_instance_uid: str, sr_instance_uid: str
) -> Dataset:
    """Return a reference to a report (PS3.3 table C.17-3)."""
    instance = Dataset()
    instance.ReferencedSOPClassUID = Comprehensive3DSRStorage
    instance.ReferencedSOPInstanceUID = sr_instance_uid
    series = Dataset()
    series.SeriesInstanceUID = series_instance_uid
    series.ReferencedSOPSequence = [instance]
    study = Dataset()
    study.StudyInstanceUID = study_instance_uid
    study.ReferencedSeriesSequence = [series]
    return study
