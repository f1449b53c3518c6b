"""From a profile beside its reference to one number, and to what it rests on.

::

    score = 1 / (1 + exp(-(b + sum over signs of w * log(1 + T))))

A *sign* is one quantity that leaves its band in one direction; ``T`` is the mean of
its excess, in standard deviations beyond the 5th or 95th percentile, over the quarter
of the levels where it is largest. No ``w`` is negative, so that more excess never
lowers the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from models.chest_ct.zprofile.profile import LEVELS, Curve, LungProfile
from models.chest_ct.zprofile.reference import Reference

SIGNS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "denser": ("mean_hu", 1),
        "more_air": ("mean_hu", -1),
        "dense_tissue": ("dense", 1),
        "ground_glass": ("ground_glass", 1),
        "emphysema": ("emphysema", 1),
        "right_larger": ("area_asymmetry", 1),
        "left_larger": ("area_asymmetry", -1),
        "right_denser": ("density_asymmetry", 1),
        "left_denser": ("density_asymmetry", -1),
        "narrower": ("area", -1),
    }
)
"""Name of a sign → its quantity, and the direction in which that leaves its band."""

WORST_LEVELS = LEVELS // 4
"""Levels over which the excess is averaged: disease has an extent, noise has none."""

MOST_SD = 12.0
"""Excess at a level counts up to here: one level does not outweigh all others."""

PENALTY = 1.0
"""Of the squared weights while they are fitted, so that signs that go together share
what they tell."""


@dataclass(frozen=True, slots=True)
class ZScore:
    """The score of one profile.

    Attributes
    ----------
    value
        0 to 1.
    shares
        Name of a sign → what it adds to the logit; only those that add something.
    levels
        Indices of the levels that the largest share rests on, from apex to base.
    """

    value: float
    shares: Mapping[str, float]
    levels: tuple[int, ...]

    @property
    def leading(self) -> str:
        """Return the sign that adds most; "" when none adds anything."""
        return max(self.shares, key=lambda sign: self.shares[sign], default="")


@dataclass(frozen=True, slots=True)
class Scoring:
    """The fitted formula."""

    bias: float
    weights: Mapping[str, float]

    def score(self, profile: LungProfile, reference: Reference) -> ZScore:
        """Return how far a profile leaves the reference."""
        curves = _excesses(profile, reference)
        shares = {
            sign: self.weights.get(sign, 0.0) * _extent(curve)
            for sign, curve in curves.items()
        }
        shares = {sign: share for sign, share in shares.items() if share > 0}
        value = float(expit(self.bias + sum(shares.values())))
        return ZScore(value, MappingProxyType(shares), _levels(shares, curves))


def signs_of(profile: LungProfile, reference: Reference) -> npt.NDArray[np.float64]:
    """Return ``(len(SIGNS),)``: the extent of each sign, from 0."""
    curves = _excesses(profile, reference)
    return np.array([_extent(curves[sign]) for sign in SIGNS])


def fit(
    signs: npt.NDArray[np.float64], labels: Sequence[int] | npt.NDArray[np.int_]
) -> Scoring:
    """Fit bias and weights to labelled profiles by penalised likelihood.

    Parameters
    ----------
    signs
        ``(n, len(SIGNS))`` from `signs_of`.
    labels
        ``(n,)``: 1 with disease, 0 without.

    Raises
    ------
    ValueError
        There is only one class.
    """
    truth = np.asarray(labels, float)
    if truth.min() == truth.max():
        raise ValueError("profiles with and without disease are needed")

    def loss(theta: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        logits = theta[0] + signs @ theta[1:]
        value = np.logaddexp(0.0, logits) - truth * logits
        error = expit(logits) - truth
        penalty = PENALTY * float(theta[1:] @ theta[1:])
        slope = np.concatenate(
            [[error.sum()], signs.T @ error + 2 * PENALTY * theta[1:]]
        )
        return float(value.sum()) + penalty, slope

    bounds = [(None, None), *[(0.0, None)] * len(SIGNS)]
    found = minimize(
        loss, np.zeros(1 + len(SIGNS)), jac=True, method="L-BFGS-B", bounds=bounds
    )
    weights = dict(zip(SIGNS, found.x[1:].tolist(), strict=True))
    return Scoring(float(found.x[0]), MappingProxyType(weights))


def _excesses(profile: LungProfile, reference: Reference) -> dict[str, Curve]:
    excess = reference.excess(profile)
    return {
        sign: np.clip(direction * excess[quantity], 0.0, MOST_SD)
        for sign, (quantity, direction) in SIGNS.items()
    }


def _extent(curve: Curve) -> float:
    return float(np.log1p(np.sort(curve)[-WORST_LEVELS:].mean()))


def _levels(
    shares: Mapping[str, float], curves: Mapping[str, Curve]
) -> tuple[int, ...]:
    if not shares:
        return ()
    curve = curves[max(shares, key=lambda sign: shares[sign])]
    worst = np.argsort(curve)[-WORST_LEVELS:]
    return tuple(sorted(int(level) for level in worst if curve[level] > 0))
