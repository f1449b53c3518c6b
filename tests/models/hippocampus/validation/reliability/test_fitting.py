"""The score is fitted on some subjects and judged on others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.hippocampus.validation.reliability.fitting import (
    correlation,
    cross_validated,
    fit,
    graded,
)
from models.hippocampus.validation.robustness.trial import Trial, as_line
from models.terms import Grade
from tests.models.hippocampus.validation.reliability.readings import trials


def test_the_sign_that_tells_gets_the_weight() -> None:
    """And none speaks against its own direction."""
    constants = fit(trials())

    weights = dict(zip(constants.names, constants.weight, strict=True))
    assert max(weights, key=lambda name: weights[name]) == "expected_dice"
    assert min(weights.values()) >= 0


def test_the_score_is_the_dice_where_a_sign_tells_it() -> None:
    """On subjects that it was not fitted on: neither too high nor too low."""
    scored = cross_validated(trials())

    errors = [one.score - one.trial.dice["whole"] for one in scored]
    assert abs(np.mean(errors)) < 0.002
    assert np.std(errors) < 0.02


def test_no_reading_is_scored_by_constants_that_saw_its_fold() -> None:
    """A fold whose truth is turned round does not change its own scores."""
    honest = trials()
    turned = [
        Trial(**{**as_line(t), "dice": {"whole": 1 - t.dice["whole"]}})  # type: ignore[arg-type]  # of a trial's own fields
        if t.fold == 0
        else t
        for t in honest
    ]

    before, after = (
        [one.score for one in cross_validated(found) if one.trial.fold == 0]
        for found in (honest, turned)
    )

    assert before == after


def test_a_single_fold_is_dealt_into_groups_of_subjects() -> None:
    """Both readings of a subject are scored, by constants of other subjects."""
    found = trials(folds=1)

    scored = cross_validated(found)

    assert len(scored) == len(found)


def test_the_correlation_has_an_interval_over_subjects() -> None:
    """High where a sign tells the truth; the interval holds the value."""
    scored = cross_validated(trials())

    for kind in ("spearman", "pearson"):
        found = correlation(scored, kind, rounds=200)
        assert found.value > 0.9
        assert found.low <= found.value <= found.high


def test_a_table_is_graded_by_constants_that_saw_nothing_of_it() -> None:
    """A low score lowers the grade that the flags gave, and raises none."""
    found = trials()

    shown = graded(found)
    poor = [t for t in shown if t.dice["whole"] < 0.65]

    assert {t.grade for t in shown} == {"A", "B", "C"}
    assert {t.grade for t in poor} == {"C"}
    assert {t.grade for t in graded([replace(t, grade=Grade.C) for t in found])} == {
        "C"
    }


def test_too_few_readings_are_refused() -> None:
    """No constants out of nine cases."""
    with pytest.raises(ValueError, match="too few"):
        fit(trials(subjects=9))
