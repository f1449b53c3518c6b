"""Right and wrong answers, counted and with honest intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn import metrics

from models.training.classification.interval import share
from models.training.classification.rates import confusion, rates
from models.training.classification.scored import Scored
from models.training.classification.threshold import Threshold
from tests.models.training.classification.answers import answers, any_answers

HALF = Threshold(0.5, "pathology")


@settings(max_examples=40)
@given(any_answers())
def test_counts_are_those_of_scikit_learn(scored: Scored) -> None:
    """True negatives and the three others, in their places."""
    table = metrics.confusion_matrix(scored.truth, scored.probability >= 0.5)

    found = confusion(scored, HALF)

    assert [found.true_negative, found.false_positive] == table[0].tolist()
    assert [found.false_negative, found.true_positive] == table[1].tolist()


def test_rates_are_shares_of_the_right_rows() -> None:
    """Two of three sick found; one of two healthy called sick."""
    scored = answers([1, 1, 1, 0, 0], [0.9, 0.8, 0.1, 0.7, 0.2])
    found = rates(scored, HALF)

    assert found.sensitivity.value == pytest.approx(2 / 3)
    assert found.specificity.value == pytest.approx(1 / 2)
    assert found.positive_value.value == pytest.approx(2 / 3)
    assert found.negative_value.value == pytest.approx(1 / 2)
    assert found.accuracy.value == pytest.approx(3 / 5)


def test_an_interval_is_wilsons() -> None:
    """81 of 263: Newcombe 1998, table I, row 5 of method 3."""
    scored = answers([1] * 263, [1.0] * 81 + [0.0] * 182)
    found = share(HALF.called(scored), scored.truth, scored.patients)

    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_ten_right_of_ten_are_not_certain() -> None:
    """A sensitivity of 1 on ten cases may be 0.72."""
    found = rates(answers([1] * 10, [1.0] * 10), HALF)

    assert found.sensitivity.value == found.sensitivity.high == 1.0
    assert found.sensitivity.low == pytest.approx(0.722, abs=1e-3)


def test_what_nobody_was_asked_cannot_be_said() -> None:
    """No healthy case, no specificity; it is neither 0 nor 1."""
    found = rates(answers([1, 1], [0.9, 0.8]), HALF)

    assert math.isnan(found.specificity.value)
    assert str(found.specificity) == "cannot be said"
    assert found.specificity.plain() == {"value": None, "low": None, "high": None}


def test_cases_of_one_patient_count_as_one_in_an_interval() -> None:
    """Twenty scans of two patients are two patients."""
    many = answers([1] * 20, [1.0] * 20, ["a", "b"] * 10)
    two = answers([1] * 2, [1.0] * 2)

    assert rates(many, HALF).sensitivity == rates(two, HALF).sensitivity


def test_an_interval_holds_the_truth_where_one_patient_has_most_cases() -> None:
    """Of 95 % intervals, 93 of 100 at least, with cases of a patient all alike."""
    rng = np.random.default_rng(0)
    counts = np.array([20, *[1] * 9])
    patients = np.repeat([str(n) for n in range(len(counts))], counts).tolist()
    everyone = np.ones(len(patients), np.bool_)
    holds = 0
    for _ in range(400):
        chosen = np.repeat(rng.random(len(counts)) < 0.7, counts)
        found = share(chosen, everyone, patients)
        holds += found.low <= 0.7 <= found.high
    assert holds >= 372
