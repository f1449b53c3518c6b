"""Making a probability of a network one that can be believed; the order stays.

Every map here is monotone: of two cases the one that was more likely is never less
likely afterwards, so no curve and no area changes, only what a figure means.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from scipy import optimize, special

from models.training.classification.scored import Floats, Scored

NEAR = 1e-7
"""How near to 0 and 1 a probability may be to have a logit."""


class Calibration(Protocol):
    """A monotone map of probabilities."""

    def __call__(self, probability: Floats) -> Floats:
        """Return the calibrated probabilities, in the same shape."""

    def plain(self) -> dict[str, Any]:
        """Return what a bundle states, and `calibration_of` reads."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """A line through the logits: Platt's scaling, or a temperature.

    Attributes
    ----------
    slope
        Above 0; the temperature is ``1 / slope``.
    offset
        0 where only a temperature is fitted.
    """

    slope: float
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not self.slope > 0:
            raise ValueError("a calibration keeps the order: its slope is above 0")

    def __call__(self, probability: Floats) -> Floats:
        """Return the calibrated probabilities."""
        return np.asarray(special.expit(self.slope * _logit(probability) + self.offset))

    def plain(self) -> dict[str, Any]:
        """Return what a bundle states."""
        return {"kind": "logistic", **asdict(self)}


@dataclass(frozen=True, slots=True)
class Isotonic:
    """Straight lines between knots that never fall; level beyond the last ones.

    Attributes
    ----------
    probability, calibrated
        Of the knots: the first rises, the second never falls.
    """

    probability: tuple[float, ...]
    calibrated: tuple[float, ...]

    def __post_init__(self) -> None:
        rises = all(np.diff(self.probability) > 0)
        if not rises or not all(np.diff(self.calibrated) >= 0):
            raise ValueError("a calibration keeps the order: its knots never fall")

    def __call__(self, probability: Floats) -> Floats:
        """Return the calibrated probabilities."""
        return np.interp(probability, self.probability, self.calibrated)

    def plain(self) -> dict[str, Any]:
        """Return what a bundle states."""
        return {"kind": "isotonic", **asdict(self)}


def calibration_of(plain: Mapping[str, Any]) -> Calibration:
    """Return the calibration that a bundle states.

    Raises
    ------
    ValueError
        Its kind is not known.
    """
    if plain["kind"] == "logistic":
        return Logistic(float(plain["slope"]), float(plain["offset"]))
    if plain["kind"] == "isotonic":
        return Isotonic(tuple(plain["probability"]), tuple(plain["calibrated"]))
    raise ValueError(f"a calibration is logistic or isotonic, not {plain['kind']!r}")


def platt(scored: Scored) -> Logistic:
    """Fit slope and offset (Platt 1999), with his targets short of 0 and 1.

    The slope stays above 0: where the answers are worse than chance it goes to 0.
    """
    positives = int(scored.truth.sum())
    negatives = len(scored.truth) - positives
    high, low = (positives + 1) / (positives + 2), 1 / (negatives + 2)
    targets = np.where(scored.truth, high, low)
    log_slope, offset = _fitted(
        lambda by: np.exp(by[0]) * _logit(scored.probability) + by[1], targets, 2
    )
    return Logistic(float(np.exp(log_slope)), float(offset))


def temperature(scored: Scored) -> Logistic:
    """Fit one temperature (Guo et al. 2017), which leaves one half where it is."""
    (log_slope,) = _fitted(
        lambda by: np.exp(by[0]) * _logit(scored.probability),
        scored.truth.astype(np.float64),
        1,
    )
    return Logistic(float(np.exp(log_slope)))


def isotonic(scored: Scored) -> Isotonic:
    """Fit the steps that never fall and are nearest to the truth (pool adjacent)."""
    knots, group, cases = np.unique(
        scored.probability, return_inverse=True, return_counts=True
    )
    shares = np.bincount(group, weights=scored.truth) / cases
    level = optimize.isotonic_regression(shares, weights=cases).x
    return Isotonic(tuple(knots.tolist()), tuple(level.tolist()))


def _fitted(
    logits: Callable[[Floats], Floats], targets: Floats, parameters: int
) -> Floats:
    """Return the parameters of least cross-entropy; the first is bounded by e^±7."""

    def cost(by: Floats) -> float:
        z = logits(by)
        return float(np.mean(np.logaddexp(0, z) - targets * z))

    bounds = [(-7.0, 7.0), (-20.0, 20.0)][:parameters]
    found = optimize.minimize(cost, np.zeros(parameters), bounds=bounds)
    return np.asarray(found.x, dtype=np.float64)


def _logit(probability: Floats) -> Floats:
    return np.asarray(special.logit(np.clip(probability, NEAR, 1 - NEAR)))
