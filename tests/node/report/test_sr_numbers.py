"""A number of the SR: printed digits, interval and norm behind it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import Dataset

from models.terms import Code, Measurement
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import (
    BOTH,
    MM3,
    NO_UNITS,
    NORM,
    SCORE,
    VOLUME,
    Case,
    interpreted,
)
from tests.node.report.tid_table import children, concept, places, violations

LOWER, UPPER = "SCT:371885007", "SCT:371886008"
AUTHORITY = "DCM:121406"


@pytest.fixture(scope="module")
def sr(case: Case) -> Dataset:
    """Return the report of a person of whom everything is known."""
    findings = interpreted(case.findings)
    return replace(case, findings=findings).compose()["SR"].dataset


def score_of(sr: Dataset) -> Dataset:
    """Return the z-score of a report."""
    (union,) = places(sr)["union"]
    return next(item for item in children(union) if concept(item) == "DCM:121416")


def digits(number: Dataset) -> str:
    """Return the value of a number as it is written."""
    return str(number.MeasuredValueSequence[0]["NumericValue"].value)


def test_a_z_score_names_its_norm_and_its_interval(sr: Dataset) -> None:
    """TID 311 Reference Authority; TID 310 ranges of uncertainty, in its unit."""
    score = score_of(sr)
    behind = {concept(item): item for item in children(score)}

    assert digits(score) == "-1.41"
    assert behind[AUTHORITY].TextValue == NORM
    assert (digits(behind[LOWER]), digits(behind[UPPER])) == ("0.21", "0.21")
    assert {item.RelationshipType for item in behind.values()} == {"HAS PROPERTIES"}
    unit = behind[LOWER].MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0]
    assert unit.CodeValue == "1"


def test_it_is_valid_and_keeps_every_row(sr: Dataset, tmp_path: Path) -> None:
    """Dciodvfy and the table of templates, with all that a known person adds."""
    assert errors(sr, tmp_path) == []
    assert violations(sr) == []


def test_the_interval_of_a_volume_is_told_in_words(case: Case) -> None:
    """OHIF leaves out a volume that has properties: its contour would lose it."""
    number = Measurement(BOTH.name, VOLUME, 3000.0, MM3, 0, (2900.4, 3100.0))
    findings = replace(case.findings, measurements=(number,))
    sr = replace(case, findings=findings).compose()["SR"].dataset
    (union,) = places(sr)["union"]
    (volume,) = (item for item in children(union) if concept(item) == "SCT:118565006")
    (words,) = places(sr)["evaluations"]

    assert not children(volume)
    said = [str(item.TextValue) for item in children(words)]
    assert "Volume: Both parts: 3000 mm³ (95 % interval 2900 to 3100)" in said


def test_a_number_without_norm_and_interval_has_nothing_behind_it(case: Case) -> None:
    """No empty sequence."""
    score = Measurement(BOTH.name, SCORE, 0.5, NO_UNITS, 1)
    measured = (*case.findings.measurements, score)
    findings = replace(case.findings, measurements=measured)
    sr = replace(case, findings=findings).compose()["SR"].dataset

    assert "ContentSequence" not in score_of(sr)


def test_a_density_is_told_as_people_say_it(case: Case) -> None:
    """The coded number keeps code and unit; the words are of the page."""
    density = Code("112181", "DCM", "Mean Attenuation Coefficient")
    unit = Code("[hnsf'U]", "UCUM", "Hounsfield unit")
    number = Measurement(BOTH.name, density, -788.4, unit, 0)
    measured = (*case.findings.measurements, number)
    findings = replace(case.findings, measurements=measured)
    sr = replace(case, findings=findings).compose()["SR"].dataset
    (words,) = places(sr)["evaluations"]
    (union,) = places(sr)["union"]

    said = [str(item.TextValue) for item in children(words)]
    assert "Mean density: Both parts: \N{MINUS SIGN}788 HU" in said
    assert "DCM:112181" in {concept(item) for item in children(union)}
