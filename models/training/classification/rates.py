"""What is right and what is wrong at a threshold, each rate with its interval."""

from __future__ import annotations

from dataclasses import dataclass

from models.training.classification.interval import Estimate, share
from models.training.classification.scored import Scored
from models.training.classification.threshold import Threshold


@dataclass(frozen=True, slots=True)
class Confusion:
    """Cases by truth and answer."""

    true_positive: int
    false_negative: int
    false_positive: int
    true_negative: int


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of right answers, with 95 % intervals.

    Attributes
    ----------
    sensitivity, specificity
        Of the cases that are of the class, and of the others.
    positive_value, negative_value
        Of the cases that are called so. They hold where the class is as frequent as
        among these cases, and nowhere else.
    accuracy
        Of all cases.
    """

    sensitivity: Estimate
    specificity: Estimate
    positive_value: Estimate
    negative_value: Estimate
    accuracy: Estimate


def confusion(scored: Scored, threshold: Threshold) -> Confusion:
    """Count the cases.

    Raises
    ------
    ValueError
        The threshold is of another class.
    """
    called, truth = threshold.called(scored), scored.truth
    return Confusion(
        true_positive=int((called & truth).sum()),
        false_negative=int((~called & truth).sum()),
        false_positive=int((called & ~truth).sum()),
        true_negative=int((~called & ~truth).sum()),
    )


def rates(scored: Scored, threshold: Threshold) -> Rates:
    """Return the rates.

    Raises
    ------
    ValueError
        The threshold is of another class.
    """
    called, truth, whose = threshold.called(scored), scored.truth, scored.patients
    return Rates(
        sensitivity=share(called, truth, whose),
        specificity=share(~called, ~truth, whose),
        positive_value=share(truth, called, whose),
        negative_value=share(~truth, ~called, whose),
        accuracy=share(called == truth, truth | ~truth, whose),
    )
