"""The notice: a valid document that says what it must, and the same every time."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import DataElement, Dataset, dcmread
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.uid import BasicTextSRStorage

from models import bundle_folder
from models.volume.bundle import load_bundle
from models.volume.headers import read_header
from node.config_reading import ReportSettings
from node.report.notice import UnreadModel, build_notice
from node.report.provenance import is_own
from tests.dicom_series import write_series
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import CYRILLIC, _image

WHEN = datetime(2025, 6, 5, 9, 30, 15, tzinfo=UTC)
DSRDUMP = shutil.which("dsrdump") or "dsrdump"
INSTALLATION = "0123456789abcdef0123456789abcdef"
TITLE = load_bundle(bundle_folder("hippocampus")).title
SETTINGS = ReportSettings(series_number=9000, timezone="Asia/Kolkata")


def hippocampus(reason: str = "pixels_damaged", version: int = 0) -> UnreadModel:
    """Return the model as one that did not read."""
    bundle = load_bundle(bundle_folder("hippocampus"))
    return UnreadModel("hippocampus", reason, bundle, version)


def source_of(folder: Path, **tags: Any) -> Dataset:
    """Return the header of the first image of a small study."""
    write_series(folder, _image((3, 8, 8)), **tags)
    return read_header(sorted(folder.iterdir())[0]).dataset


def notice_of(
    source: Dataset, *unread: UnreadModel, read_by_others: bool = False
) -> Dataset:
    """Build the notice for a source."""
    return build_notice(
        source,
        source.StudyInstanceUID,
        unread or (hippocampus(),),
        WHEN,
        INSTALLATION,
        SETTINGS,
        read_by_others=read_by_others,
    )


def written(notice: Dataset) -> bytes:
    """Return the notice as a file."""
    stream = BytesIO()
    notice.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def sentences(notice: Dataset) -> list[str]:
    """Return the text of the document in reading order."""
    return [
        item.TextValue
        for item in notice.ContentSequence
        if item.ValueType == "TEXT" and item.RelationshipType == "CONTAINS"
    ]


HEADERS: dict[str, dict[str, Any]] = {
    "usual": {},
    "no demographics": dict.fromkeys(
        ("PatientBirthDate", "PatientSex", "AccessionNumber", "PatientName")
    ),
    "unknown sex": {"PatientSex": "X"},
    "Cyrillic name": {"PatientName": CYRILLIC, "SpecificCharacterSet": "ISO_IR 192"},
    "issuer": {"IssuerOfPatientID": "CLINIC"},
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_notice_is_a_valid_basic_text_document(tmp_path: Path, name: str) -> None:
    """By dicom3tools, from any header."""
    notice = notice_of(source_of(tmp_path / "in", **HEADERS[name]))

    assert notice.SOPClassUID == BasicTextSRStorage
    assert errors(notice, tmp_path) == []


@pytest.mark.parametrize("name", HEADERS)
def test_dcmtk_reads_it(tmp_path: Path, name: str) -> None:
    """Dsrdump refuses a tree that the IOD does not allow, and shows the name."""
    path = tmp_path / "notice.dcm"
    path.write_bytes(written(notice_of(source_of(tmp_path / "in", **HEADERS[name]))))

    done = subprocess.run(
        [DSRDUMP, "+U8", "+Pl", path], capture_output=True, text=True, check=True
    )

    assert "AI NOTICE: this study was not read" in done.stdout
    assert not [line for line in done.stderr.splitlines() if line.startswith("E:")]


def test_it_says_that_nothing_was_read_why_and_what_to_do(tmp_path: Path) -> None:
    """In words, with the code at the end for the administrator."""
    texts = sentences(notice_of(source_of(tmp_path / "in")))

    assert texts[0] == "AI NOTICE: this study was not read"
    assert "The pixels of an image are damaged." in texts[1]
    assert texts[2].startswith("Send the study again")
    assert "read them as if no AI had been asked" in texts[3]
    assert "Research use" in texts[4]
    assert "hippocampus pixels_damaged" in texts[4]


def test_beside_an_earlier_result_it_warns_of_that(tmp_path: Path) -> None:
    """It must not deny what is there."""
    texts = sentences(notice_of(source_of(tmp_path / "in"), hippocampus(version=1)))

    assert texts[0] == "AI NOTICE: images that came later were not read"
    assert "do not rely on it" in " ".join(texts)


def test_beside_the_result_of_another_model_it_names_its_own(tmp_path: Path) -> None:
    """What the other one measured stands there: nothing is said about that."""
    texts = sentences(notice_of(source_of(tmp_path / "in"), read_by_others=True))

    assert texts[0] == f"AI NOTICE: {TITLE} did not read this study"
    assert f"{TITLE} has measured nothing and says nothing" in texts[3]
    assert "no AI" not in " ".join(texts)


def test_beside_both_it_tells_them_apart(tmp_path: Path) -> None:
    """One model has an out-of-date result, one has none, a third read the study."""
    never = UnreadModel("lung", "single_slice", None)
    late = hippocampus(version=1)
    source = source_of(tmp_path / "in")

    texts = sentences(notice_of(source, never, late))
    assert texts[0] == f"AI NOTICE: lung, {TITLE} did not read this study"
    assert texts[5].startswith("lung has measured nothing")
    assert texts[6].startswith(f"The earlier result of {TITLE} does not take")

    texts = sentences(notice_of(source, late, read_by_others=True))
    assert texts[0] == f"AI NOTICE: {TITLE} did not read images that came later"
    assert texts[3].startswith(f"The earlier result of {TITLE} does not take")


def test_it_stands_in_the_study_of_its_patient(tmp_path: Path) -> None:
    """Under the name as it was written, in letters that every program reads."""
    source = source_of(tmp_path / "in", **HEADERS["Cyrillic name"])
    notice = dcmread(BytesIO(written(notice_of(source))))

    assert notice.StudyInstanceUID == source.StudyInstanceUID
    assert notice.PatientID == source.PatientID
    assert notice.SpecificCharacterSet == "ISO_IR 192"
    assert notice.PatientName == CYRILLIC


def test_it_is_known_as_our_own(tmp_path: Path) -> None:
    """The node never works on its own output."""
    assert is_own(notice_of(source_of(tmp_path / "in")))


def test_the_same_notice_has_the_same_bytes(tmp_path: Path) -> None:
    """A second attempt is no second object."""
    source = source_of(tmp_path / "in")

    assert written(notice_of(source)) == written(notice_of(source))


@pytest.mark.parametrize(
    "other", [hippocampus("single_slice"), hippocampus(version=2)], ids=["why", "when"]
)
def test_another_text_is_another_object(tmp_path: Path, other: UnreadModel) -> None:
    """No UID stands for two contents."""
    source = source_of(tmp_path / "in")
    first, second = notice_of(source), notice_of(source, other)

    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert first.SeriesInstanceUID != second.SeriesInstanceUID


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    """Its card is not there; its name is."""
    broken = UnreadModel("hippocampus", "model_unavailable", None)

    notice = notice_of(source_of(tmp_path / "in"), broken)

    assert "hippocampus: The model cannot be loaded." in sentences(notice)
    assert errors(notice, tmp_path) == []


@pytest.mark.parametrize(
    ("stated", "offset", "time"),
    [(None, "+0530", "150015"), ("-0330", "-0330", "060015"), ("9", "+0530", "150015")],
)
def test_it_is_dated_as_the_report_is(
    tmp_path: Path, stated: str | None, offset: str, time: str
) -> None:
    """By the clock of the study, else by that of the configured zone."""
    tags = {"TimezoneOffsetFromUTC": stated}
    notice = notice_of(source_of(tmp_path / "in", **tags))

    assert notice.TimezoneOffsetFromUTC == offset
    assert str(notice.ContentDate) == "20250605"
    assert str(notice.ContentTime) == time


@pytest.mark.filterwarnings("ignore:Invalid value")  # writing nonsense on purpose
def test_dates_that_are_none_do_not_stop_it(tmp_path: Path) -> None:
    """What no calendar knows is left empty; the notice comes out all the same."""
    none = {"StudyDate": "20260231", "StudyTime": "2561", "PatientBirthDate": "1950"}
    notice = notice_of(source_of(tmp_path / "in", **none))

    assert [notice[keyword].value for keyword in none] == [None, None, None]
    assert errors(notice, tmp_path) == []


ODD: dict[str, tuple[Any, str]] = {
    "PatientID": (["1", "2"], "1"),
    "PatientName": (["A^B", "C^D"], "A^B"),
    "ReferringPhysicianName": (["A^B", "C^D"], "A^B"),
    "AccessionNumber": (["A1", "B2"], "A1"),
    "PatientBirthDate": (["19500102", "19600102"], "19500102"),
    "PatientSex": (["F", "M"], "F"),
    "IssuerOfPatientID": (["CLINIC", "WARD"], "CLINIC"),
    "DeidentificationMethod": (["names", "dates"], "names"),
    "StudyID": ("1" * 40, "1" * 16),
    "StudyDescription": ("x" * 200, "x" * 64),
}
"""Keyword → what a source says of it, and what is passed on."""


@pytest.mark.parametrize("keyword", ODD)
def test_what_no_value_may_be_makes_no_invalid_notice(
    tmp_path: Path, keyword: str
) -> None:
    """Two patients never become a third; nothing is longer than its VR allows."""
    source = source_of(tmp_path / "in")
    said, expected = ODD[keyword]
    vr = dictionary_VR(keyword)
    source[keyword] = DataElement(keyword, vr, said, validation_mode=IGNORE)

    notice = notice_of(source)

    assert str(notice[keyword].value) == expected
    assert errors(notice, tmp_path) == []


def test_a_notice_of_a_demonstration_says_so_first(tmp_path: Path) -> None:
    """In series and sentence; beside a model that is none, in its sentence alone."""
    source, plain = source_of(tmp_path / "in"), hippocampus("single_slice")
    assert plain.bundle is not None
    shown = replace(plain, bundle=replace(plain.bundle, status="demonstration"))
    alone, beside = notice_of(source, shown), notice_of(source, plain, shown)

    assert alone.SeriesDescription.startswith("DEMONSTRATION AI NOTICE")
    assert beside.SeriesDescription.startswith("AI NOTICE")
    for notice in (alone, beside):
        assert any(said.startswith("DEMONSTRATION ") for said in sentences(notice))
        assert errors(notice, tmp_path) == []
