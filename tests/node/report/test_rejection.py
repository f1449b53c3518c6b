"""The rejection note: a valid document that names exactly what is taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import KeyObjectSelectionDocumentStorage

from models.terms import Code
from node.config_reading import ReportSettings
from node.inbound.dataset import identify_head
from node.report.provenance import is_own
from node.report.rejection import REASONS, Rejected, build_rejection
from node.report.sop import ReportObject
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import CYRILLIC, build_case

WHEN = datetime(2026, 6, 5, 20, 30, 15, tzinfo=UTC)
SETTINGS = ReportSettings(timezone="Asia/Kolkata")

HEADERS: dict[str, dict[str, Any]] = {
    "usual": {},
    "no demographics": dict.fromkeys(
        ("PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyID")
    ),
    "cyrillic": {"SpecificCharacterSet": "ISO_IR 192", "PatientName": CYRILLIC},
}


def composed(folder: Path, **tags: Any) -> dict[str, ReportObject]:
    """Return the objects of a small result, by kind."""
    return dict(build_case(folder, (3, 16, 16), settings=SETTINGS, **tags).compose())


def rejected_of(objects: dict[str, ReportObject]) -> list[Rejected]:
    """Return what a note references of objects."""
    return [
        Rejected(
            one.sop_class_uid,
            one.sop_instance_uid,
            one.series_instance_uid,
            is_image=kind != "SR",
        )
        for kind, one in objects.items()
    ]


def note_of(
    objects: dict[str, ReportObject],
    title: Code = REASONS["safety"],
    reason: str = "left and right exchanged",
    settings: ReportSettings = SETTINGS,
) -> Dataset:
    """Return the note that takes objects back."""
    source = reread(objects["SR"].dataset)
    return build_rejection(source, rejected_of(objects), title, reason, WHEN, settings)


def reread(dataset: Dataset) -> Dataset:
    """Return a data set as it is read from its file."""
    return dcmread(BytesIO(written(dataset)))


def written(dataset: Dataset) -> bytes:
    """Return a data set as a file."""
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@pytest.mark.parametrize("header", HEADERS)
def test_a_note_is_a_valid_document(tmp_path: Path, header: str) -> None:
    """The IOD check finds no error, and it is whose the result was."""
    objects = composed(tmp_path / "study", **HEADERS[header])
    note = reread(note_of(objects))

    assert errors(note, tmp_path) == []
    assert note.SOPClassUID == KeyObjectSelectionDocumentStorage
    assert (note.Modality, note.SpecificCharacterSet) == ("KO", "ISO_IR 192")
    source = objects["SR"].dataset
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate"):
        assert str(note.get(keyword)) == str(source.get(keyword)), keyword


def test_a_note_references_exactly_the_objects_of_the_result(tmp_path: Path) -> None:
    """In the content and in the evidence: each with its class, under its series."""
    objects = composed(tmp_path / "study")
    note = reread(note_of(objects))

    named = {
        (item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID, item.ValueType)
        for item in note.ContentSequence
        if "ReferencedSOPSequence" in item
    }
    (study,) = note.CurrentRequestedProcedureEvidenceSequence
    evidence = {
        (
            series.SeriesInstanceUID,
            one.ReferencedSOPInstanceUID,
            one.ReferencedSOPClassUID,
        )
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }
    assert named == {
        (one.sop_instance_uid, "COMPOSITE" if kind == "SR" else "IMAGE")
        for kind, one in objects.items()
    }
    assert evidence == {
        (one.series_instance_uid, one.sop_instance_uid, one.sop_class_uid)
        for one in objects.values()
    }
    assert study.StudyInstanceUID == note.StudyInstanceUID


def test_a_note_says_why_and_that_nobody_may_rely_on_it(tmp_path: Path) -> None:
    """Its title is the code of the reason; the words of the person follow ours."""
    note = note_of(composed(tmp_path / "study"), reason="left and\nright exchanged")

    (title,) = note.ConceptNameCodeSequence
    assert (title.CodeValue, title.CodingSchemeDesignator) == ("113037", "DCM")
    (words,) = [i.TextValue for i in note.ContentSequence if i.ValueType == "TEXT"][2:]
    assert "do not rely on it" in words
    assert words.endswith("Reason: left and right exchanged")


def test_without_words_no_reason_is_made_up(tmp_path: Path) -> None:
    """The title alone says why."""
    note = note_of(composed(tmp_path / "study"), REASONS["quality"], reason=" ")

    assert note.ConceptNameCodeSequence[0].CodeValue == "113001"
    assert not any("Reason" in str(i.get("TextValue")) for i in note.ContentSequence)


def test_the_node_knows_its_note_by_its_bytes(tmp_path: Path) -> None:
    """So that it is never read, and never taken for a new image of the study."""
    objects = composed(tmp_path / "study")
    note = note_of(objects)

    assert is_own(note)
    assert identify_head(written(note)).is_own
    theirs = objects["SEG"].dataset.ContributingEquipmentSequence[0]
    assert note.ContributingEquipmentSequence[0].DeviceUID == theirs.DeviceUID


def test_the_same_retraction_gives_the_same_bytes(tmp_path: Path) -> None:
    """And the source stays as it was; another reason is another note."""
    objects = composed(tmp_path / "study")
    before = written(objects["SR"].dataset)

    first, second, other = (
        note_of(objects),
        note_of(objects),
        note_of(objects, reason="other"),
    )

    assert written(first) == written(second)
    assert other.SOPInstanceUID != first.SOPInstanceUID
    assert written(objects["SR"].dataset) == before


def test_dates_are_those_of_the_site(tmp_path: Path) -> None:
    """In Kolkata the next day has begun."""
    note = note_of(composed(tmp_path / "study"))

    assert (str(note.ContentDate), str(note.ContentTime)) == ("20260606", "020015")
    assert str(note.InstanceCreationDate) == str(note.SeriesDate) == "20260606"
    assert note.TimezoneOffsetFromUTC == "+0530"
