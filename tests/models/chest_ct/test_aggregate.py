"""Evidence is put together by a rule that is monotone, and absent is not zero."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.chest_ct.aggregate import (
    CNN,
    NODULES,
    SLICES,
    Z_PROFILE,
    NoduleEvidence,
    Rule,
    fit_rule,
)

RULE = Rule(
    -0.3, MappingProxyType({CNN: 0.7, SLICES: 0.5, Z_PROFILE: 0.2}), 0.4, "pathology"
)
SCORES = st.fixed_dictionaries({name: st.floats(0, 1) for name in RULE.weights})


@given(SCORES, st.sampled_from(sorted(RULE.weights)), st.floats(0, 1))
def test_more_evidence_never_lowers_the_probability(
    scores: dict[str, float], name: str, other: float
) -> None:
    """Of every piece, wherever the others are."""
    low, high = sorted((scores[name], other))
    lower = RULE.combine({**scores, name: low}).probability
    assert lower <= RULE.combine({**scores, name: high}).probability


@given(SCORES, st.floats(0, 1), st.floats(0, 1))
def test_more_nodule_evidence_never_lowers_the_probability(
    scores: dict[str, float], first: float, second: float
) -> None:
    """Made-up evidence, as a detector will give it."""
    low, high = (
        RULE.combine(scores, NoduleEvidence(p)).probability
        for p in sorted((first, second))
    )
    assert low <= high


@given(SCORES)
def test_absent_nodule_evidence_is_not_zero(scores: dict[str, float]) -> None:
    """A detector that finds nothing speaks against; one that was not asked does not."""
    absent = RULE.combine(scores).probability
    assert RULE.combine(scores, NoduleEvidence(0.0)).probability < absent
    assert RULE.combine(scores, NoduleEvidence(0.5)).probability == absent
    assert RULE.combine(scores, NoduleEvidence(1.0)).probability > absent


def test_the_evidence_that_decided_is_told() -> None:
    """It pulls towards the decision, whichever that is."""
    scores = {CNN: 0.99, SLICES: 0.5, Z_PROFILE: 0.5}
    assert RULE.combine(scores).decided_by == CNN
    scores = {CNN: 0.5, SLICES: 0.01, Z_PROFILE: 0.5}
    assert RULE.combine(scores).decided_by == SLICES
    scores = {CNN: 0.5, SLICES: 0.5, Z_PROFILE: 0.5}
    assert RULE.combine(scores, NoduleEvidence(0.999)).decided_by == NODULES


def test_evidence_that_does_not_count_decides_nothing() -> None:
    """Where all that counts speaks against what the bias decides."""
    rule = Rule(0.9, {CNN: 1.0, SLICES: 0.0, Z_PROFILE: 0.3}, 0.5, "pathology")

    verdict = rule.combine({CNN: 0.4, SLICES: 0.01, Z_PROFILE: 0.4})

    assert verdict.probability > 0.5
    assert verdict.decided_by in {CNN, Z_PROFILE}


def test_a_rule_is_not_used_for_other_evidence() -> None:
    """The fast mode has a rule of its own: an absent score is never taken for one."""
    with pytest.raises(ValueError, match="not of"):
        RULE.combine({CNN: 0.9, Z_PROFILE: 0.9})


def test_a_rule_is_read_as_it_was_written() -> None:
    """Threshold and its class included."""
    assert Rule.of(RULE.plain()) == RULE


@pytest.mark.parametrize(
    "change",
    [
        {"weights": {CNN: -0.1}},
        {"weights": {}},
        {"threshold": {"value": 0.0, "positive": "pathology"}},
        {"threshold": {"value": 1.0, "positive": "pathology"}},
    ],
)
def test_a_rule_that_is_none_is_refused(change: dict[str, object]) -> None:
    """No weight below 0, and a threshold that both answers can reach."""
    with pytest.raises(ValueError, match=r"weight|threshold"):
        Rule.of({**RULE.plain(), **change})


def test_a_threshold_without_its_class_is_refused() -> None:
    """Whose probability it cuts must stand beside it."""
    with pytest.raises(KeyError, match="positive"):
        Rule.of({**RULE.plain(), "threshold": {"value": 0.4}})


@pytest.mark.parametrize(
    "change", [{"probability": 1.1}, {"middle": 0}, {"weight": -1}]
)
def test_impossible_nodule_evidence_is_refused(change: dict[str, float]) -> None:
    """It comes from another model's bundle."""
    with pytest.raises(ValueError, match="nodules"):
        NoduleEvidence(**{"probability": 0.5, **change})


def test_fitted_weights_follow_what_tells_and_leave_noise() -> None:
    """And the fitted probabilities are calibrated."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 2000)
    telling = 1 / (1 + np.exp(-(2.0 * (labels - 0.5) + rng.normal(0, 1, 2000))))
    bias, weights = fit_rule({"telling": telling, "noise": rng.random(2000)}, labels)
    assert weights["telling"] > 1.5
    assert weights["noise"] < 0.1
    rule = Rule(bias, weights, 0.5, "pathology")
    found = np.array(
        [
            rule.combine({"telling": t, "noise": 0.5}).probability
            for t in telling.tolist()
        ]
    )
    high = found > 0.8
    assert labels[high].mean() == pytest.approx(found[high].mean(), abs=0.05)


def test_a_misleading_score_gets_no_negative_weight() -> None:
    """The rule stays monotone whatever the cases say."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 500)
    wrong = np.clip(1 - labels + rng.normal(0, 0.2, 500), 0, 1)
    assert fit_rule({"wrong": wrong}, labels)[1]["wrong"] == 0


def test_cases_of_one_class_fit_nothing() -> None:
    """A rule fitted to them would say the same of everyone."""
    with pytest.raises(ValueError, match="both classes"):
        fit_rule({"telling": [0.1, 0.2]}, [1, 1])
