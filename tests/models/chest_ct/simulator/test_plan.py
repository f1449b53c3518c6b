"""The plan: labels and backgrounds know nothing of each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.acquisition import draw_acquisition
from models.chest_ct.simulator.person import draw_person, draw_state
from models.chest_ct.simulator.plan import StudyPlan, draw_findings, fresh_plan, plan
from models.chest_ct.simulator.settings import SimulatorSettings, shipped

SHIPPED = shipped()
PLANS = plan(SHIPPED)


def background(each: StudyPlan) -> list[float]:
    """Return what a classifier could see of a study besides its disease."""
    person = draw_person(each.anatomy_seed, SHIPPED.person)
    state = draw_state(each.state_seed, SHIPPED.person)
    scan = draw_acquisition(
        each.acquisition_seed,
        person,
        SHIPPED.acquisition,
        prone=state.prone,
        large=each.large,
    )
    return [
        *(person.height, person.half_width, person.fat, person.lung_hu, person.heart),
        *(state.breath, state.contrast, float(state.prone)),
        *(scan.spacing_mm[0], scan.spacing_mm[1], scan.thickness_mm, scan.sharpness),
        *(scan.noise_hu, scan.tilt_deg, *scan.cover_mm, scan.motion_mm),
        *(float(scan.padding_hu), float(scan.circle), float(each.study[-1])),
    ]


def auc(score: np.ndarray, label: np.ndarray) -> float:
    """Return the chance that a positive scores above a negative."""
    above = score[label][:, None] > score[~label][None, :]
    equal = score[label][:, None] == score[~label][None, :]
    return float(above.mean() + 0.5 * equal.mean())


def test_no_background_tells_the_label() -> None:
    """A classifier trained on the backgrounds is at chance on other patients.

    Linear discriminant on 20 properties and their squares.
    """
    features = np.array([background(each) for each in PLANS])
    features = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-9)
    features = np.hstack([features, features**2])
    label = np.array([each.is_positive for each in PLANS])
    train = np.array([each.split == "train" for each in PLANS])
    weights = np.linalg.lstsq(
        features[train].T @ features[train] + 10 * np.eye(features.shape[1]),
        features[train].T @ (2.0 * label[train] - 1),
    )[0]

    assert auc(features[~train] @ weights, label[~train]) == pytest.approx(0.5, abs=0.1)


def test_each_property_is_alike_in_both_labels() -> None:
    """No property differs between the labels by more than chance of 700 studies."""
    features = np.array([background(each) for each in PLANS])
    label = np.array([each.is_positive for each in PLANS])

    for column in features.T:
        assert auc(column, label) == pytest.approx(0.5, abs=0.08)


def test_every_patient_has_one_study_of_either_label() -> None:
    """Both share the body and nothing else; the order is random."""
    for one, other in zip(PLANS[::2], PLANS[1::2], strict=True):
        assert one.patient == other.patient
        assert one.anatomy_seed == other.anatomy_seed
        assert one.state_seed != other.state_seed
        assert one.is_positive != other.is_positive
    assert 0.4 < np.mean([each.is_positive for each in PLANS[::2]]) < 0.6


def test_a_label_is_what_is_drawn() -> None:
    """Positive studies hold findings, negative ones none, and are never small."""
    for each in PLANS:
        assert each.is_positive == bool(each.findings)
        assert each.is_positive or not each.small


def test_no_patient_is_in_both_parts() -> None:
    """Patients, bodies and seeds are divided."""
    parts = [
        {each.anatomy_seed for each in PLANS if each.split == split}
        for split in ("train", "test")
    ]

    assert not parts[0] & parts[1]
    assert [len(part) for part in parts] == [260, 90]


def test_two_in_five_positives_are_small() -> None:
    """Nodules up to 10 mm alone, or ground-glass under 5 % of the lungs."""
    positives = [each for each in PLANS if each.is_positive]

    assert np.mean([each.small for each in positives]) >= 0.40


@given(st.integers(0, 2**31 - 1))
def test_what_is_called_small_is_small(seed: int) -> None:
    """Whatever the seed: a small study holds no large finding."""
    findings, small = draw_findings(seed, SHIPPED.disease)

    assert findings
    if small:
        for each in findings:
            limit = {Kind.NODULE: 10.0, Kind.GROUND_GLASS: 0.05}
            assert each.amount <= limit[each.kind]


def test_every_kind_is_planned_often_enough_to_be_learned() -> None:
    """At least one positive in twenty holds each kind."""
    held = [
        {finding.kind for finding in each.findings}
        for each in PLANS
        if each.is_positive
    ]

    for kind in Kind:
        assert np.mean([kind in each for each in held]) >= 0.05


def test_the_plan_is_the_same_every_time(settings: SimulatorSettings) -> None:
    """Equal settings, equal plan; another seed, another plan."""
    other = settings.model_copy(update={"seed": settings.seed + 1})

    assert plan(settings) == plan(settings)
    assert plan(settings) != plan(other)


def test_fresh_studies_are_of_other_patients_and_as_hard() -> None:
    """No seed is shared with the plan; at least two positives in five are small."""
    fresh = fresh_plan(SHIPPED)
    seeds, known = (
        {
            seed
            for each in studies
            for seed in (each.anatomy_seed, each.state_seed, each.pathology_seed)
        }
        for studies in (fresh, PLANS)
    )

    assert len(fresh) == 2 * SHIPPED.test_patients
    assert not seeds & known
    assert not {each.patient for each in fresh} & {each.patient for each in PLANS}
    assert sum(each.small for each in fresh) >= 0.4 * SHIPPED.test_patients
    assert {each.split for each in fresh} == {"test"}
