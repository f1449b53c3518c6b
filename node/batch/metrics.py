"""How often a model was right, where the truth is known; with intervals of 95 %.

Only studies with a result are counted: one that could not be read is neither right nor
wrong, and stands apart. Numpy alone; every figure of a few studies has an interval
that says how few they were, also where all of them were right.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from node.batch.entry import Entry
from node.batch.tally import is_copy

Z = 1.959964
"""Quantile 0.975 of the normal distribution: an interval of 95 %."""

BISECTIONS = 60
"""Halvings until a limit is exact to the last digit that is printed, and far beyond."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its limits; ``hits`` of ``of`` for one that is a share."""

    value: float
    low: float
    high: float
    hits: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """What the results of a run are worth against a truth.

    Attributes
    ----------
    true_positive, false_positive, true_negative, false_negative
        Studies with a result and a known truth; pathology is the positive class.
    failed_positive, failed_negative
        Studies without a result whose truth is known, by it; in no figure.
    without_truth
        Studies with a result about which the truth says nothing; in no figure.
    auc
        None unless both classes were read.
    """

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int
    failed_positive: int
    failed_negative: int
    without_truth: int
    auc: Interval | None

    @property
    def studies(self) -> int:
        """Number of studies that the figures rest on."""
        return self.true_positive + self.false_negative + self._negatives

    @property
    def _negatives(self) -> int:
        return self.true_negative + self.false_positive

    @property
    def sensitivity(self) -> Interval | None:
        """Share of those with pathology that were suspected."""
        return wilson(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> Interval | None:
        """Share of those without pathology that were not suspected."""
        return wilson(self.true_negative, self._negatives)

    @property
    def accuracy(self) -> Interval | None:
        """Share of right answers."""
        return wilson(self.true_positive + self.true_negative, self.studies)

    @property
    def ppv(self) -> Interval | None:
        """Share of the suspected that have pathology, as frequent as it is here."""
        return wilson(self.true_positive, self.true_positive + self.false_positive)

    @property
    def npv(self) -> Interval | None:
        """Share of the others that have none, as frequent as it is here."""
        return wilson(self.true_negative, self.true_negative + self.false_negative)


FIGURES = ("auc", "sensitivity", "specificity", "accuracy", "ppv", "npv")
"""Those of ``Metrics`` that are intervals, in the order in which they are told."""


def metrics_of(entries: Iterable[Entry]) -> Metrics:
    """Compare the first classification of each study with its truth.

    A study of which several series were read counts once, by the most suspicious.

    Parameters
    ----------
    entries
        Of one model.
    """
    told = list(_studies(entries))
    pairs = [
        (entry.truth, entry.answer)
        for entry in told
        if entry.truth is not None and entry.answer is not None
    ]
    failed = [entry.truth for entry in told if entry.answer is None]
    outcomes = [(truth, answer.is_positive) for truth, answer in pairs]
    return Metrics(
        true_positive=outcomes.count((1, True)),
        false_positive=outcomes.count((0, True)),
        true_negative=outcomes.count((0, False)),
        false_negative=outcomes.count((1, False)),
        failed_positive=failed.count(1),
        failed_negative=failed.count(0),
        without_truth=sum(e.truth is None and e.answer is not None for e in told),
        auc=auc(
            [answer.probability for truth, answer in pairs if truth == 1],
            [answer.probability for truth, answer in pairs if truth == 0],
        ),
    )


def _studies(entries: Iterable[Entry]) -> Iterable[Entry]:
    """Return one entry for each study, and for each input in which none was found.

    A copy of what is read under another name is left out: its study counts there.
    """
    told: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if is_copy(entry):
            continue
        uid = entry.study_instance_uid
        key = (uid, "" if uid else entry.path)
        told[key] = max(told.get(key, entry), entry, key=_probability)
    return told.values()


def _probability(entry: Entry) -> float:
    return entry.answer.probability if entry.answer else -1.0


def wilson(hits: int, of: int) -> Interval | None:
    """Return a share with Wilson's score interval (1927); None of nothing.

    >>> found = wilson(9, 10)
    >>> round(found.low, 3), round(found.high, 3)
    (0.596, 0.982)
    """
    if not of:
        return None
    share, weight = hits / of, Z * Z / of
    centre = share + weight / 2
    half = Z * math.sqrt(share * (1 - share) / of + weight / of / 4)
    low, high = (centre - half) / (1 + weight), (centre + half) / (1 + weight)
    # A limit may be rounded past the share, of all or none of the hits.
    return Interval(
        share, max(min(low, share), 0.0), min(max(high, share), 1.0), hits, of
    )


def auc(positives: Sequence[float], negatives: Sequence[float]) -> Interval | None:
    """Return how often a positive has the larger probability; equal ones count half.

    The interval inverts the score of Hanley and McNeil's variance in the balanced form
    of Newcombe (Stat Med 2006;25:559-573, method 5): it has a width where a few studies
    were told apart without an error, as Wilson's has.

    Parameters
    ----------
    positives, negatives
        Probabilities of the studies with and without pathology.
    """
    if not positives or not negatives:
        return None
    area = _area(np.asarray(positives), np.sort(negatives))
    return Interval(
        area,
        _limit(area, 0.0, len(positives), len(negatives)),
        _limit(area, 1.0, len(positives), len(negatives)),
    )


def _area(
    positives: npt.NDArray[np.float64], ordered: npt.NDArray[np.float64]
) -> float:
    below = np.searchsorted(ordered, positives, side="left")
    not_above = np.searchsorted(ordered, positives, side="right")
    return float((below + not_above).mean() / 2 / len(ordered))


def _limit(area: float, end: float, positives: int, negatives: int) -> float:
    """Return the area between ``area`` and ``end`` that is just not refuted."""
    refuted, possible = end, area
    for _ in range(BISECTIONS):
        middle = (refuted + possible) / 2
        spread = Z * math.sqrt(_variance(middle, positives, negatives))
        if abs(area - middle) > spread:
            refuted = middle
        else:
            possible = middle
    return possible


def _variance(area: float, positives: int, negatives: int) -> float:
    """Return the variance of an area that is measured in so many studies."""
    balanced = (positives + negatives) / 2 - 1
    spread = 1 + balanced * ((1 - area) / (2 - area) + area / (1 + area))
    return area * (1 - area) * spread / (positives * negatives)
