"""The Encapsulated PDF: only where it is wanted, and with the marks of the others."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from node.config_reading import ReportSettings
from node.report.page import compose_page
from node.report.pdf_page import pdf_of
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import CYRILLIC, Case, build_case

WANTED = ReportSettings(pdf=True)


@pytest.fixture(scope="module")
def wanted(case: Case) -> Case:
    """Return the small study where a PDF is asked for."""
    return replace(case, settings=WANTED)


@pytest.fixture(scope="module")
def pdf(wanted: Case) -> Dataset:
    """Return the PDF of the small study."""
    return wanted.compose()["PDF"].dataset


def test_it_is_made_where_the_settings_say_so(case: Case, wanted: Case) -> None:
    """Behind the others, which it leaves as they are."""
    assert tuple(case.compose()) == ("SEG", "SR", "SC")
    assert tuple(wanted.compose()) == ("SEG", "SR", "SC", "PDF")


def test_it_holds_the_page(pdf: Dataset, wanted: Case) -> None:
    """The file, padded to an even length, which is told without the padding."""
    document = pdf_of(compose_page(wanted.prepare()))

    assert pdf.SOPClassUID == EncapsulatedPDFStorage
    assert pdf.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert pdf.EncapsulatedDocumentLength == len(document)
    assert pdf.EncapsulatedDocument.rstrip(b"\0") == document
    assert len(pdf.EncapsulatedDocument) % 2 == 0


def test_it_carries_the_marks_of_the_others(pdf: Dataset, wanted: Case) -> None:
    """Study, equipment, dates; a series of its own, behind notice and note."""
    sc = wanted.compose()["SC"].dataset
    for keyword in ("StudyInstanceUID", "PatientID", "ContentDate", "ContentTime"):
        assert pdf[keyword].value == sc[keyword].value

    assert pdf.ContributingEquipmentSequence == sc.ContributingEquipmentSequence
    assert pdf.BurnedInAnnotation == "YES"
    assert pdf.SeriesNumber == 9006
    assert pdf.SeriesInstanceUID != sc.SeriesInstanceUID
    assert pdf.SeriesDescription == "Ellipsoid volumetry, report as PDF (AI, research)"
    assert len(pdf.SourceInstanceSequence) == 12


def test_equal_input_gives_equal_bytes(wanted: Case) -> None:
    """Of the whole object."""
    made = []
    for _ in range(2):
        stream = BytesIO()
        wanted.compose()["PDF"].dataset.save_as(stream, enforce_file_format=True)
        made.append(stream.getvalue())

    assert made[0] == made[1]


@pytest.mark.parametrize("kind", ["plain", "Cyrillic", "without demographics"])
def test_it_is_valid(folder: Path, tmp_path: Path, kind: str) -> None:
    """Dciodvfy finds no error."""
    kinds: dict[str, dict[str, Any]] = {
        "plain": {},
        "Cyrillic": {"PatientName": CYRILLIC, "SpecificCharacterSet": "ISO_IR 192"},
        "without demographics": dict.fromkeys(("PatientBirthDate", "PatientSex")),
    }
    made = build_case(folder, settings=WANTED, **kinds[kind]).compose()["PDF"].dataset

    assert errors(made, tmp_path) == []
