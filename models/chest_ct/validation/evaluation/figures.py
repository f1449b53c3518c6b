"""Figures of held-out studies as plain values; None wherever nothing can be said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.chest_ct.aggregate import Z_PROFILE
from models.chest_ct.kinds import POSITIVE
from models.chest_ct.validation.evaluation.judged import (
    ALONE,
    MEAN_HU,
    MODES,
    Judged,
)
from models.chest_ct.validation.evaluation.pairs import kernel_pairs
from models.chest_ct.validation.evaluation.places import localisation
from models.chest_ct.validation.evaluation.strata import GROUPS
from models.training.classification.rates import rates
from models.training.classification.results import RATES, results
from models.training.classification.roc import auc_interval
from models.training.classification.scored import Scored
from models.training.classification.threshold import Threshold

TOLD = (
    "cases",
    "auc",
    "threshold",
    *RATES,
    "confusion",
    "brier",
    "expected_calibration_error",
)
"""Of the figures of a classification, those that are told of each mode."""

BESIDE = ("full", "fast", Z_PROFILE, MEAN_HU)
"""Whose areas stand beside one another in every row."""


def figures(
    judged: Sequence[Judged], thresholds: Mapping[str, Threshold]
) -> dict[str, Any]:
    """Return everything that is said of a bundle on held-out studies.

    Parameters
    ----------
    thresholds
        Of each of `MODES`, as the bundle states them.

    Raises
    ------
    ValueError
        No study was read, or a threshold is of another class.
    """
    cases = [case for case in judged if case.reading.scores]
    if not cases:
        raise ValueError("no study was read: there is nothing to judge")
    return {
        "positive": POSITIVE,
        "studies": len(judged),
        "patients": len({case.patient for case in judged}),
        "refused": dict(
            Counter(case.reading.refused for case in judged if not case.reading.scores)
        ),
        "modes": {mode: _mode(cases, mode, thresholds[mode]) for mode in MODES},
        "alone": {name: _alone(cases, name) for name in ALONE},
        "strata": {
            group: [row(name, some, thresholds) for name, some in divide(cases)]
            for group, divide in GROUPS.items()
        },
        "kernel_pairs": kernel_pairs(cases, thresholds),
        "places": localisation(cases, thresholds["full"]),
        "seconds": _seconds(cases),
    }


def row(
    name: str, cases: Sequence[Judged], thresholds: Mapping[str, Threshold]
) -> dict[str, Any]:
    """Return the figures of some studies; None wherever nothing can be said."""
    positives = sum(case.is_positive for case in cases)
    content: dict[str, Any] = {
        "name": name,
        "positive": positives,
        "negative": len(cases) - positives,
        "patients": len({case.patient for case in cases}),
        "auc": dict.fromkeys(BESIDE),
        "sensitivity": None,
        "specificity": None,
    }
    if not cases:
        return content
    found = rates(scored(cases, "full"), thresholds["full"])
    return content | {
        "auc": {score: auc_interval(scored(cases, score)).plain() for score in BESIDE},
        "sensitivity": found.sensitivity.plain(),
        "specificity": found.specificity.plain(),
    }


def scored(cases: Sequence[Judged], name: str) -> Scored:
    """Return what one of the scores says of the studies as they were scanned."""
    return Scored(
        positive=POSITIVE,
        patients=[case.patient for case in cases],
        truth=np.array([case.is_positive for case in cases], np.bool_),
        probability=np.array([case.reading.scores[name] for case in cases], np.float64),
    )


def _mode(cases: Sequence[Judged], mode: str, threshold: Threshold) -> dict[str, Any]:
    found = results(scored(cases, mode), threshold)
    return {name: found[name] for name in TOLD}


def _alone(cases: Sequence[Judged], name: str) -> dict[str, Any]:
    return {"auc": auc_interval(scored(cases, name)).plain()}


def _seconds(cases: Sequence[Judged]) -> dict[str, float]:
    seconds = [case.reading.seconds for case in cases]
    return {
        "median": round(float(np.median(seconds)), 2),
        "largest": round(max(seconds), 2),
    }
