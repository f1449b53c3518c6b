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
from models.volume.lung_grid import CoarseImage, Mask, box_of
from models.volume.lung_wall import walled

BALL_MM = 10.0
"""Radius of the ball that closes the surface."""

BONE_HU = 250.0
"""Denser coarse voxels are bone, or vessels full of contrast medium."""

GAP_MM = 50.0
"""Widest gap between two parts of a lung that counts as lung."""


def closed(mask: Mask, radius_mm: float, spacing_mm: Vector) -> Mask:
    """Close a mask with a ball of a radius in millimetres, as far as the grid goes."""
    box = box_of(mask, margin=int(radius_mm / min(spacing_mm)) + 2)
    part = mask[box]
    if not part.any():
        return mask
    outside = ndimage.distance_transform_edt(~part, sampling=spacing_mm)
    inside = ndimage.distance_transform_edt(outside <= radius_mm, sampling=spacing_mm)
    result = mask.copy()
    result[box] |= inside > radius_mm
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


def _axis(labels: npt.NDArray[np.uint8], middle: float) -> tuple[float, float]:
    """Return the middle between the lungs, ``(back, left)`` in coarse voxels.

    Sideways it is the median, over the slices that both reach, of the middle between
    their outer walls: what is ill on one side only moves it little.
    """
    back = float(np.nonzero(labels)[1].mean())
    columns = np.asarray(labels.any(axis=1))
    both = (labels == 1).any(axis=(1, 2)) & (labels == 2).any(axis=(1, 2))
    if not both.any():
        return back, middle
    first = columns[both].argmax(axis=1)
    last = columns.shape[1] - 1 - columns[both][:, ::-1].argmax(axis=1)
    return back, float(np.median(first + last) / 2)


def fill_lungs(
    labels: npt.NDArray[np.uint8],
    image: CoarseImage,
    airways: Mask,
    middle: float,
) -> npt.NDArray[np.uint8]:
    """Fill both lungs; neither takes what is the other's, bone or an airway."""
    spacing_mm = image.spacing_mm
    result = labels.copy()
    box = box_of(labels > 0, margin=int(BALL_MM / min(spacing_mm)) + 2)
    inner, free = result[box], (image.array[box] < BONE_HU) & ~airways[box]
    lungs = {
        int(side): closed(inner == side, BALL_MM, spacing_mm)
        for side in np.unique(inner[inner > 0])
    }
    centre = _axis(inner, middle - box[2].start)
    walls = walled(lungs, centre, spacing_mm)
    for side, lung in lungs.items():
        whole = lung | (walls[side] & free & (inner == 0))
        whole |= bridged(whole, spacing_mm)
        inner[without_holes(whole) & (inner == 0) & free] = side
    return result
