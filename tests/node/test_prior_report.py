"""A report of ours read back, and everything that is none."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pydicom import Dataset, dcmwrite
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    KeyObjectSelectionDocumentStorage,
)

from models.terms import Flag, Grade
from node.prior_content import NoReportError
from node.prior_report import MOST_BYTES, read_document, rejected_in, report_in
from tests.node.report.inputs import Case, build_case


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a study with its findings."""
    folder = tmp_path_factory.mktemp("case") / "study"
    return build_case(folder, (3, 16, 16), IssuerOfPatientID="Ward")


@pytest.fixture(scope="module")
def composed(case: Case) -> Dataset:
    """Return its report, made once."""
    return case.compose()["SR"].dataset


def as_file(dataset: Dataset) -> bytes:
    """Return a data set as a file has it."""
    content = io.BytesIO()
    syntax = {"implicit_vr": False, "little_endian": True}
    dcmwrite(content, dataset, enforce_file_format=True, **syntax)
    return content.getvalue()


@pytest.fixture
def sr(composed: Dataset) -> Dataset:
    """Return the report as it is read from a file: a copy to be changed."""
    composed.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return read_document(as_file(composed))


def test_a_report_is_read_back_to_the_digit(case: Case, sr: Dataset) -> None:
    """Every number of the findings under the name of its structure, and no other."""
    report = report_in(sr, "own results")

    assert report is not None
    prior = report.prior
    told = {
        (m.structure, m.name.value, m.printed, m.unit.value, m.decimals)
        for m in prior.measurements
    }
    said = {
        (m.structure, m.name.value, m.printed, m.unit.value, m.decimals)
        for m in case.findings.measurements
    }
    assert said <= told
    assert prior.study_date == date(2020, 1, 3)
    assert prior.model_version == case.bundle.version
    assert report.model == case.bundle.name
    assert (report.person.patient_id, report.person.issuer) == ("TEST-1", "Ward")
    assert report.replaces == frozenset()


def foreign(sr: Dataset) -> None:
    """Let another maker have made it."""
    sr.ContributingEquipmentSequence[0].Manufacturer = "Somebody"


def unmarked(sr: Dataset) -> None:
    """Take the mark away."""
    del sr.ContributingEquipmentSequence


def of_another_class(sr: Dataset) -> None:
    """Let it be a dose report."""
    sr.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.67"


@pytest.mark.parametrize("change", [foreign, unmarked, of_another_class])
def test_what_we_did_not_make_is_no_report(
    sr: Dataset, change: Callable[[Dataset], None]
) -> None:
    """Numbers of others are measured otherwise."""
    change(sr)

    assert report_in(sr, "") is None


def without_date(sr: Dataset) -> None:
    """Leave the day of the scan open."""
    sr.StudyDate = ""


def not_a_number(sr: Dataset) -> None:
    """Write a word where a number belongs."""
    for container in sr.ContentSequence:
        for group in container.get("ContentSequence", ()):
            for item in group.get("ContentSequence", ()):
                if item.ValueType == "NUM":
                    del item.MeasuredValueSequence[0].NumericValue


@pytest.mark.parametrize("change", [without_date, not_a_number])
def test_a_report_of_ours_that_lacks_something_is_refused(
    sr: Dataset, change: Callable[[Dataset], None]
) -> None:
    """Half a report is not taken for a whole one."""
    change(sr)

    with pytest.raises(NoReportError):
        report_in(sr, "")


@pytest.mark.parametrize("content", [b"", b"\0" * 200, b"\0" * (MOST_BYTES + 1)])
def test_what_is_no_dicom_file_is_refused(content: bytes) -> None:
    """An archive may hand out anything."""
    with pytest.raises(NoReportError):
        read_document(content)


def test_a_report_names_those_it_replaces(sr: Dataset) -> None:
    """Only the last version of a result counts."""
    instance = Dataset()
    instance.ReferencedSOPInstanceUID = "2.25.7"
    series = Dataset()
    series.ReferencedSOPSequence = [instance]
    study = Dataset()
    study.ReferencedSeriesSequence = [series]
    sr.PredecessorDocumentsSequence = [study]

    report = report_in(sr, "")

    assert report is not None
    assert report.replaces == {"2.25.7"}
    assert rejected_in(sr) == frozenset()


def test_a_deflated_report_is_read_as_well(composed: Dataset, tmp_path: Path) -> None:
    """Within the bounds that hold for images."""
    composed.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    composed.save_as(tmp_path / "sr.dcm", enforce_file_format=True)

    assert report_in(read_document((tmp_path / "sr.dcm").read_bytes()), "") is not None


