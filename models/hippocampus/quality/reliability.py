"""How well a reading would agree with a manual one, predicted without the truth.

The score is the whole hippocampus's expected Dice: a logistic curve over the signs of
quality (``signs.py``). Each sign may lower or raise it in one direction
only, the one that is known beforehand; how much is fitted on held-out readings
(``fitting.py``). The constants lie in
``training.reliability`` of the bundle; a bundle without them has no score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models.contract import Flag, Grade, Statement
from models.hippocampus.quality.signs import Signs

LABEL = "Reliability"

BETTER = {
    "expected_dice": 1,
    "expected_dice_anterior": 1,
    "expected_dice_posterior": 1,
    "entropy": -1,
    "rim_confidence": 1,
    "soft_excess": 0,
    "lost_share": -1,
    "border_share": -1,
    "log_volume": 0,
    "log_ratio": 0,
    "roughness": 0,
    "edge_contrast": 1,
}
"""Sign → whether more of it (1) or less (-1) is better, or the usual amount (0)."""

WORST, BEST = -8.0, 2.0
"""Bounds of a sign's merit: no sign can praise a reading out of all the others."""

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Constants of the score; one that exists can be computed.

    Attributes
    ----------
    names
        Signs that are used.
    centre, spread
        Of each sign on clean held-out cases.
    weight
        Of each sign's merit (`merits`), 0 or more.
    intercept
        The score's logit at the centre.
    grade_a, grade_b
        Lowest score of each grade.
    promise
        Grade → what it means, in words that stand in the report.
    """

    names: tuple[str, ...]
    centre: Numbers
    spread: Numbers
    weight: Numbers
    intercept: float
    grade_a: float
    grade_b: float
    promise: Mapping[str, str]

    def __post_init__(self) -> None:
        lengths = {len(x) for x in (self.centre, self.spread, self.weight)}
        if lengths != {len(self.names)} or not all(s > 0 for s in self.spread):
            raise ValueError("each sign needs a centre, a spread above 0 and a weight")
        if unknown := set(self.names) - set(BETTER):
            raise ValueError(f"unknown signs: {sorted(unknown)}")

    @classmethod
    def of(cls, content: Mapping[str, Any] | None) -> Reliability | None:
        """Read the ``training.reliability`` object of a bundle; None when it has none.

        Raises
        ------
        ValueError
            It is incomplete.
        """
        if content is None:
            return None
        try:
            constants = content["constants"]
            numbers = {
                name: tuple(constants[name])
                for name in ("names", "centre", "spread", "weight")
            }
            return cls(**{**constants, **numbers})
        except (KeyError, TypeError) as error:
            raise ValueError(f"training.reliability: {error!r}") from None

    def as_json(self) -> dict[str, Any]:
        """Return what `of` reads under ``constants``."""
        return asdict(self)

    def score(self, signs: Signs) -> float:
        """Return the expected Dice of the whole, 0 to 1; 0 for an empty mask."""
        if not signs:
            return 0.0
        found = merits(signs, self.names, self.centre, self.spread)
        logit = self.intercept + float(found @ self.weight)
        return 1 / (1 + float(np.exp(-np.clip(logit, -30, 30))))

    def grade(self, score: float) -> Grade:
        """Return the grade of a score."""
        if score >= self.grade_a:
            return Grade.A
        return Grade.B if score >= self.grade_b else Grade.C


def merits(
    signs: Signs, names: tuple[str, ...], centre: Numbers, spread: Numbers
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return how good each sign is, in spreads from its centre; 0 is usual."""
    values = np.array([signs[name] for name in names])
    better = np.array([BETTER[name] for name in names])
    far = (values - np.array(centre)) / np.array(spread)
    merit = np.where(better == 0, -np.abs(far), better * far)
    return np.asarray(merit.clip(WORST, BEST), dtype=np.float64)


def stated(reliability: Reliability | None, signs: Signs) -> Iterator[Statement]:
    """Yield the score in words; nothing where the bundle has no constants for it."""
    if reliability is None:
        return
    score = reliability.score(signs)
    promise = reliability.promise[reliability.grade(score)]
    yield Statement(LABEL, f"{score:.2f} (expected Dice of the whole). {promise}")


def doubts(reliability: Reliability | None, signs: Signs) -> Iterator[Flag]:
    """Yield what a low score means for the grade."""
    if reliability is None:
        return
    score = reliability.score(signs)
    if (cap := reliability.grade(score)) > Grade.A:
        yield Flag("low_reliability", f"Expected Dice only {score:.2f}.", cap)
