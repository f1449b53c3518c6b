"""Reports on the real MR studies: incomplete headers, odd matrices, other series."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.contract import SeriesInfo
from models.volume.series import StudyHeaders, load_volume, read_study
from node.config_reading import ReportSettings
from tests.node.report.dciodvfy import errors
from tests.node.report.inputs import (
    Case,
    build_bundle,
    build_findings,
    build_provenance,
)
from tests.node.report.tid_table import violations

pytestmark = pytest.mark.data

STUDIES = ("Study1", "Study3")


def _case(study: StudyHeaders, series: SeriesInfo) -> Case:
    volume, bundle = load_volume(series), build_bundle()
    findings = build_findings(volume)
    provenance = build_provenance(volume, bundle)
    return Case(volume, findings, bundle, study, provenance, ReportSettings())


@pytest.mark.parametrize("name", STUDIES)
def test_every_regular_series_can_be_reported_on(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    """Valid objects, templates kept, whatever the scanner left out."""
    files = [p for p in (shared_data / "mr_studies" / name).rglob("*") if p.is_file()]
    study = read_study(files)
    regular = [s for s in study.series if s.geometry_problem is None]

    assert any("HippoCrop" in s.series_description for s in regular)
    for series in regular:
        made = _case(study, series).compose()
        assert violations(made["SR"].dataset) == []
        for item in made.values():
            assert errors(item.dataset, tmp_path) == [], series.series_description


@pytest.mark.parametrize("name", STUDIES)
def test_a_crop_gets_age_and_sex_from_its_siblings(
    shared_data: Path, name: str
) -> None:
    """The crops carry neither."""
    files = [p for p in (shared_data / "mr_studies" / name).rglob("*") if p.is_file()]
    study = read_study(files)
    crop = next(s for s in study.series if "HippoCrop" in s.series_description)

    sr = _case(study, crop).compose()["SR"].dataset

    assert sr.PatientAge
    assert sr.PatientSex in {"M", "F"}
