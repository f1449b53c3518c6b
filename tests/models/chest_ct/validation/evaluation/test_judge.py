"""A simulated study is read twice and compared with what was drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.chest_ct.cases.simulated import simulated_cases
from models.chest_ct.findings import KINDS
from models.chest_ct.golden import golden_study
from models.chest_ct.kinds import Kind
from models.chest_ct.model import build
from models.chest_ct.simulator.settings import shipped, tiny
from models.chest_ct.told_lungs import LUNGS
from models.chest_ct.validation.evaluation.judge import (
    judge,
    read,
    scores_of,
    told_places,
)
from models.chest_ct.validation.evaluation.judged import SCORES
from models.contract import Context, Findings
from models.evidence import Location
from tests.models.chest_ct.learning.assembly.made import Assembled
from tests.models.chest_ct.volumes import volume_of


def found_at(*places: Location) -> Findings:
    """Return findings with places."""
    labels = np.zeros((4, 8, 8), np.uint8)
    structures = (LUNGS, *(KINDS[kind] for kind in Kind))
    return Findings(labels, structures, (), locations=places)


def test_a_place_is_right_where_its_outline_reaches_its_kind() -> None:
    """The box is wider than the outline, and does not count where there is one."""
    truth = np.zeros((4, 8, 8), np.uint8)
    truth[0, 0, 0] = Kind.EFFUSION
    truth[3, 7, 7] = Kind.NODULE
    nodule = Location("Nodule", (0, 0, 0), (3, 7, 7), 0.9)

    (by_box,) = told_places(found_at(nodule), truth)
    outline = np.zeros((4, 8, 8), np.bool_)
    outline[:2, :2, :2] = True
    (by_outline,) = told_places(found_at(replace(nodule, outline=outline)), truth)

    assert (by_box.right, by_box.on_disease) == (True, True)
    assert (by_outline.right, by_outline.on_disease) == (False, True)
    assert told_places(None, truth) == ()


def test_a_simulated_study_is_judged_with_its_twin(assembled: Assembled) -> None:
    """Everything that a row of a table asks for is there, in both kernels."""
    cases = simulated_cases(tiny(shipped()).model_copy(update={"train_patients": 1}))
    sick = next(case for case in cases if case.is_positive)

    found = judge(sick, assembled.bundle)

    assert found.twin is not None
    assert set(found.reading.scores) == set(found.twin.scores) == set(SCORES)
    sharpness = (found.reading.sharpness or 0.0, found.twin.sharpness or 0.0)
    assert min(sharpness) < 0.5 <= max(sharpness)
    assert found.lesions
    assert found.reading.mean_hu is not None
    assert -950 < found.reading.mean_hu < -300


def test_the_fast_score_is_what_the_fast_mode_says(assembled: Assembled) -> None:
    """It is taken from the evidence and not read again."""
    model = build(assembled.bundle)
    volume = golden_study()

    full, fast = (
        model.predict(volume, Context(precision="fp32", fast=is_fast))
        for is_fast in (False, True)
    )

    scores = scores_of(full, model.bundle.decision["rules"])
    assert scores["fast"] == pytest.approx(
        fast.classifications[0].probability, abs=1e-5
    )
    assert scores["full"] == full.classifications[0].probability


def test_a_refused_study_has_a_reason_and_no_score(assembled: Assembled) -> None:
    """An empty image is no chest; nothing is not 0."""
    empty = volume_of(np.full((40, 64, 64), -1000.0), (5, 5, 5), (0, 0, 0))

    said, found = read(build(assembled.bundle), empty)

    assert found is None
    assert said.refused
    assert not said.scores
