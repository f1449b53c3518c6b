"""How good a label map is, with what uncertainty. Numpy and scipy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]


def dice(predicted: Mask, truth: Mask) -> float:
    """Return the overlap of two masks, 0 to 1; 1 when both are empty."""
    size = int(predicted.sum()) + int(truth.sum())
    return 2.0 * int((predicted & truth).sum()) / size if size else 1.0


def hd95_mm(
    predicted: Mask, truth: Mask, spacing_mm: tuple[float, float, float]
) -> float:
    """Return the 95th percentile of the distances between two surfaces.

    Both directions are pooled. Infinite when exactly one mask is empty.

    Parameters
    ----------
    predicted, truth
        ``(D, H, W)``.
    spacing_mm
        ``(d, h, w)`` in millimetres.
    """
    if not predicted.any() and not truth.any():
        return 0.0
    if not predicted.any() or not truth.any():
        return float("inf")
    there = _surface_distances_mm(predicted, truth, spacing_mm)
    back = _surface_distances_mm(truth, predicted, spacing_mm)
    return float(np.percentile(np.concatenate([there, back]), 95))


def _surface_distances_mm(
    source: Mask, target: Mask, spacing_mm: tuple[float, float, float]
) -> npt.NDArray[np.float64]:
    distance = ndimage.distance_transform_edt(~_surface(target), sampling=spacing_mm)
    return np.asarray(distance[_surface(source)], dtype=np.float64)


def _surface(mask: Mask) -> Mask:
    return mask & ~ndimage.binary_erosion(mask)


def bootstrap_mean(
    values: Mapping[str, Sequence[float]], seed: int = 0, rounds: int = 2000
) -> dict[str, float]:
    """Return mean and 95 % interval, resampling subjects with all their cases.

    Parameters
    ----------
    values
        Subject → one value per case of that subject. Cases of one subject are not
        independent, so subjects are drawn, not cases.

    Returns
    -------
    dict
        ``mean``, ``low``, ``high``.
    """
    sums = np.array([sum(cases) for cases in values.values()], dtype=np.float64)
    counts = np.array([len(cases) for cases in values.values()], dtype=np.float64)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(sums), size=(rounds, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    mean = float(sums.sum() / counts.sum())
    return {"mean": mean, "low": float(low), "high": float(high)}
