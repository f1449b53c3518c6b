"""Earlier reports are named in the SR, with the dates of their studies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from models.history import Prior
from node.report.provenance import series_uid
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import Case, interpreted
from tests.node.report.tid_table import children, concept, violations

EARLIER = Prior(
    "1.2.3",
    "2.25.5",
    date(2018, 1, 9),
    "own results",
    "1",
    "2.25.9",
    (),
    sr_series_instance_uid="1.2.3.7",
)
READ_ANEW = replace(
    EARLIER,
    study_instance_uid="1.2.4",
    sr_instance_uid="",
    sr_series_instance_uid="",
)
NOT_DRAWN = replace(EARLIER, study_instance_uid="1.2.9", sr_instance_uid="2.25.6")


def report(case: Case, priors: Iterable[Prior]) -> Dataset:
    """Return the SR of a study before which there were these."""
    provenance = replace(case.provenance, priors=tuple(priors))
    findings = interpreted(case.findings)  # with values of 1.2.3 and 1.2.4
    told = replace(case, findings=findings, provenance=provenance)
    return told.compose()["SR"].dataset


def composites(sr: Dataset) -> list[Dataset]:
    """Return the objects that the content tree names at its root."""
    return [item for item in children(sr) if item.ValueType == "COMPOSITE"]


def test_an_earlier_report_is_named_with_its_study_and_date(
    case: Case, tmp_path: Path
) -> None:
    """In the content tree and as evidence of another study; all of it valid.

    It lies in the series in which it was found; one without a value in this report is
    not named.
    """
    sr = report(case, [EARLIER, NOT_DRAWN])
    (named,) = composites(sr)
    (study,) = sr.PertinentOtherEvidenceSequence
    (series,) = study.ReferencedSeriesSequence
    (instance,) = series.ReferencedSOPSequence
    when, where = children(named)

    assert concept(named) == "DCM:122075"
    for one in (instance, named.ReferencedSOPSequence[0]):
        assert one.ReferencedSOPClassUID == Comprehensive3DSRStorage
        assert one.ReferencedSOPInstanceUID == "2.25.5"
    assert (study.StudyInstanceUID, where.UID) == ("1.2.3", "1.2.3")
    assert series.SeriesInstanceUID == "1.2.3.7"
    assert str(when.Date) == "20180109"
    assert errors(sr, tmp_path) == []
    assert violations(sr) == []


def test_a_report_that_was_kept_without_its_series_is_named_by_the_rule(
    case: Case,
) -> None:
    """As our own are numbered: ledgers of before have no word of it."""
    sr = report(case, [replace(EARLIER, sr_series_instance_uid="")])
    (study,) = sr.PertinentOtherEvidenceSequence

    assert study.ReferencedSeriesSequence[0].SeriesInstanceUID == series_uid("2.25.5")


def test_what_was_read_anew_from_images_has_no_report(case: Case) -> None:
    """Nothing is named that does not exist."""
    for priors in ([], [READ_ANEW]):
        sr = report(case, priors)
        assert composites(sr) == []
        assert "PertinentOtherEvidenceSequence" not in sr


def test_other_priors_make_another_report(case: Case) -> None:
    """No two files that differ share a SOP Instance UID."""
    uids = {
        report(case, priors).SOPInstanceUID
        for priors in ([], [EARLIER], [READ_ANEW], [EARLIER, READ_ANEW])
    }

    assert len(uids) == 4
