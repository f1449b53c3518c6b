"""How often each case is drawn: the sampler ``weighted`` of a recipe. No torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Protocol


class Weighted(Protocol):
    """Cases that say how often each of them is drawn."""

    @property
    def weights(self) -> Sequence[float]:
        """Return a number for each case: twice as large, drawn twice as often."""


def balanced(labels: Sequence[Hashable]) -> list[float]:
    """Return weights by which every class is drawn equally often.

    >>> balanced(["sick", "well", "well", "well"])
    [0.5, 0.16666666666666666, 0.16666666666666666, 0.16666666666666666]
    """
    counts = Counter(labels)
    return [1 / len(counts) / counts[label] for label in labels]


def weights_of(cases: object) -> Sequence[float]:
    """Return the weights of cases that are to be drawn by them.

    Raises
    ------
    ValueError
        The cases have none.
    """
    weights: Sequence[float] | None = getattr(cases, "weights", None)
    if weights is None:
        raise ValueError(
            "sampler is weighted, but the cases of this model have no weights"
        )
    return weights
