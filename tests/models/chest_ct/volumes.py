"""Volumes of known content, in Hounsfield units."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.contract import SeriesInfo, Volume
from models.terms import Vector

AXIAL = np.array([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]])
"""Directions of d, h and w in LPS as a scanner writes an axial series: columns."""


def volume_of(
    array: npt.NDArray[np.generic],
    spacing_mm: Vector = (1.0, 1.0, 1.0),
    origin_mm: Vector = (0.0, 0.0, 0.0),
    directions: npt.NDArray[np.float64] = AXIAL,
    **tags: str,
) -> Volume:
    """Return a volume of Hounsfield units; ``tags`` are header values."""
    affine = np.eye(4)
    affine[:3, :3] = directions * np.array(spacing_mm)
    affine[:3, 3] = origin_mm
    series = SeriesInfo("1.2", "1.2.1", "CT", (), tags=tags)
    return Volume(array.astype(np.float32), affine, "HU", series)


def whole(volume: Volume) -> tuple[slice, slice, slice]:
    """Return the box of all voxels."""
    d, h, w = volume.shape
    return slice(0, d), slice(0, h), slice(0, w)
