"""One patient in two kernels: the answer must not hang on the scanner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.chest_ct.aggregate import Z_PROFILE
from models.chest_ct.kinds import POSITIVE
from models.chest_ct.validation.evaluation.judged import (
    MODES,
    SCORES,
    Judged,
    Reading,
)
from models.chest_ct.validation.evaluation.strata import SHARP_FROM
from models.training.classification.roc import auc_interval
from models.training.classification.scored import Scored
from models.training.classification.threshold import Threshold

NEAR = 0.05
"""Difference of two probabilities of one patient that is allowed."""


def kernel_pairs(
    cases: Sequence[Judged], thresholds: Mapping[str, Threshold]
) -> dict[str, Any]:
    """Return how far the two readings of each patient lie apart.

    Returns
    -------
    dict
        ``pairs``; of each mode the median and the largest difference, the share of
        pairs within `NEAR` and of those with one decision; and the areas of diffuse
        disease in soft and in sharp kernels.
    """
    pairs = [
        (case.reading, case.twin)
        for case in cases
        if case.twin is not None and case.twin.scores
    ]
    return {
        "pairs": len(pairs),
        "modes": {
            mode: _apart(pairs, mode, thresholds[mode]) if pairs else None
            for mode in MODES
        },
        "diffuse": {
            "soft": _diffuse(cases, is_sharp=False),
            "sharp": _diffuse(cases, is_sharp=True),
        },
    }


def in_kernel(case: Judged, *, is_sharp: bool) -> Reading | None:
    """Return the reading of a study in a kernel of that kind; None without."""
    for reading in (case.reading, case.twin):
        if reading is None or not reading.scores or reading.sharpness is None:
            continue
        if (reading.sharpness >= SHARP_FROM) == is_sharp:
            return reading
    return None


def _apart(
    pairs: Sequence[tuple[Reading, Reading]], mode: str, threshold: Threshold
) -> dict[str, float]:
    said = np.array([[one.scores[mode], two.scores[mode]] for one, two in pairs])
    apart = np.abs(said[:, 0] - said[:, 1])
    called = [[threshold.calls(p, POSITIVE) for p in row] for row in said.tolist()]
    return {
        "median": round(float(np.median(apart)), 4),
        "largest": round(float(apart.max()), 4),
        "within": round(float((apart <= NEAR).mean()), 4),
        "same_decision": round(float(np.mean([a == b for a, b in called])), 4),
    }


def _diffuse(cases: Sequence[Judged], *, is_sharp: bool) -> dict[str, Any]:
    """Return the areas of diffuse disease against none, in one kind of kernel."""
    seen = [
        (case, reading)
        for case in cases
        if (case.diffuse or not case.is_positive)
        and (reading := in_kernel(case, is_sharp=is_sharp)) is not None
    ]
    positives = sum(case.is_positive for case, _ in seen)
    return {
        "positive": positives,
        "negative": len(seen) - positives,
        "auc": {
            name: _area(seen, name) if seen else None
            for name in SCORES
            if name in (*MODES, Z_PROFILE)
        },
    }


def _area(seen: Sequence[tuple[Judged, Reading]], name: str) -> dict[str, Any]:
    found = Scored(
        positive=POSITIVE,
        patients=[case.patient for case, _ in seen],
        truth=np.array([case.is_positive for case, _ in seen], np.bool_),
        probability=np.array([reading.scores[name] for _, reading in seen]),
    )
    return auc_interval(found).plain()
