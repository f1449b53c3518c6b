"""Whether small hippocampi are read too large, and large ones too small.

A mean bias of 0 may be two opposite errors, and the small ones are the patients. A part
of what is found here is the truth's own: where an outline was drawn a little small, a
perfect reading looks a little large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from models.hippocampus.cases.scores import CaseScores
from models.hippocampus.cases.summary import DIGITS, counts, interval
from models.training.metrics import FEWEST_SUBJECTS

QUARTERS = 4

ROUNDS = 2000
"""Of the bootstrap."""

Floats = npt.NDArray[np.float64]


def by_volume(
    scores: Sequence[CaseScores], truth_mm3: Mapping[str, float]
) -> dict[str, Any]:
    """Return the bias of the whole by quarter of its true volume, and the slope.

    Parameters
    ----------
    truth_mm3
        Name of a case → true volume of the whole.

    Returns
    -------
    dict
        ``quarters``, the smallest volumes first, each with ``mm3`` (its ends),
        ``cases``, ``subjects`` and ``volume_bias``; ``slope`` of the logarithm of the
        measured volume on that of the true one, 1 where size makes no difference;
        None where that cannot be told. Intervals are 95 % over subjects.
    """
    ordered = sorted(scores, key=lambda each: truth_mm3[each.case])
    parts = np.array_split(np.arange(len(ordered)), min(QUARTERS, len(ordered)))
    quarters = [_quarter([ordered[i] for i in part], truth_mm3) for part in parts]
    return {"quarters": quarters, "slope": _slope(ordered, truth_mm3)}


def _quarter(
    scores: Sequence[CaseScores], truth_mm3: Mapping[str, float]
) -> dict[str, Any]:
    biases = {each.case: each.network["whole"]["volume_bias"] for each in scores}
    ends = (truth_mm3[scores[index].case] for index in (0, -1))
    return {
        "mm3": [round(end) for end in ends],
        **counts(scores),
        "volume_bias": interval(scores, biases),
    }


def _slope(
    scores: Sequence[CaseScores], truth_mm3: Mapping[str, float]
) -> dict[str, float] | None:
    """Return the slope with its interval; None of few subjects or an empty reading."""
    ratio = np.array([1 + each.network["whole"]["volume_bias"] for each in scores])
    subjects = sorted({each.subject for each in scores})
    if len(subjects) < FEWEST_SUBJECTS or ratio.min() <= 0:
        return None
    x = np.log([truth_mm3[each.case] for each in scores])
    x -= x.mean()
    terms = np.stack([np.ones_like(x), x, x + np.log(ratio), x * x], axis=1)
    terms = np.column_stack([terms, terms[:, 1] * terms[:, 2]])
    of_subject = np.array([each.subject for each in scores])
    sums = np.array([terms[of_subject == subject].sum(axis=0) for subject in subjects])
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(sums), size=(ROUNDS, len(sums)))
    low, high = np.nanpercentile(_least_squares(sums[drawn].sum(axis=1)), [2.5, 97.5])
    found = {"mean": _least_squares(sums.sum(axis=0)), "low": low, "high": high}
    return {name: round(float(value), DIGITS) for name, value in found.items()}


def _least_squares(sums: Floats) -> Floats:
    """Return slopes of sums ``(..., 5)``: of 1, x, y, x², xy; NaN of one point."""
    n, x, y, xx, xy = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((n * xy - x * y) / (n * xx - x * x))
