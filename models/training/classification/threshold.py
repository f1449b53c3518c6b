"""From which probability on the answer is yes, and of which class it speaks.

A threshold without its class can be applied to the probability of the other one, and
nothing would show it. So the two are one value, and every use names the class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from models.training.classification.roc import roc
from models.training.classification.scored import Floats, Scored

Rule = Literal["youden", "sensitivity"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound on the probability of one class.

    Attributes
    ----------
    value
        A probability of at least so much is positive; between 0 and 1.
    positive
        The class whose probability it is.
    rule
        How it was chosen, in words.

    Raises
    ------
    ValueError
        It is no probability, or of no class.
    """

    value: float
    positive: str
    rule: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 1:
            raise ValueError(f"a threshold lies between 0 and 1, not at {self.value}")
        if not self.positive:
            raise ValueError("a threshold needs the class that it speaks of")

    def calls(self, probability: float, positive: str) -> bool:
        """Return whether a case is called positive.

        Raises
        ------
        ValueError
            The probability is of another class than the threshold.
        """
        self._require(positive)
        return probability >= self.value

    def called(self, scored: Scored) -> npt.NDArray[np.bool_]:
        """Return which cases are called positive, ``(N,)``.

        Raises
        ------
        ValueError
            The cases are of another class than the threshold.
        """
        self._require(scored.positive)
        return np.asarray(scored.probability >= self.value)

    def plain(self) -> dict[str, Any]:
        """Return what a bundle states."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Threshold:
        """Return the threshold that a bundle states."""
        return cls(float(plain["value"]), plain["positive"], plain.get("rule", ""))

    def _require(self, positive: str) -> None:
        if positive != self.positive:
            raise ValueError(
                f"the threshold is of {self.positive!r}, the answer of {positive!r}"
            )


def choose(scored: Scored, rule: Rule, sensitivity: float = 0.9) -> Threshold:
    """Return the threshold that a rule finds best on these cases.

    It lies midway between the last probability that is called positive and the next
    lower one, so that a last bit decides nothing.

    Parameters
    ----------
    rule
        ``youden`` has the largest sum of sensitivity and specificity (Youden 1950);
        ``sensitivity`` the highest specificity at a sensitivity of at least so much.

    Raises
    ------
    ValueError
        All cases are of one class, or the wanted sensitivity is none.
    """
    curve = roc(scored)
    if rule == "youden":
        gain = curve.sensitivity - curve.false_positive_rate
        best = 1 + int(np.argmax(gain[1:]))  # the first point calls nobody positive
        return Threshold(_below(curve.probability, best), scored.positive, "Youden")
    if not 0 < sensitivity <= 1:
        raise ValueError(f"a wanted sensitivity lies in 0 to 1, not at {sensitivity}")
    reached = curve.sensitivity >= sensitivity - 1e-12  # counts divided may round
    words = f"sensitivity of at least {sensitivity:g}"
    first = int(np.argmax(reached))
    return Threshold(_below(curve.probability, first), scored.positive, words)


def _below(probability: Floats, number: int) -> float:
    """Return the middle between a probability, the highest at first, and the next."""
    here = min(float(probability[number]), 1.0)
    lower = float(probability[number + 1]) if number + 1 < len(probability) else 0.0
    middle = (here + lower) / 2
    return middle if middle > lower else here  # neighbours of the last bit
