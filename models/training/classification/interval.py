"""How far a figure may be from the truth: 95 % intervals, by patient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.training.classification.scored import Floats, Scored

ROUNDS = 1000
"""Draws of a bootstrap."""

Z = 1.959963984540054
"""95 % of a normal distribution lie within so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; NaN is what cannot be said."""

    value: float
    low: float
    high: float

    def plain(self) -> dict[str, float | None]:
        """Return it for JSON, which has no NaN."""
        values = {"value": self.value, "low": self.low, "high": self.high}
        return {k: None if math.isnan(v) else v for k, v in values.items()}

    def __str__(self) -> str:
        """Return the figure and its interval as a person reads them."""
        if math.isnan(self.value):
            return "cannot be said"
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def share(
    chosen: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_], patients: Sequence[str]
) -> Estimate:
    """Return which share of some cases is chosen, with Wilson's interval (1927).

    The interval is of as many patients as would tell as much, each with one case,
    if all cases of a patient are alike (Kish 1965): all of them where each has equally
    many, fewer where some have more than others. So it is too wide rather than too
    narrow.

    Parameters
    ----------
    chosen, among
        ``(N,)``; the share is of those in both among those in the second.
    """
    total = int(among.sum())
    if not total:
        return Estimate(math.nan, math.nan, math.nan)
    p = int((chosen & among).sum()) / total
    _, cases = np.unique(np.asarray(patients)[among], return_counts=True)
    n = total**2 / float((cases**2).sum())
    centre = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    return Estimate(p, min(p, max(0.0, centre - half)), max(p, min(1.0, centre + half)))


def drawn(scored: Scored, rounds: int = ROUNDS, seed: int = 0) -> Floats:
    """Return how often each case is in each bootstrap sample, ``(rounds, N)``.

    Patients are drawn with all their cases, those with a case of the class apart from
    those without, so that every sample has as many of both as there are.
    """
    names, owner = np.unique(np.asarray(scored.patients), return_inverse=True)
    sick = np.zeros(len(names), dtype=np.bool_)
    np.logical_or.at(sick, owner, scored.truth)
    rng = np.random.default_rng(seed)
    times = np.zeros((rounds, len(names)))
    for stratum in (np.flatnonzero(sick), np.flatnonzero(~sick)):
        if len(stratum):
            equal = np.full(len(stratum), 1 / len(stratum))
            times[:, stratum] = rng.multinomial(len(stratum), equal, size=rounds)
    return np.asarray(times[:, owner], dtype=np.float64)


def percentiles(value: float, samples: Floats) -> Estimate:
    """Return a figure with the interval in which 95 % of its samples lie."""
    if math.isnan(value) or np.isnan(samples).all():
        return Estimate(value, math.nan, math.nan)
    low, high = np.nanpercentile(samples, [2.5, 97.5])
    return Estimate(value, float(low), float(high))
