"""The numbers of the report: volumes by structure, and what subjects share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.hippocampus.eda.cohort import subject_pairs
from models.hippocampus.eda.measurement import VOLUMES, Measured

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)

FEWEST_PAIRS = 3
"""Below this no correlation is given."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How one volume is distributed, in mm³.

    Attributes
    ----------
    percentiles
        At `PERCENTILES`, linearly interpolated.
    """

    n: int
    mean: float
    sd: float
    minimum: float
    maximum: float
    percentiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike the whole volumes of two files are.

    Attributes
    ----------
    n
        Pairs of files.
    correlation
        Pearson's r.
    difference_percent
        Mean of |V1 - V2| over their mean.
    second_larger
        Pairs in which the second file has the larger volume.
    """

    n: int
    correlation: float
    difference_percent: float
    second_larger: int


def distribution(values: Sequence[float]) -> Distribution:
    """Describe at least one value."""
    array = np.asarray(values, dtype=np.float64)
    return Distribution(
        n=len(array),
        mean=float(array.mean()),
        sd=float(array.std(ddof=1)) if len(array) > 1 else 0.0,
        minimum=float(array.min()),
        maximum=float(array.max()),
        percentiles=tuple(float(each) for each in np.percentile(array, PERCENTILES)),
    )


def volumes(cases: Sequence[Measured]) -> dict[str, Distribution]:
    """Return the distribution of each structure's volume; empty without cases."""
    if not cases:
        return {}
    return {
        structure: distribution([case.volumes_mm3[structure] for case in cases])
        for structure in VOLUMES
    }


def anterior_share(cases: Sequence[Measured]) -> Distribution:
    """Return the distribution of the anterior part's share, in percent."""
    shares = [
        100 * case.volumes_mm3["anterior"] / case.volumes_mm3["whole"] for case in cases
    ]
    return distribution(shares)


def two_sides(cases: Sequence[Measured]) -> Agreement | None:
    """Compare the two files of each subject that has both."""
    return _agreement(subject_pairs(cases))


def neighbours(cases: Sequence[Measured]) -> Agreement | None:
    """Compare files ``2k`` and ``2k + 1``: neighbours, but not of one subject.

    If these were as alike as the two files of a subject, the rule that says who is
    one subject would be wrong.
    """
    by_subject: dict[int, list[Measured]] = {}
    for case in cases:
        if case.subject is not None:
            by_subject.setdefault(case.subject, []).append(case)
    pairs = [
        (by_subject[subject][-1], by_subject[subject + 1][0])
        for subject in sorted(by_subject)
        if subject + 1 in by_subject
    ]
    return _agreement(pairs)


def _agreement(pairs: Sequence[tuple[Measured, Measured]]) -> Agreement | None:
    both = np.array([[case.volumes_mm3["whole"] for case in pair] for pair in pairs])
    if len(both) < FEWEST_PAIRS or not both.std(axis=0).all():
        return None
    apart = np.abs(both[:, 0] - both[:, 1]) / both.mean(axis=1)
    return Agreement(
        n=len(both),
        correlation=float(np.corrcoef(both.T)[0, 1]),
        difference_percent=100 * float(apart.mean()),
        second_larger=int(np.count_nonzero(both[:, 1] > both[:, 0])),
    )
