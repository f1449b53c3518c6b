"""Facts: times of the site, ages and dates as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset

from node.config_reading import ReportSettings
from node.report.dates import written_offset
from node.report.facts import TIMES, local_time, making_facts, site_offset
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


def _facts_of(case: Case, source: Dataset, settings: ReportSettings) -> dict[str, str]:
    lines = making_facts(case.findings, case.bundle, source, case.provenance, settings)
    return {line.label: line.value for line in lines}


def _utc(offset: str) -> str:
    """Return an offset as Python names its zone."""
    return f"{offset[:3]}:{offset[3:]}" if offset != "+0000" else ""


def _facts(case: Case) -> dict[str, str]:
    text = case.prepare().text
    lines = (*text.patient, *text.images, *text.making)
    return {line.label: line.value for line in lines}


@pytest.mark.parametrize(
    ("offset", "local"), [("+0300", "12:30"), ("-0430", "05:00"), ("+0000", "09:30")]
)
def test_times_are_local_to_the_study(case: Case, offset: str, local: str) -> None:
    """DICOM times are those of the site."""
    source = Dataset()
    source.TimezoneOffsetFromUTC = offset

    settings = ReportSettings(timezone="Europe/Berlin")

    made = local_time(case.provenance, source, settings)

    assert made.strftime("%H:%M") == local
    assert _facts_of(case, source, settings)["Made"].endswith(f"(UTC{_utc(offset)})")


@pytest.mark.parametrize(
    ("day", "local", "offset"),
    [("20200103", "10:30", "+0100"), ("20200703", "11:30", "+0200")],
)
def test_a_silent_study_is_in_the_zone_of_the_settings(
    case: Case, day: str, local: str, offset: str
) -> None:
    """Summer time as on the day of the study: one object has one offset."""
    source = Dataset()
    source.StudyDate = day
    settings = ReportSettings(timezone="Europe/Berlin")

    assert local_time(case.provenance, source, settings).strftime("%H:%M") == local
    known = site_offset(source, settings)
    assert known is not None
    assert written_offset(known) == offset


def test_without_an_offset_the_clock_of_the_machine_counts(case: Case) -> None:
    """The same moment, in the zone of this machine."""
    made = local_time(case.provenance, Dataset(), ReportSettings())

    assert made == datetime(2025, 6, 5, 9, 30, 15, tzinfo=UTC)
    assert made.utcoffset() == made.astimezone().utcoffset()
    assert site_offset(Dataset(), ReportSettings()) is None
    assert _facts(case)["Made"] == f"{made:%Y-%m-%d %H:%M}"


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

    for label in ("Scanner", "Sequence", "Age at scan", "Sex", "Birth date"):
        assert facts[label] == "not given"
    assert facts["Series read"] == "Crop"


def test_an_infant_is_aged_in_months(folder: Path) -> None:
    """Completed years say nothing under two."""
    assert _facts(build_case(folder, PatientBirthDate="20190701"))["Age at scan"] == (
        "6 months"
    )
