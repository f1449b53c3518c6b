"""The standard error of measurement from repeated readings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from models.hippocampus.interpretation.progression.noise import Spread

ROUNDS = 2000
"""Of the bootstrap."""


def spread(readings: Mapping[str, Sequence[Sequence[float]]], seed: int = 0) -> Spread:
    """Return the pooled SEM in % of the volume, its interval over subjects.

    The standard deviation of the logarithms of repeated readings of one case is its
    relative error; variances, not deviations, are averaged over the cases.

    Parameters
    ----------
    readings
        Subject → for each of the cases its repeated volumes, at least two, above 0.

    Raises
    ------
    ValueError
        A case was read once only, or a volume is not above 0.
    """
    sums, counts = _variances(readings)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(sums), size=(ROUNDS, len(sums)))
    rounds = _percent(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    low, high = np.percentile(rounds, [2.5, 97.5])
    pooled = _percent(sums.sum() / counts.sum())
    return Spread(float(pooled), float(low), float(high))


def _variances(
    readings: Mapping[str, Sequence[Sequence[float]]],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return sums of the cases' variances, and how many cases, by subject."""
    sums, counts = [], []
    for cases in readings.values():
        variances = []
        for volumes in cases:
            if len(volumes) < 2 or min(volumes) <= 0:
                raise ValueError("a spread needs two readings above 0 of each case")
            variances.append(float(np.var(np.log(volumes), ddof=1)))
        sums.append(sum(variances))
        counts.append(float(len(variances)))
    return np.array(sums), np.array(counts)


def _percent(variance: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 100 * np.sqrt(variance)
