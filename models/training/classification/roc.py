"""The ROC curve, the area under it, and the band in which it lies.

Equal probabilities are one point of the curve, so a network that says the same of
every case has the area 0.5, whatever the order of the cases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.training.classification.interval import Estimate, drawn, percentiles
from models.training.classification.scored import Floats, Scored

GRID = np.linspace(0, 1, 101)
"""False positive rates at which the band is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The points of a ROC curve, from none called positive to all.

    Attributes
    ----------
    false_positive_rate, sensitivity
        ``(K,)``, rising from 0 to 1.
    probability
        ``(K,)``, falling: from which probability on a case is called positive. The
        first is infinite.
    """

    false_positive_rate: Floats
    sensitivity: Floats
    probability: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Where 95 % of the curves of other samples lie, on `GRID`; each ``(101,)``."""

    low: Floats
    high: Floats


def roc(scored: Scored) -> Curve:
    """Return the curve.

    Raises
    ------
    ValueError
        All cases are of one class.
    """
    _require_both(scored)
    false, true, probability = _curves(scored, _once(scored))
    return Curve(false[0], true[0], probability)


def auc(scored: Scored) -> float:
    """Return the area under the curve; NaN where all cases are of one class."""
    if not scored.has_both:
        return math.nan
    false, true, _ = _curves(scored, _once(scored))
    return float(np.trapezoid(true[0], false[0]))


def auc_interval(scored: Scored, seed: int = 0) -> Estimate:
    """Return the area with its interval, by bootstrap over patients.

    Where the classes are apart every sample has the area 1, however few cases there
    are. What is not seen in n patients may be in more of them than none: the interval
    is then that of Clopper and Pearson (Biometrika 1934;26:404) for n of n, with n the
    patients of the class that has fewer.
    """
    if not scored.has_both:
        return Estimate(math.nan, math.nan, math.nan)
    value = auc(scored)
    if value in {0.0, 1.0}:
        least = 0.025 ** (1 / _fewest(scored))
        return Estimate(value, *((least, 1.0) if value else (0.0, 1 - least)))
    false, true, _ = _curves(scored, drawn(scored, seed=seed))
    return percentiles(value, np.asarray(np.trapezoid(true, false, axis=1)))


def _fewest(scored: Scored) -> int:
    """Return of how many patients the class is that has fewer."""
    patients = np.asarray(scored.patients)
    return min(
        np.unique(patients[scored.truth == is_class]).size for is_class in (True, False)
    )


def band(scored: Scored, seed: int = 0) -> Band:
    """Return the band of the curve, by bootstrap over patients.

    Raises
    ------
    ValueError
        All cases are of one class.
    """
    _require_both(scored)
    false, true, _ = _curves(scored, drawn(scored, seed=seed))
    curves = [np.interp(GRID, x, y) for x, y in zip(false, true, strict=True)]
    low, high = np.nanpercentile(curves, [2.5, 97.5], axis=0)
    return Band(low, high)


def _require_both(scored: Scored) -> None:
    if not scored.has_both:
        raise ValueError("a ROC curve needs cases of the class and others")


def _once(scored: Scored) -> Floats:
    return np.ones((1, len(scored.truth)))


def _curves(scored: Scored, times: Floats) -> tuple[Floats, Floats, Floats]:
    """Return false positive rates and sensitivities ``(R, K)``, probabilities ``(K,)``.

    Parameters
    ----------
    times
        ``(R, N)``, how often each case counts in each of ``R`` samples.
    """
    order = np.argsort(-scored.probability, kind="stable")
    probability, truth = scored.probability[order], scored.truth[order]
    last = np.flatnonzero(np.append(np.diff(probability) != 0, True))  # of its equals
    true = _running_share(times[:, order] * truth, last)
    false = _running_share(times[:, order] * ~truth, last)
    return false, true, np.concatenate([[np.inf], probability[last]])


def _running_share(counts: Floats, last: npt.NDArray[np.intp]) -> Floats:
    """Return ``(R, K)``: the share of each row's sum up to each of ``last``, from 0."""
    sums = np.cumsum(counts, axis=1)
    with np.errstate(invalid="ignore"):  # a sample without the class has no share
        shares = sums[:, last] / sums[:, -1:]
    return np.concatenate([np.zeros((len(counts), 1)), shares], axis=1)
