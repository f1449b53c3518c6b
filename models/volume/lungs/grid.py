"""The coarse grid on which lungs are looked for, and the way back to the voxels.

Lungs are large: their shape is decided on voxels of about 2 mm, which is thirty times
less work than on those of a thin scan, and only their border is drawn on the source
grid again. Axes of the coarse grid are (to the head, to the back, to the patient's
left), whatever way the series was stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from models.contract import Volume
from models.terms import Vector
from models.volume.geometry import Reorientation, reorientation

CANONICAL = "SPL"
"""Axis codes of the coarse grid: it is searched from the neck down."""

COARSE_MM = 2.2
"""Wanted size of a coarse voxel: a main bronchus is five of them wide."""

AIR_HU = -1024.0
"""What is lower is padding of the scanner, and counts as air."""

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class CoarseImage:
    """A volume averaged over blocks of voxels, in canonical axes.

    Attributes
    ----------
    array
        ``(S, P, L)`` float32 HU.
    factors
        Source voxels along each side of a block.
    spacing_mm
        Of the coarse voxels, along the canonical axes.
    """

    array: Floats
    factors: tuple[int, int, int]
    spacing_mm: Vector
    change: Reorientation
    source_shape: tuple[int, int, int]

    def to_source(self, coarse: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Repeat coarse values on the source grid, ``(D, H, W)``.

        Voxels beyond the last whole block take the value of that block.
        """
        shape = [self.source_shape[axis] for axis in self.change.axes]
        for axis, (factor, size) in enumerate(zip(self.factors, shape, strict=True)):
            nearest = np.minimum(np.arange(size) // factor, coarse.shape[axis] - 1)
            coarse = coarse.take(nearest, axis=axis)
        return self.change.undo(coarse)


def coarsen(volume: Volume) -> CoarseImage:
    """Average a volume in HU over blocks of about ``COARSE_MM`` a side."""
    change = reorientation(volume.affine, CANONICAL)
    fine = change.apply(volume.array)
    spacing = [volume.spacing_mm[axis] for axis in change.axes]
    a, b, c = (
        min(max(1, round(COARSE_MM / step)), size)
        for step, size in zip(spacing, fine.shape, strict=True)
    )
    return CoarseImage(
        array=_block_means(fine, (a, b, c)),
        factors=(a, b, c),
        spacing_mm=(spacing[0] * a, spacing[1] * b, spacing[2] * c),
        change=change,
        source_shape=volume.shape,
    )


def _block_means(
    fine: npt.NDArray[np.generic], factors: tuple[int, int, int]
) -> Floats:
    """Return the means of whole blocks, slab by slab, never a copy of the volume."""
    slabs, rows, columns = (n // f for n, f in zip(fine.shape, factors, strict=True))
    means = np.empty((slabs, rows, columns), np.float32)
    for slab in range(slabs):
        thick = fine[slab * factors[0] : (slab + 1) * factors[0]]
        flat = np.maximum(thick, AIR_HU, dtype=np.float32).sum(axis=0)
        means[slab] = _sum_of_blocks(flat, rows, columns, factors)
    means /= np.prod(factors)
    return means


def _sum_of_blocks(
    plane: Floats, rows: int, columns: int, factors: tuple[int, int, int]
) -> Floats:
    _, tall, wide = factors
    whole = plane[: rows * tall, : columns * wide]
    blocks = whole.reshape(rows, tall, columns, wide)
    total: Floats = blocks.sum(axis=1).sum(axis=2)
    return total


def box_of(mask: Mask, margin: int = 0) -> tuple[slice, slice, slice]:
    """Return the smallest box of a mask, wider by a margin where the grid has room.

    Of an empty mask it is the empty box at the origin.
    """
    spans = []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        places = np.flatnonzero(mask.any(axis=others))
        first, last = (places[0], places[-1] + 1) if places.size else (0, 0)
        room = margin if places.size else 0
        spans.append(slice(max(int(first) - room, 0), int(last) + room))
    a, b, c = spans
    return a, b, c
