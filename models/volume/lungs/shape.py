"""What a lung would be without its disease, drawn by a learned shape.

Dense disease has the density of the wall, the heart and the liver: where the lung ends
can only be told from ribs, spine, the other lung and what is still aerated. A small
network has learned it on simulated chests; it sees cells of about 6 mm, and the
surface between them is where its answer is undecided.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.terms import Vector
from models.volume.lungs.grid import CoarseImage, Floats, box_of
from models.volume.lungs.network import MULTIPLE, Weights, logits, shipped_weights

CELL_MM = 6.0
"""Wanted size of a cell."""

REACH_MM = 90.0
"""How far above and below the air a lung is looked for."""

TISSUE_HU = -400.0
"""Denser cells are body: around it nothing is looked at."""

OUTSIDE_HU = -1000.0
"""What is taken to lie beyond the volume."""

LIKELY = -0.5
"""Lung from this logit on, a chance of 0.38: what is missed costs more than a layer
too much. Chosen on the smallest real chest alone, where lower ones add lung faster
than they keep disease (`python -m models.chest_ct.validation.lungs`)."""

POSSIBLE = -3.0
"""Lung is not ruled out from this logit on, a chance of 0.05: beside disease that is
certain it is taken for more of it (`lungs.whole`), elsewhere for nothing."""

Box = tuple[slice, slice, slice]
Labels = npt.NDArray[np.uint8]


class Shape(NamedTuple):
    """Whole lungs on the coarse grid, ``(S, P, L)`` uint8 of 0, 1 right and 2 left.

    Attributes
    ----------
    likely
        What is lung rather than not.
    possible
        That, and where it cannot be told.
    """

    likely: Labels
    possible: Labels


def network_inputs(hu: Floats, right: Floats, left: Floats) -> Floats:
    """Return what the network sees, ``(5, D, H, W)`` float32.

    Parameters
    ----------
    hu
        ``(D, H, W)``, means of cells, canonical axes.
    right, left
        Of the same shape: share of each cell that is air of that lung, 0 to 1.
    """
    air = np.clip((hu + 500) / 500, -1, 1)
    soft = np.clip((hu - 20) / 150, -1, 1)
    bone = np.clip((hu - 150) / 300, 0, 1)
    return np.stack([air, soft, bone, right, left]).astype(np.float32)


def completed(
    image: CoarseImage, sides: Labels, weights: Weights | None = None
) -> Shape:
    """Return the whole lungs.

    Parameters
    ----------
    sides
        The aerated lungs, on the same grid.
    """
    steps = cell_steps(image.array.shape, image.spacing_mm, CELL_MM)
    hu, right, left = (
        averaged(each, steps) for each in (image.array, sides == 1, sides == 2)
    )
    box = _looked_at(hu, right + left)
    if not hu[box].size:  # too little air or tissue for a single cell
        return Shape(np.zeros_like(sides), np.zeros_like(sides))
    inputs = network_inputs(hu[box], right[box], left[box])
    answer = logits(_padded(inputs), shipped_weights() if weights is None else weights)
    _, depth, height, width = inputs.shape
    answer = answer[:, :depth, :height, :width]
    return _drawn(answer, box, steps, image.array.shape)


def cell_steps(
    shape: tuple[int, ...], spacing_mm: Vector, cell_mm: float
) -> tuple[int, int, int]:
    """Return how many cells of about a size lie along each axis."""
    a, b, c = (
        max(1, round(size * step / cell_mm))
        for size, step in zip(shape, spacing_mm, strict=True)
    )
    return a, b, c


def averaged(array: npt.NDArray[np.generic], cells: tuple[int, int, int]) -> Floats:
    """Return the means of an array over equal cells, whatever their borders cut."""
    result = array.astype(np.float32)
    for axis, count in enumerate(cells):
        result = _along(axis, _overlaps(count, result.shape[axis]), result)
    return result


def _overlaps(cells: int, size: int) -> Floats:
    """Return the share of each voxel in each cell of an axis, ``(cells, size)``."""
    edges = np.arange(cells + 1) * (size / cells)
    low = np.maximum(edges[:-1, None], np.arange(size))
    high = np.minimum(edges[1:, None], np.arange(size) + 1)
    shares: Floats = np.clip(high - low, 0, None) * (cells / size)
    return shares.astype(np.float32)


def _along(axis: int, matrix: Floats, array: Floats) -> Floats:
    """Multiply one axis of an array by a matrix."""
    moved: Floats = np.tensordot(matrix, array, axes=(1, axis))
    return np.moveaxis(moved, 0, axis)


def _looked_at(hu: Floats, air: Floats) -> Box:
    """Return the box of the body, upright no further than lungs reach."""
    upright = box_of(air > 0.5, margin=round(REACH_MM / CELL_MM))[0]
    across = box_of(hu[upright] > TISSUE_HU, margin=1)
    box = (upright, across[1], across[2])
    a, b, c = (slice(*part.indices(n)) for part, n in zip(box, hu.shape, strict=True))
    return a, b, c


def _padded(inputs: Floats) -> Floats:
    """Add air, so that the sides are what the network takes."""
    room = [(0, 0), *((0, -size % MULTIPLE) for size in inputs.shape[1:])]
    padded = np.pad(inputs, room)
    _, depth, height, width = inputs.shape
    for where in (np.s_[:2, depth:], np.s_[:2, :, height:], np.s_[:2, :, :, width:]):
        padded[where] = -1
    return padded


def _drawn(
    answer: Floats, box: Box, cells: tuple[int, int, int], shape: tuple[int, ...]
) -> Shape:
    """Return on the coarse grid which lung the answer, between cells too, is for."""
    against = answer[0]
    lungs = [answer[1] - against, answer[2] - against]
    for axis, (part, count) in enumerate(zip(box, cells, strict=True)):
        matrix = _between(part, count, shape[axis])
        lungs = [_along(axis, matrix, each) for each in lungs]
    right, left = lungs
    sides = np.where(left > right, np.uint8(2), np.uint8(1))
    most = np.maximum(left, right)
    likely, possible = (
        np.where(most > least, sides, np.uint8(0)) for least in (LIKELY, POSSIBLE)
    )
    return Shape(likely, possible)


def _between(part: slice, cells: int, size: int) -> Floats:
    """Return the weights of linear interpolation at voxels, ``(size, cells of part)``.

    Beyond the part the value of its last cell holds on.
    """
    count = part.stop - part.start
    place = (np.arange(size) + 0.5) * (cells / size) - 0.5 - part.start
    place = np.clip(place, 0, count - 1)
    weights: Floats = np.maximum(0, 1 - np.abs(place[:, None] - np.arange(count)))
    return weights.astype(np.float32)
