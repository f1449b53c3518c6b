"""What is drawn over time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.hippocampus.findings import STRUCTURES
from tests.models.hippocampus.interpretation.progression.persons import (
    READING,
    TODAY,
    build_patient,
    build_prior,
    told,
)


def test_a_visit_of_unknown_side_is_not_drawn() -> None:
    """A curve through a left and a right hippocampus would be a lie."""
    patient = build_patient(build_prior(400), build_prior(730, laterality=None))

    dates = {point.when for point in told(patient).trends[-1].points}

    assert dates == {TODAY, TODAY - timedelta(days=400)}


def test_each_structure_is_followed_oldest_first() -> None:
    """The last point is this study; only the whole has published bands."""
    patient = build_patient(build_prior(400, 2900), build_prior(800, 3000))

    trends = {t.structure: t for t in told(patient, 2800).trends}

    assert list(trends) == [s.name for s in STRUCTURES]
    points = trends["Hippocampus"].points
    assert [p.value for p in points] == pytest.approx([3000, 2900, 2800])
    assert points[-1].study_instance_uid == READING.study_instance_uid
    assert points[0].margin == pytest.approx(1.96 * 30)
    assert len(trends["Hippocampus"].bands) == 2
    assert trends["Anterior hippocampus"].bands == {}
