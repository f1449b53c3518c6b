"""ROC curves: those of scikit-learn, with an interval that holds what it says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn import metrics

from models.training.classification.roc import GRID, auc, auc_interval, band, roc
from models.training.classification.scored import Scored
from tests.models.training.classification.answers import (
    answers,
    any_answers,
    drawn_answers,
)


@settings(max_examples=40)
@given(any_answers())
def test_curve_and_area_are_those_of_scikit_learn(scored: Scored) -> None:
    """Another library, written by others, finds the same points."""
    false, true, cut = metrics.roc_curve(
        scored.truth, scored.probability, drop_intermediate=False
    )

    curve = roc(scored)

    assert curve.false_positive_rate == pytest.approx(false)
    assert curve.sensitivity == pytest.approx(true)
    assert curve.probability == pytest.approx(cut)
    area = metrics.roc_auc_score(scored.truth, scored.probability)
    assert auc(scored) == pytest.approx(area)


@settings(max_examples=40)
@given(any_answers())
def test_the_order_of_the_cases_changes_nothing(scored: Scored) -> None:
    """Nor does swapping both the class and its probability."""
    other = Scored("normal", scored.patients, ~scored.truth, 1 - scored.probability)

    assert auc(other) == pytest.approx(auc(scored), abs=1e-9)


def test_a_network_that_says_the_same_of_all_is_at_chance() -> None:
    """0.50000x for everything, as untrained outputs are, is no ranking."""
    assert auc(answers([1, 1, 0, 0], [0.5] * 4)) == 0.5


def test_one_class_has_no_area() -> None:
    """It cannot be said; a curve is refused."""
    scored = answers([1, 1], [0.2, 0.9])

    assert math.isnan(auc(scored))
    assert math.isnan(auc_interval(scored).low)
    with pytest.raises(ValueError, match="cases of the class and others"):
        roc(scored)


@pytest.mark.parametrize(
    ("truth", "value"), [([1, 1, 0, 0, 0], 1.0), ([0] * 3 + [1] * 2, 0.0)]
)
def test_few_cases_that_lie_apart_are_not_certain(
    truth: list[int], value: float
) -> None:
    """Two of two: by Clopper and Pearson it may be 0.16 as well."""
    names = [f"patient {number}" for number in range(5)]
    probability = np.array([0.9, 0.8, 0.3, 0.2, 0.1])
    found = auc_interval(Scored("sick", names, np.array(truth, bool), probability))
    far = found.low if value else 1 - found.high

    assert found.value == value
    assert far == pytest.approx(0.158, abs=0.001)
    assert (found.high if value else found.low) == value


def test_the_interval_holds_the_true_area_as_often_as_it_says() -> None:
    """Of 100 samples of known area some 95 intervals hold it."""
    apart = 1.5
    true = 0.5 * (1 + math.erf(apart / 2))  # of two normal distributions

    held = 0
    for seed in range(100):
        interval = auc_interval(drawn_answers(60, apart, seed))
        held += interval.low <= true <= interval.high

    assert 88 <= held <= 99


def test_cases_of_one_patient_do_not_narrow_the_interval() -> None:
    """Each case five times over, by the same patient, is no more evidence."""
    one = drawn_answers(40, 1.0)
    five = Scored(
        one.positive,
        np.repeat(one.patients, 5).tolist(),
        np.repeat(one.truth, 5),
        np.repeat(one.probability, 5),
    )
    strangers = answers(five.truth.tolist(), five.probability.tolist())

    def width(scored: Scored) -> float:
        interval = auc_interval(scored)
        return interval.high - interval.low

    assert width(five) == pytest.approx(width(one))
    assert width(strangers) < 0.6 * width(one)


def test_the_band_encloses_the_curve() -> None:
    """At every rate, and it is a band: not the curve itself."""
    scored = drawn_answers(80, 1.2)
    curve, around = roc(scored), band(scored)

    middle = np.interp(GRID, curve.false_positive_rate, curve.sensitivity)
    inner = slice(5, 95)
    assert (around.low <= middle + 1e-9)[inner].all()
    assert (around.high >= middle - 1e-9)[inner].all()
    assert (around.high - around.low)[inner].mean() > 0.1
    assert np.array_equal(around.low, band(scored).low)
