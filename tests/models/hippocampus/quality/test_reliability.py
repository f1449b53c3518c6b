"""The score: what lowers it, what it says, and that a bundle may go without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contract import Context, SeriesInfo, Volume
from models.hippocampus.model import HippocampusModel, build
from models.hippocampus.phantom_image import phantom
from models.hippocampus.quality.reliability import (
    BETTER,
    LABEL,
    Reliability,
    dice_of,
    doubts,
    grade_of,
    logit_of,
    stated,
)
from models.hippocampus.quality.signs import Signs, expected_dice, signs
from models.terms import Grade, grade
from tests.models.hippocampus.test_model import RAS

USUAL: Signs = dict.fromkeys(BETTER, 1.0)


def constants() -> Reliability:
    """Return constants under which every sign weighs the same."""
    count = len(BETTER)
    return Reliability(
        names=tuple(BETTER),
        centre=(1.0,) * count,
        spread=(0.1,) * count,
        weight=(0.5,) * count,
        intercept=2.2,
        promise={"A": "Good.", "B": "Fair.", "C": "Poor."},
        limit="It ranks nobody.",
    )


@pytest.mark.parametrize(("name", "better"), BETTER.items())
def test_each_sign_lowers_the_score_in_its_direction_alone(
    name: str, better: int
) -> None:
    """Two-sided ones lower it both ways; no sign has a say in the other direction."""
    usual = constants().score(USUAL)

    more, less = (constants().score(USUAL | {name: 1.0 + step}) for step in (0.3, -0.3))

    assert np.sign(round(more - usual, 9)) == (better or -1)
    assert np.sign(round(less - usual, 9)) == (-better or -1)


@pytest.mark.parametrize(
    "name", [name for name, better in BETTER.items() if not better]
)
def test_people_may_differ_where_there_is_no_better(name: str) -> None:
    """A volume two deviations from the usual says nothing against a reading."""
    usual = constants().score(USUAL)

    assert constants().score(USUAL | {name: 1.19}) == usual
    assert constants().score(USUAL | {name: 1.25}) < usual


@given(st.floats(0, 1))
def test_the_score_is_a_dice_and_not_its_eased_kin(dice: float) -> None:
    """What was done to a Dice before the fit is undone after it."""
    assert dice_of(float(logit_of(dice))) == pytest.approx(dice, abs=1e-9)


@pytest.mark.parametrize(
    ("score", "grade"), [(0.85, "A"), (0.849, "B"), (0.7, "B"), (0.699, "C"), (0, "C")]
)
def test_grades_are_of_the_expected_dice(score: float, grade: str) -> None:
    """Two bounds that were chosen and not fitted."""
    assert grade_of(score) == grade


def test_one_sign_cannot_outweigh_all_the_others() -> None:
    """Its merit is bounded, above sooner than below."""
    best = constants().score(USUAL | {"expected_dice": 99.0})
    worst = constants().score(USUAL | {"expected_dice": -99.0})

    assert best == pytest.approx(constants().score(USUAL | {"expected_dice": 1.2}))
    assert worst < 0.2


def test_an_empty_mask_is_worth_nothing() -> None:
    """No sign, no trust: score 0 and grade C."""
    assert constants().score({}) == 0
    (doubt,) = doubts(constants(), {})
    assert doubt.caps_grade == Grade.C


def test_the_report_states_the_score_and_caps_the_grade() -> None:
    """In words, with what the grade promises; a good score raises no flag."""
    (said,) = stated(constants(), USUAL)
    assert said.label == LABEL
    assert said.text == "0.92 (expected Dice of the whole). Good. It ranks nobody."
    assert not list(doubts(constants(), USUAL))

    (doubt,) = doubts(constants(), USUAL | {"expected_dice": 0.6})
    assert (doubt.code, doubt.caps_grade) == ("low_reliability", Grade.C)


def test_a_bundle_without_constants_has_no_score() -> None:
    """An own training: the report says so, and nothing breaks."""
    assert Reliability.of(None) is None
    (said,) = stated(None, USUAL)
    assert said.reason == "reliability_unknown"
    assert "look at the outline" in said.text
    assert not list(doubts(None, USUAL))


def test_constants_are_read_as_they_were_written_and_checked() -> None:
    """A missing list, one too short, or an unknown sign is an error by name."""
    written = constants().as_json()
    assert Reliability.of({"constants": written}) == constants()

    for damage in ({"weight": (1.0,)}, {"spread": (0.0,) * len(BETTER)}):
        with pytest.raises(ValueError, match="each sign needs"):
            Reliability.of({"constants": written | damage})
    with pytest.raises(ValueError, match="unknown signs"):
        Reliability.of({"constants": written | {"names": ("x",) * len(BETTER)}})
    with pytest.raises(ValueError, match=r"training\.reliability"):
        Reliability.of({"constants": {"names": ()}})


def test_expected_dice_is_the_dice_if_the_probabilities_are_true() -> None:
    """Certain: 1. Half sure inside, nothing outside: 2 * 0.5 / 1.5."""
    mask = np.zeros((4, 4, 4), bool)
    mask[1:3, 1:3, 1:3] = True
    chance = mask.astype(np.float32)

    assert expected_dice(chance, mask) == pytest.approx(1)
    assert expected_dice(np.float32(0.5) * chance, mask) == pytest.approx(2 * 0.5 / 1.5)


def test_signs_are_complete_or_none() -> None:
    """Every one that the score uses is there; a part without a voxel has none."""
    image, truth = phantom(1)
    chances = np.stack([truth == label for label in range(3)]).astype(np.float32)

    found = signs(image, chances, 0.0)

    assert set(found) == set(BETTER)
    assert np.isfinite(list(found.values())).all()
    assert found["expected_dice"] == pytest.approx(1)
    chances[0] += chances[2]
    chances[2] = 0
    assert signs(image, chances, 0.0) == {}


def test_a_mask_that_fills_its_crop_has_finite_signs() -> None:
    """There is no shell around it to compare with, and no mean of nothing."""
    image, _ = phantom(1)
    chances = np.full((3, *image.shape), 0.1, np.float32)
    chances[1, :20] = chances[2, 20:] = 0.8

    found = signs(image, chances, 0.0)

    assert np.isfinite(list(found.values())).all()


def test_the_model_states_the_score_of_its_bundle() -> None:
    """Noise gets grade C and a statement; constants come from the bundle."""
    bundle = build().bundle
    reliability = {"constants": constants().as_json()}
    model = HippocampusModel(
        replace(bundle, training={**bundle.training, "reliability": reliability})
    )
    noise = np.random.default_rng(0).normal(size=(36, 50, 35)).astype(np.float32)
    series = SeriesInfo("2.25.1", "2.25.2", "MR", ())
    volume = Volume(noise, RAS.copy(), "arbitrary", series)

    findings = model.predict(volume, Context(precision="fp32"))

    assert findings.statements[0].label == LABEL
    assert "low_reliability" in {flag.code for flag in findings.flags}
    assert grade(findings.flags) == Grade.C
