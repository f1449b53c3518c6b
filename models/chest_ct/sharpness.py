"""How sharp the lungs of a chest are, and the same chest as sharp as all others.

A sharp kernel does more than blur less: it raises edges, at sizes that no smoothing
takes away without the small findings. So energy in bands of frequencies is compared
inside the lungs, as by Gallardo-Estrella et al. (Eur Radiol 2016;26:478), but one band
with the next: what is in the lungs moves both alike, a kernel the finer one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.terms import Vector

FINE_SD_MM = 1.3
"""In the plane of the slices: the fine band is what a Gaussian of this takes away, the
next one what another of twice the width takes beyond."""

STRENGTHS = (-0.9, 0.3)
"""How much of the fine band is taken away or added at most: with more comes noise."""

INNER = 3
"""Points at the border of the lungs that are not measured: a chest wall is no lung."""

FEWEST = 1000
"""Points that must be left."""

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def matched(
    hu: npt.NDArray[np.int16], lungs: Mask, spacing_mm: Vector, wanted: float
) -> npt.NDArray[np.int16]:
    """Return the image whose lungs are as sharp as is wanted, or nearly so.

    Parameters
    ----------
    hu, lungs
        ``(D, H, W)`` on a common grid, h and w in the plane of the slices. The whole
        image is changed; where the lungs are too small to be measured it stays.
    wanted
        `sharpness` to come to, within `STRENGTHS`.
    """
    inner = _inner(lungs)
    if inner is None:
        return hu
    array = hu.astype(np.float32)
    fine = array - _smoothed(array, spacing_mm, 1)
    strength = _strength(array, fine, inner, spacing_mm, wanted)
    return np.round(array + np.float32(strength) * fine).astype(np.int16)


def sharpness(
    hu: npt.NDArray[np.int16], lungs: Mask, spacing_mm: Vector
) -> float | None:
    """Return the spread of the fine band over that of the next, in the lungs.

    None where too little of them is left to measure. It depends on the grid: about 0.6
    of soft kernels and 0.75 of the sharpest on points 1.75 mm apart.

    Parameters
    ----------
    hu, lungs
        As for `matched`.
    """
    inner = _inner(lungs)
    if inner is None:
        return None
    fine, coarser = _bands(hu.astype(np.float32), spacing_mm, inner)
    return float(fine.std() / coarser.std()) if coarser.any() else None


def _strength(
    array: Floats, fine: Floats, inner: Mask, spacing_mm: Vector, wanted: float
) -> float:
    """Return the ``a`` with which ``array + a fine`` is as sharp as is wanted.

    Both bands are linear in ``a``, so their variances are quadratic. Where no strength
    that is allowed comes to what is wanted, the one that comes nearest counts.
    """
    bands = [_bands(image, spacing_mm, inner) for image in (array, fine)]
    (fine_now, coarser_now), (fine_more, coarser_more) = bands
    finer, coarser = np.cov(fine_now, fine_more), np.cov(coarser_now, coarser_more)
    c = finer - wanted**2 * coarser
    low, high = STRENGTHS
    reached = np.roots([c[1, 1], 2 * c[0, 1], c[0, 0]])
    exact = [float(a.real) for a in reached if np.isreal(a) and low <= a.real <= high]
    if exact:
        return min(exact, key=abs)

    def missed(a: float) -> float:
        change = np.array([1.0, a])
        energy = change @ coarser @ change
        return abs(change @ finer @ change / energy - wanted**2) if energy else 0.0

    return min((0.0, low, high), key=missed)


def _bands(image: Floats, spacing_mm: Vector, inner: Mask) -> tuple[Floats, Floats]:
    """Return the fine band and the next one at the points of the lungs."""
    once, twice = (_smoothed(image, spacing_mm, times) for times in (1, 2))
    return (image - once)[inner], (once - twice)[inner]


def _inner(lungs: Mask) -> Mask | None:
    inner = ndimage.binary_erosion(lungs, iterations=INNER)
    return inner if np.count_nonzero(inner) >= FEWEST else None


def _smoothed(image: Floats, spacing_mm: Vector, times: int) -> Floats:
    _, h, w = (times * FINE_SD_MM / step for step in spacing_mm)
    smoothed: Floats = ndimage.gaussian_filter(image, (0, h, w))
    return smoothed
