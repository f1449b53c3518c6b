"""What belongs to a lung although it holds no air.

Thresholding leaves out whatever is dense. It is put back from four sides, none of
which is enough alone:

1. what lies between the air and the fitted wall of the chest (`lungs.wall`), unless it
   is a thin layer: the wall is not fitted better than that;
2. what the learned shape of a lung holds (`lungs.shape`), which knows the heart, the
   diaphragm and the other lung, and ends a lung to within a cell;
3. closing all of it with a ball, which takes in vessels and nodules at the pleura: the
   "rolling ball" of Armato and Sensakovic (Acad Radiol 2004;11:1011); and what lung
   surrounds within a slice;
4. next to what is thick and dense in all of that, and so disease, what the learned
   shape does not rule out: there nothing in a voxel tells disease from the wall.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.terms import Vector
from models.volume.lungs.air import AERATED_HU, LABELS_IN_PLANE
from models.volume.lungs.ball import closed, grown, opened
from models.volume.lungs.grid import CoarseImage, Mask, box_of
from models.volume.lungs.shape import Shape
from models.volume.lungs.sides import LEFT_LUNG, RIGHT_LUNG
from models.volume.lungs.wall import walled

BALL_MM = 10.0
"""Radius of the ball that closes the surface."""

LAYER_MM = 6.0
"""Half the thickness of a layer at the wall that is taken for a bad fit."""

BONE_HU = 250.0
"""Denser coarse voxels at the wall are bone."""

DENSE_HU = -200.0
"""Denser coarse voxels are full of something."""

THICK_MM = 4.0
"""Half the thickness of a lung's flesh that is no vessel, and certain to be disease."""

BESIDE_MM = 8.0
"""How far from such disease what is possible counts. Both were chosen on the simulated
test part: with less, less disease is kept; with more, hilum and heart are taken in."""

Labels = npt.NDArray[np.uint8]


def fill_lungs(
    labels: Labels, shape: Shape, image: CoarseImage, other: Mask, middle: float
) -> Labels:
    """Fill both lungs; neither takes what is the other's or of another organ.

    A lung without any air is what the shape says alone.

    Parameters
    ----------
    labels
        ``(S, P, L)``: the aerated lungs, 1 right and 2 left.
    shape
        Whole lungs as they were learned.
    other
        Air that is of no lung: airways, and gas of the belly.
    middle
        Of the body in coarse voxels along the last axis.
    """
    likely = shape.likely
    box = box_of((labels > 0) | (likely > 0), int(BALL_MM / min(image.spacing_mm)) + 2)
    inner, room = labels[box].copy(), ~other[box]
    flesh = room & (image.array[box] < BONE_HU)
    walls = _at_wall(inner, flesh, image.spacing_mm, middle - box[2].start)
    result = labels.copy()
    for side in (RIGHT_LUNG, LEFT_LUNG):
        whole = (inner == side) | (likely[box] == side) | walls.get(side, False)
        whole = _joined(whole, inner == side)
        whole = without_holes(closed(whole, BALL_MM, image.spacing_mm))
        mine = room & (result[box] == 0) & (likely[box] != _other(side))
        result[box][whole & mine] = side
    with_air = np.isin(result, np.unique(labels[labels > 0]))
    disease = with_air & (labels == 0) & (image.array > DENSE_HU)
    more = ~other & (result == 0) & (image.array < BONE_HU)
    more &= (image.array > AERATED_HU) & _beside(disease, image.spacing_mm)
    result[more] = shape.possible[more]
    return result


def _other(side: int) -> int:
    return RIGHT_LUNG + LEFT_LUNG - side


def _beside(disease: Mask, spacing_mm: Vector) -> Mask:
    """Return what lies next to disease that is thick."""
    return grown(opened(disease, THICK_MM, spacing_mm), BESIDE_MM, spacing_mm)


def _at_wall(
    labels: Labels, flesh: Mask, spacing_mm: Vector, middle: float
) -> dict[int, Mask]:
    """Return the flesh that each lung with air has at the wall, no thin layers."""
    lungs = {int(side): labels == side for side in np.unique(labels[labels > 0])}
    walls = walled(lungs, _axis(labels, middle), spacing_mm)
    return {
        side: opened(wall & flesh & (labels == 0), LAYER_MM, spacing_mm)
        for side, wall in walls.items()
    }


def _joined(whole: Mask, air: Mask) -> Mask:
    """Return what hangs together with the air of a lung; without air, all."""
    labels, _ = ndimage.label(whole)
    reached = np.unique(labels[air])
    joined: Mask = np.isin(labels, reached[reached > 0]) if reached.size else whole
    return joined


def _axis(labels: Labels, middle: float) -> tuple[float, float]:
    """Return the middle between the lungs, ``(back, left)`` in coarse voxels.

    Sideways it is the median, over the slices that both reach, of the middle between
    their outer walls: what is ill on one side only moves it little.
    """
    back = float(np.nonzero(labels)[1].mean())
    columns = np.asarray(labels.any(axis=1))
    right, left = ((labels == side).any(axis=(1, 2)) for side in (1, 2))
    both = right & left
    if not both.any():
        return back, middle
    first = columns[both].argmax(axis=1)
    last = columns.shape[1] - 1 - columns[both][:, ::-1].argmax(axis=1)
    return back, float(np.median(first + last) / 2)


def without_holes(mask: Mask) -> Mask:
    """Fill what the mask surrounds within a slice."""
    labels, count = ndimage.label(~mask, structure=LABELS_IN_PLANE)
    outside = np.zeros(count + 1, bool)
    for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        outside[np.unique(edge)] = True
    result: Mask = mask | ~outside[labels]
    return result
