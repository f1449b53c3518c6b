"""Subjects pooled over folds, and two networks paired by case."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from models.hippocampus.cases.scores import METRICS, PARTS, CaseScores
from models.hippocampus.cases.summary import (
    Baseline,
    differences,
    metrics_object,
    summarise,
)

RECORD: Mapping[str, object] = {"network": "another", "epochs": 7, "settings": {}}


def build_scores(
    cases: int = 12, offset: float = 0.0, folds: int = 2, seed: int = 0
) -> list[CaseScores]:
    """Return scores of cases, two of each subject, better as they are served."""
    rng = np.random.default_rng(seed)
    found = []
    for case in range(cases):
        value = 0.85 + offset + float(rng.normal(0, 0.02))
        network, served = (
            {part: _metrics(each) for part in PARTS} for each in (value, value + 0.01)
        )
        subject = case // 2
        found.append(
            CaseScores(
                f"case{case}",
                subject,
                subject % folds,
                0.1 + case / 1e3,
                network,
                served,
            )
        )
    return found


def _metrics(value: float) -> dict[str, float]:
    """Return a metric for each name; errors of volume are small."""
    return {name: value / 10 if "volume" in name else value for name in METRICS}


def test_the_mean_is_over_cases_and_the_interval_over_subjects() -> None:
    """Numbers of both stand beside it."""
    scores = build_scores()

    found = summarise(scores)

    values = [each.network["whole"]["dice"] for each in scores]
    assert (found["cases"], found["subjects"]) == (12, 6)
    dice = found["whole"]["dice"]
    assert dice["mean"] == pytest.approx(np.mean(values), abs=1e-4)
    assert dice["low"] < dice["mean"] < dice["high"]
    served = summarise(scores, "served")["whole"]["dice"]["mean"]
    assert served == pytest.approx(dice["mean"] + 0.01, abs=2e-4)


def test_pairs_tell_what_means_do_not() -> None:
    """A small constant gain is certain, though the intervals of both overlap."""
    ours, theirs = build_scores(offset=0.004), build_scores()

    gain = differences(ours, theirs)["anterior"]["jaccard"]

    assert gain == pytest.approx({"mean": 0.004, "low": 0.004, "high": 0.004})
    assert (
        summarise(ours)["anterior"]["jaccard"]["low"]
        < (summarise(theirs)["anterior"]["jaccard"]["high"])
    )


def test_only_the_same_cases_are_compared() -> None:
    """A case that one of the two lacks is named."""
    with pytest.raises(ValueError, match="case11"):
        differences(build_scores(), build_scores(11))


def test_the_baseline_stands_beside_ours_on_its_own_fold() -> None:
    """Not beside the mean over all folds, which is of other cases."""
    scores = build_scores()
    theirs = [each for each in build_scores(offset=-0.1) if each.fold == 1]

    content = metrics_object(scores, "a split", Baseline(theirs, RECORD))

    beside = content["baseline"]
    assert (beside["folds"], beside["cases"], beside["epochs"]) == ([1], 6, 7)
    assert "settings" not in beside
    assert beside["shipped_recipe"] == {
        key: value for key, value in content["by_fold"][1].items() if key != "fold"
    }
    assert beside["difference"]["whole"]["dice"]["mean"] == pytest.approx(0.1)
    assert content["cases"] == 12
    assert "baseline" not in metrics_object(scores, "a split", None)


def test_an_interval_of_few_subjects_is_none() -> None:
    """Four draws of four would make it too narrow, and one of one a point."""
    few = summarise(build_scores(cases=8))["whole"]["dice"]

    assert few["mean"] == pytest.approx(0.85, abs=0.02)
    assert (few["low"], few["high"]) == (None, None)


def test_the_largest_entropy_is_the_limit_for_cases_to_come() -> None:
    """Of held-out cases, rounded as it is written."""
    assert metrics_object(build_scores(), "a split", None)["largest_entropy"] == 0.111
