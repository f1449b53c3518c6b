"""The positive class is one: of labels, of probabilities, of the threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.training.classification.rates import confusion, rates
from models.training.classification.roc import roc
from models.training.classification.scored import Scored
from models.training.classification.threshold import Threshold, choose
from tests.models.training.classification.answers import answers, any_answers


@settings(max_examples=40)
@given(any_answers())
def test_youden_is_the_best_sum_that_any_threshold_has(scored: Scored) -> None:
    """Against every probability tried as a threshold."""
    best = rates(scored, choose(scored, "youden"))

    for value in np.unique(scored.probability):
        other = rates(scored, Threshold(float(value), "pathology"))
        assert best.sensitivity.value + best.specificity.value >= (
            other.sensitivity.value + other.specificity.value - 1e-9
        )


@settings(max_examples=40)
@given(any_answers(), st.sampled_from([0.5, 0.8, 0.9, 1.0]))
def test_a_wanted_sensitivity_is_reached_at_the_best_specificity(
    scored: Scored, wanted: float
) -> None:
    """No threshold that reaches it has fewer false alarms."""
    found = rates(scored, choose(scored, "sensitivity", wanted))
    curve = roc(scored)

    reached = curve.sensitivity >= wanted - 1e-9
    assert found.sensitivity.value >= wanted - 1e-9
    assert found.specificity.value == pytest.approx(
        1 - curve.false_positive_rate[reached].min()
    )


def test_a_threshold_lies_between_the_cases_that_it_parts() -> None:
    """A last bit of arithmetic on another processor decides nothing."""
    scored = answers([1, 1, 0, 0], [0.9, 0.7, 0.3, 0.1])

    assert choose(scored, "youden").value == 0.5


def test_neighbours_of_the_last_bit_are_parted_too() -> None:
    """Between two floats that touch there is no middle."""
    scored = answers([1, 0], [float(np.nextafter(0.5, 1)), 0.5])

    assert choose(scored, "youden").called(scored).tolist() == [True, False]


def test_a_threshold_of_one_class_does_not_judge_another() -> None:
    """The mistake that made an earlier service call the sick normal."""
    scored = answers([1, 0], [0.9, 0.2])
    of_normal = Threshold(0.5, "normal")

    with pytest.raises(ValueError, match="of 'normal', the answer of 'pathology'"):
        of_normal.calls(0.9, "pathology")
    with pytest.raises(ValueError, match="of 'normal', the answer of 'pathology'"):
        confusion(scored, of_normal)
    with pytest.raises(ValueError, match="made for the class 'normal'"):
        scored.require("normal")


def test_labels_threshold_and_answer_are_of_one_class() -> None:
    """From the cases through the file of the bundle to the answer about a new case."""
    scored = answers([1, 1, 0, 0], [0.9, 0.8, 0.3, 0.1])
    threshold = Threshold.of(choose(scored, "youden").plain())

    assert threshold.positive == scored.positive == "pathology"
    assert threshold.called(scored).tolist() == scored.truth.tolist()
    for each, truth in zip(scored.probability, scored.truth, strict=True):
        assert threshold.calls(float(each), "pathology") == truth


@pytest.mark.parametrize(
    ("value", "positive"), [(1.5, "pathology"), (float("nan"), "pathology"), (0.5, "")]
)
def test_a_threshold_that_is_none_is_refused(value: float, positive: str) -> None:
    """One that exists is valid."""
    with pytest.raises(ValueError, match="a threshold"):
        Threshold(value, positive)
