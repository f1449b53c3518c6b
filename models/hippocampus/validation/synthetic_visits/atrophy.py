"""A smooth warp that shrinks a labelled hippocampus by a known amount.

The surface moves along the gradient of its smoothed signed distance, and the motion
fades on both sides: tissue thins or grows at the border as in atrophy, fluid and
white matter follow, and far away nothing moves. The map has no fold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, optimize

from models.hippocampus.findings import STRUCTURES

Field = npt.NDArray[np.float64]

SMOOTH_VOXELS = 1.5
"""Of the distance: rounds the ridge along the middle, where its gradient jumps."""

FADE_VOXELS = 4.0
"""The motion falls off with this standard deviation of distance from the surface."""

FINE = 2
"""Points per voxel and axis at which volumes are counted."""

FARTHEST_VOXELS = 3.0
"""Amplitudes are searched up to here, either way."""

REACH = 4
"""Voxels around the mask within which volumes are counted: beyond the farthest."""


@dataclass(frozen=True, slots=True)
class Warp:
    """Backward displacement, and what it does to the volumes.

    Attributes
    ----------
    field
        ``(3, D, H, W)`` voxels: the deformed image at x shows the original at
        x + field(x).
    ratios
        Name of the structure → its volume after over before, counted on a fine grid.
    least_jacobian
        Smallest local change of volume of the backward map; above 0 it has no fold.
    """

    field: Field
    ratios: dict[str, float]
    least_jacobian: float


def atrophy(labels: npt.NDArray[np.uint8], ratio: float) -> Warp:
    """Return the warp that leaves ``ratio`` of the whole hippocampus.

    Parameters
    ----------
    labels
        ``(D, H, W)``: 0 background, 1 anterior, 2 posterior.
    ratio
        Volume after over before: 0.9 for a loss of a tenth.

    Raises
    ------
    ValueError
        No amplitude reaches the ratio, or the warp would fold.
    """
    direction = _outwards(labels > 0)
    points = _fine_points(labels > 0)
    there = _sampled(direction, points)
    parts = {s.name: np.isin(labels, s.labels).astype(float) for s in STRUCTURES}
    whole = (labels > 0).astype(float)
    total = _volume(whole, points)

    def missed(amplitude: float) -> float:
        return _volume(whole, points + amplitude * there) / total - ratio

    if missed(-FARTHEST_VOXELS) * missed(FARTHEST_VOXELS) > 0:
        raise ValueError(f"no warp leaves {ratio:.2f} of this hippocampus")
    amplitude = float(
        optimize.brentq(missed, -FARTHEST_VOXELS, FARTHEST_VOXELS, xtol=1e-3)
    )
    least = float(_jacobian(amplitude * direction).min())
    if least <= 0:
        raise ValueError(f"the warp to {ratio:.2f} folds")
    warped = points + amplitude * there
    ratios = {n: _volume(p, warped) / _volume(p, points) for n, p in parts.items()}
    return Warp(amplitude * direction, ratios, least)


def _outwards(mask: npt.NDArray[np.bool_]) -> Field:
    """Return the fading direction away from the mask, ``(3, D, H, W)``."""
    outside = ndimage.distance_transform_edt(~mask)
    inside = ndimage.distance_transform_edt(mask)
    distance = ndimage.gaussian_filter(
        np.asarray(outside) - np.asarray(inside), SMOOTH_VOXELS, mode="nearest"
    )
    fade = np.exp(-0.5 * (distance / FADE_VOXELS) ** 2)
    return np.asarray(np.array(np.gradient(distance)) * fade)


def _fine_points(mask: npt.NDArray[np.bool_]) -> Field:
    """Return ``FINE`` points per voxel and axis wherever the mask may come to lie.

    Points beyond the crop see its edge repeated, so a part that touches the edge is
    cut there before and after alike.
    """
    inside = np.argwhere(mask)
    low = np.maximum(inside.min(axis=0) - REACH, 0) - 0.5
    high = np.minimum(inside.max(axis=0) + REACH + 1, mask.shape) - 0.5
    steps = [
        np.arange(first + 0.5 / FINE, last, 1 / FINE)
        for first, last in zip(low, high, strict=True)
    ]
    return np.stack(np.meshgrid(*steps, indexing="ij"))


def _sampled(field: Field, points: Field) -> Field:
    return np.stack(
        [
            np.asarray(ndimage.map_coordinates(part, points, order=1, mode="nearest"))
            for part in field
        ]
    )


def _volume(part: Field, points: Field) -> float:
    """Return the volume of a soft mask seen at fine points, in voxels."""
    return float(_sampled(part[None], points).sum()) / FINE**3


def _jacobian(field: Field) -> Field:
    """Return the determinant of the derivative of x + field(x), ``(D, H, W)``."""
    rows = [np.array(np.gradient(field[axis])) for axis in range(3)]
    derivative = np.moveaxis(np.stack(rows), (0, 1), (-2, -1)) + np.eye(3)
    return np.asarray(np.linalg.det(derivative))
