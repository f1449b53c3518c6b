"""A chest of a few ellipsoids: body, ribs and spine, lungs with vessels, windpipe."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.contract import SeriesInfo, Volume

SHAPE = (56, 88, 104)
AXIAL = np.array(
    [[0.0, 0.0, 4.0, -206.0], [0.0, 4.0, 0.0, -174.0], [5.0, 0, 0, 0], [0, 0, 0, 1]]
)

Mask = npt.NDArray[np.bool_]


def places_mm() -> tuple[npt.NDArray[np.float64], ...]:
    """Return x, y and z of every voxel: from the middle, z from the lowest slice."""
    d, h, w = np.indices(SHAPE).astype(np.float64)
    return w * 4 - 206, h * 4 - 174, d * 5


def ball(centre_mm: tuple[float, float, float], radius_mm: float) -> Mask:
    """Return the voxels of a ball around ``(x, y, z)``."""
    squares = sum((a - b) ** 2 for a, b in zip(places_mm(), centre_mm, strict=True))
    return np.asarray(squares <= radius_mm**2)


def lung(side: int) -> Mask:
    """Return the right (1) or left (2) lung: half an egg on a dome."""
    x, y, z = places_mm()
    aside = x if side == 2 else -x
    egg = ((aside - 72) / 55) ** 2 + (y / 80) ** 2 + ((z - 140) / 115) ** 2 <= 1
    dome = ((aside - 72) / 70) ** 2 + (y / 90) ** 2 + ((z - 20) / 70) ** 2 <= 1
    return np.asarray(egg & ~dome)


def windpipe() -> Mask:
    """Return the lumen of the trachea."""
    x, y, z = places_mm()
    return np.asarray((x**2 + (y - 10) ** 2 <= 9.0**2) & (z > 170))


def chest_array(seed: int = 0) -> npt.NDArray[np.float32]:
    """Return the chest in HU, ``(D, H, W)``, of slices from the feet to the head."""
    x, y, z = places_mm()
    rng = np.random.default_rng(seed)
    array = np.full(SHAPE, -1000.0, np.float32)
    array[(x / 165) ** 2 + (y / 115) ** 2 <= 1] = -80
    array[(x / 150) ** 2 + (y / 102) ** 2 <= 1] = 40
    ribs = ((x / 145) ** 2 + (y / 98) ** 2 <= 1) & (np.mod(z + 0.4 * y, 30) < 9)
    array[ribs & ((x / 137) ** 2 + (y / 91) ** 2 > 1)] = 400
    array[(x**2 + (y - 85) ** 2 <= 18**2)] = 300
    lungs = lung(1) | lung(2)
    array[lungs] = -860
    vessels = lungs & (rng.random(SHAPE) < 0.03)
    array[vessels] = -100
    array[windpipe()] = -1000
    return array + rng.normal(0, 15, SHAPE).astype(np.float32)


def chest(
    array: npt.NDArray[np.float32] | None = None,
    affine: npt.NDArray[np.float64] = AXIAL,
    modality: str = "CT",
    units: str = "HU",
) -> Volume:
    """Return a volume of the phantom, or of an array made from it."""
    array = chest_array() if array is None else array.copy()
    series = SeriesInfo("1.2.3", "1.2.3.4", modality, ())
    return Volume(array, affine.copy(), units, series)