def comments(sr: Dataset) -> list[Dataset]:
    """Return the comments of a report."""
    return [
        item
        for container in sr.ContentSequence
        for item in container.get("ContentSequence", ())
        if item.ConceptNameCodeSequence[0].CodeValue == "121106"
    ]


@pytest.mark.parametrize(
    ("flags", "grade", "reservations"),
    [
        ((), Grade.A, ()),
        ((Flag("a_note", "Read it so."),), Grade.A, ()),
        ((Flag("cut_off", "Cut [off].", Grade.B),), Grade.B, ("cut_off",)),
        ((Flag("completeness_unconfirmed", "No word.", Grade.B),), Grade.B, ()),
        (
            (Flag("cut_off", "Cut off.", Grade.B), Flag("not_one", "No.", Grade.C)),
            Grade.C,
            ("not_one", "cut_off"),
        ),
    ],
)
def test_the_grade_of_then_is_read_back_with_its_reasons(
    case: Case,
    flags: tuple[Flag, ...],
    grade: Grade,
    reservations: tuple[str, ...],
) -> None:
    """As the report says them to its reader; notes lower nothing."""
    findings = replace(case.findings, flags=flags)
    sr = replace(case, findings=findings).compose()["SR"].dataset

    report = report_in(sr, "")

    assert report is not None
    assert (report.grade, report.reservations) == (grade, reservations)


@pytest.mark.parametrize(
    ("said", "grade", "reservations"),
    [
        ("", None, ("prior_grade_unknown",)),
        ("Grade: D", None, ("prior_grade_unknown",)),
        ("Grade: B", Grade.B, ("prior_grade_b",)),
    ],
)
def test_a_report_of_before_that_says_no_more_is_told_with_a_caution(
    sr: Dataset, said: str, grade: Grade | None, reservations: tuple[str, ...]
) -> None:
    """No grade is no refusal: the numbers were printed all the same."""
    for item in comments(sr):
        if item.TextValue.startswith(("Grade: ", "Reservation: ")):
            item.TextValue = said or "-"

    report = report_in(sr, "")

    assert report is not None
    assert (report.grade, report.reservations) == (grade, reservations)


def test_a_report_knows_its_images_and_where_it_lies(case: Case, sr: Dataset) -> None:
    """Images that are rejected later take it with them."""
    report = report_in(sr, "")

    assert report is not None
    assert {h.SOPInstanceUID for h in case.study.datasets.values()} <= report.sources
    assert report.prior.sr_series_instance_uid == sr.SeriesInstanceUID


@pytest.mark.parametrize(
    ("title", "is_rejection"),
    [
        ("113001", True),  # Rejected for Quality Reasons
        ("113037", True),  # Rejected for Patient Safety Reasons
        ("113038", True),  # Incorrect Modality Worklist Entry
        ("113039", False),  # Data Retention Policy Expired
        ("113000", False),  # Of Interest
    ],
)
def test_what_a_note_rejects_is_named_with_its_series(
    sr: Dataset, title: str, is_rejection: bool
) -> None:
    """Images that are old were not wrong."""
    sr.SOPClassUID = KeyObjectSelectionDocumentStorage
    sr.ConceptNameCodeSequence[0].CodeValue = title
    (study,) = sr.CurrentRequestedProcedureEvidenceSequence
    series = {s.SeriesInstanceUID for s in study.ReferencedSeriesSequence}
    instances = {
        each.ReferencedSOPInstanceUID
        for held in study.ReferencedSeriesSequence
        for each in held.ReferencedSOPSequence
    }

    assert rejected_in(sr) == (series | instances if is_rejection else frozenset())


def test_a_note_that_rejects_more_than_any_study_holds_is_not_believed(
    sr: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept of it grows with what a stranger wrote."""
    monkeypatch.setattr("node.prior_report.MOST_REJECTED", 1)
    sr.SOPClassUID = KeyObjectSelectionDocumentStorage
    sr.ConceptNameCodeSequence[0].CodeValue = "113001"

    with pytest.raises(NoReportError, match="rejects too much"):
        rejected_in(sr)


def test_of_two_grades_the_worse_counts(sr: Dataset) -> None:
    """Somebody else's sentence may read as a grade: it makes none better."""
    comments(sr)[0].TextValue = "Grade: C"
    report = report_in(sr, "")

    assert report is not None
    assert report.grade == Grade.C
