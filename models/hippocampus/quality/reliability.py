"""How well a reading would agree with a manual one, predicted without the truth.

The score is the whole hippocampus's expected Dice: a logistic curve over the signs of
quality (``signs.py``). Each sign may lower or raise it in one direction only, the one
that is known beforehand; how much is fitted on held-out readings. The constants lie in
``training.reliability`` of the bundle, with what the score was found to be worth
(``validation/reliability``); a bundle without them has no score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.hippocampus.quality.signs import Signs
from models.terms import Flag, Grade, Statement

LABEL = "Reliability"

Floats = npt.NDArray[np.float64]

BETTER = {
    "expected_dice": 1,
    "soft_excess": 0,
    "lost_share": -1,
    "border_share": -1,
    "log_volume": 0,
    "log_ratio": 0,
    "roughness": 0,
    "edge_contrast": 1,
}
"""Sign → whether more of it (1) or less (-1) is better, or the usual amount (0)."""

LOWEST = {Grade.A: 0.85, Grade.B: 0.70, Grade.C: 0.0}
"""Grade → its lowest score. Chosen, as is all in capitals here; what a grade of these
bounds is worth is measured."""

EASE = 0.02
"""Keeps the logit of a Dice of 0 or 1 finite: the curve runs from -EASE to 1 + EASE."""

TOLERATED = 2.0
"""Spreads by which a two-sided sign may differ from the usual: so far people do."""

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
    promise
        Grade → what held-out readings of that grade were worth, in words that stand
        in the report.
    limit
        What the score cannot tell, likewise; "" for nothing.
    """

    names: tuple[str, ...]
    centre: Numbers
    spread: Numbers
    weight: Numbers
    intercept: float
    promise: Mapping[str, str]
    limit: str = ""

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
        return dice_of(self.intercept + float(found @ self.weight))


def grade_of(score: float) -> Grade:
    """Return the grade of a score."""
    return next(grade for grade, lowest in LOWEST.items() if score >= lowest)


def dice_of(logit: float) -> float:
    """Return the Dice whose `logit_of` this is, within 0 to 1.

    >>> round(dice_of(float(logit_of(0.9))), 6), dice_of(99.0), dice_of(-99.0)
    (0.9, 1.0, 0.0)
    """
    eased = 1 / (1 + float(np.exp(-np.clip(logit, -30, 30))))
    return min(max((1 + 2 * EASE) * eased - EASE, 0.0), 1.0)


def logit_of(dice: npt.ArrayLike) -> Floats:
    """Return the logit of each Dice, finite for 0 and 1, too."""
    values = np.asarray(dice, dtype=np.float64)
    return np.asarray(np.log((values + EASE) / (1 + EASE - values)))


def merits(
    signs: Signs, names: tuple[str, ...], centre: Numbers, spread: Numbers
) -> Floats:
    """Return how good each sign is, in spreads; 0 is usual, and within tolerance."""
    values = np.array([signs[name] for name in names])
    better = np.array([BETTER[name] for name in names])
    far = (values - np.array(centre)) / np.array(spread)
    unusual = np.maximum(np.abs(far) - TOLERATED, 0.0)
    merit = np.where(better == 0, -unusual, better * far)
    return np.asarray(merit.clip(WORST, BEST), dtype=np.float64)


def stated(reliability: Reliability | None, signs: Signs) -> Iterator[Statement]:
    """Yield the score in words, or that the bundle has no constants for one."""
    if reliability is None:
        unknown = "Not known: the bundle states no score; look at the outline."
        yield Statement(LABEL, unknown, reason="reliability_unknown")
        return
    score = reliability.score(signs)
    said = f"{score:.2f} (expected Dice of the whole)."
    promise = reliability.promise[grade_of(score)]
    yield Statement(LABEL, " ".join(filter(None, [said, promise, reliability.limit])))


def doubts(reliability: Reliability | None, signs: Signs) -> Iterator[Flag]:
    """Yield what a low score means for the grade."""
    if reliability is None:
        return
    score = reliability.score(signs)
    if (cap := grade_of(score)) > Grade.A:
        yield Flag("low_reliability", f"Expected Dice only {score:.2f}.", cap)
