"""Facts: times of the site, ages and dates as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from node.report.facts import TIMES, local_time
from tests.node.report.inputs import Case, build_case

NOTHING: dict[str, Any] = dict.fromkeys(
    (
        "PatientBirthDate",
        "PatientSex",
        "Manufacturer",
        "ScanningSequence",
        "RepetitionTime",
        "EchoTime",
        "SeriesNumber",
    )
)


def _facts(case: Case) -> dict[str, str]:
    text = case.prepare().text
    lines = (*text.patient, *text.images, *text.making)
    return {line.label: line.value for line in lines}


@pytest.mark.parametrize(
    ("offset", "local"), [("+0300", "12:30"), ("-0430", "05:00"), ("+0000", "09:30")]
)
def test_times_are_local_to_the_study(case: Case, offset: str, local: str) -> None:
    """DICOM times are those of the site (DESIGN.md §7)."""
    source = Dataset()
    source.TimezoneOffsetFromUTC = offset

    assert local_time(case.provenance, source).strftime("%H:%M") == local


def test_without_an_offset_the_clock_of_the_machine_counts(case: Case) -> None:
    """The same moment, in the zone of this machine."""
    made = local_time(case.provenance, Dataset())

    assert made == datetime(2025, 6, 5, 9, 30, 15, tzinfo=UTC)
    assert made.utcoffset() == made.astimezone().utcoffset()


def test_facts_are_those_of_the_headers(folder: Path) -> None:
    """Scanner, sequence, grid and series, in words and units."""
    case = build_case(folder, ManufacturerModelName="One", MagneticFieldStrength="1.5")
    facts = _facts(case)

    assert facts["Scanner"] == "Test One, 1.5 T"
    assert facts["Sequence"] == "gradient echo, TR 8 ms, TE 3 ms"
    assert facts["Voxel"] == f"0.80 {TIMES} 1.00 {TIMES} 1.50 mm"
    assert facts["Matrix"] == f"35 {TIMES} 51, 12 slices"
    assert facts["Series read"] == "Crop (number 1)"
    assert facts["Age at scan"] == "70 years"
    assert facts["Study date"] == "2020-01-03"


def test_what_is_not_given_is_said_to_be_missing(folder: Path) -> None:
    """No empty line, and nothing guessed."""
    facts = _facts(build_case(folder, **NOTHING))

    for label in ("Scanner", "Sequence", "Age at scan", "Sex", "Born"):
        assert facts[label] == "not given"
    assert facts["Series read"] == "Crop"


def test_an_infant_is_aged_in_months(folder: Path) -> None:
    """Completed years say nothing under two."""
    assert _facts(build_case(folder, PatientBirthDate="20190701"))["Age at scan"] == (
        "6 months"
    )
