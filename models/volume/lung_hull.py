"""What belongs to a lung although it holds no air.

Thresholding leaves out whatever is dense: consolidation, nodules at the pleura,
vessels. It is put back by geometry alone, in three steps from the safest on:

1. closing with a ball, which takes in vessels and small nodules at the pleura;
2. what lung surrounds within a slice;
3. gaps between lung above and below, when lung also lies on two opposite sides within
   the slice: heart, liver and mediastinum have no lung below them.

The ball is the "rolling ball" of Armato and Sensakovic (Acad Radiol 2004;11:1011).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.terms import Vector
from models.volume.lung_air import LABELS_IN_PLANE
from models.volume.lung_grid import Mask, box_of

BALL_MM = 8.0
"""Radius of the ball that closes the surface."""

GAP_MM = 45.0
"""Widest gap between two parts of a lung that counts as lung."""


def filled_lung(aerated: Mask, spacing_mm: Vector) -> Mask:
    """Return one lung with the dense tissue that lies inside it.

    Parameters
    ----------
    aerated
        ``(S, P, L)`` bool: the air of one lung on the coarse grid.
    """
    filled = aerated.copy()
    margin = int(BALL_MM / min(spacing_mm)) + 2
    box = box_of(aerated, margin)
    lung = closed(aerated[box], BALL_MM, spacing_mm)
    lung |= bridged(lung, spacing_mm)
    filled[box] = without_holes(lung)
    return filled


def closed(mask: Mask, radius_mm: float, spacing_mm: Vector) -> Mask:
    """Close a mask with a ball of a radius in millimetres."""
    if not mask.any():
        return mask
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing_mm)
    grown = outside <= radius_mm
    inside = ndimage.distance_transform_edt(grown, sampling=spacing_mm)
    result: Mask = mask | (inside > radius_mm)
    return result


def bridged(mask: Mask, spacing_mm: Vector) -> Mask:
    """Return what lies between lung above and below, and on two sides in its slice."""
    upright, back, across = (
        _between(mask, axis, spacing_mm[axis]) for axis in range(3)
    )
    return upright & (back | across)


def _between(mask: Mask, axis: int, step_mm: float) -> Mask:
    """Return what has lung before and behind it on a line, less than a gap apart."""
    size = mask.shape[axis]
    shape = [1, 1, 1]
    shape[axis] = size
    place = np.arange(size, dtype=np.int32).reshape(shape)
    before = np.maximum.accumulate(np.where(mask, place, -size), axis=axis)
    after = np.flip(np.where(mask, place, 2 * size), axis)
    after = np.flip(np.minimum.accumulate(after, axis=axis), axis)
    gap: Mask = (after - before) * step_mm <= GAP_MM
    return gap


def without_holes(mask: Mask) -> Mask:
    """Fill what the mask surrounds within a slice."""
    labels, count = ndimage.label(~mask, structure=LABELS_IN_PLANE)
    outside = np.zeros(count + 1, bool)
    for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        outside[np.unique(edge)] = True
    result: Mask = mask | ~outside[labels]
    return result


def fill_lungs(
    labels: npt.NDArray[np.uint8], spacing_mm: Vector, kept_out: Mask
) -> npt.NDArray[np.uint8]:
    """Fill both lungs; neither takes what is the other's, or what is kept out."""
    result = labels.copy()
    for side in np.unique(labels[labels > 0]):
        taken = filled_lung(labels == side, spacing_mm)
        result[taken & (result == 0) & ~kept_out] = side
    return result
