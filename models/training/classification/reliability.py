"""Whether a probability is one: of ten cases that get 0.8, eight are of the class."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.training.classification.interval import Estimate, share
from models.training.classification.scored import Scored

BINS = 10
"""Of equal width, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases whose probability lies in a range.

    Attributes
    ----------
    low, high
        Of the range; the last one holds its upper bound.
    cases
        How many there are.
    mean
        Of their probabilities; NaN where there is none.
    positive
        Share that is of the class.
    """

    low: float
    high: float
    cases: int
    mean: float
    positive: Estimate


def reliability(scored: Scored, bins: int = BINS) -> tuple[Bin, ...]:
    """Return the bins of a reliability diagram, the lowest first."""
    edges = np.linspace(0, 1, bins + 1)
    number = np.minimum((scored.probability * bins).astype(int), bins - 1)
    found = []
    for index, (low, high) in enumerate(pairwise(edges)):
        here = number == index
        mean = float(scored.probability[here].mean()) if here.any() else math.nan
        positive = share(scored.truth, here, scored.patients)
        found.append(Bin(float(low), float(high), int(here.sum()), mean, positive))
    return tuple(found)


def expected_error(scored: Scored, bins: int = BINS) -> float:
    """Return the expected calibration error (Naeini et al. 2015), 0 to 1.

    It is the mean distance between probability and share over the bins, each by its
    cases. With few cases it is above 0 even for perfect probabilities.
    """
    gaps = [
        each.cases * abs(each.mean - each.positive.value)
        for each in reliability(scored, bins)
        if each.cases
    ]
    return sum(gaps) / len(scored.truth)


def brier(scored: Scored) -> float:
    """Return the mean squared distance from the truth (Brier 1950), 0 to 1."""
    return float(np.square(scored.probability - scored.truth).mean())
