"""What a scanner does to a scene: kernel, noise, streaks, table, field of view."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from models.chest_ct.simulator.kinds import Acquisition
from models.chest_ct.simulator.space import Field, coverage

WATER_MM = 250.0
"""Path through water at which the noise of an acquisition holds."""

NOISE_GROWTH = 0.008
"""Growth of the logarithm of the noise per millimetre of water beyond that."""

HU_RANGE = (-1024, 3071)
"""What twelve bits hold."""


def scanned(seen: Field, acquisition: Acquisition, back_mm: float) -> Field:
    """Return the image of what the voxels see.

    Parameters
    ----------
    seen
        ``(D, H, W)`` HU; is overwritten.
    back_mm
        How far below the middle of the image the lowest skin lies.
    """
    rng = np.random.default_rng([acquisition.seed, 11])
    _table(seen, acquisition, back_mm)
    across, along = _paths(seen, acquisition)
    image = _filtered(seen, acquisition)
    image += _noise(image, across, along, acquisition, rng)
    np.clip(image, *HU_RANGE, out=image)
    np.rint(image, out=image)
    if acquisition.circle:
        image[:, ~_circle(acquisition)] = acquisition.padding_hu
    return image


def _table(seen: Field, acquisition: Acquisition, back_mm: float) -> None:
    """Draw the two shells of a curved table under the patient."""
    row_mm = acquisition.spacing_mm[1]
    middle = (acquisition.matrix - 1) / 2
    y, x = (np.indices(seen.shape[1:], dtype=np.float32) - middle) * np.float32(row_mm)
    down = -y if acquisition.prone else y
    under = down - back_mm - 3 + np.square(x) / 900
    shells = np.maximum(1.6 - np.abs(under - 2), 1.6 - np.abs(under - 34))
    shells = np.minimum(shells, 215 - np.abs(x)).astype(np.float32)
    share = coverage(shells, row_mm)
    filler = coverage(np.minimum(under - 2, 34 - under).astype(np.float32), row_mm)
    air = seen < -900
    for plane, free in zip(seen, air, strict=True):
        added = np.maximum(share * 780, filler * 45)
        plane[free] += added[free]


def _paths(seen: Field, acquisition: Acquisition) -> tuple[Field, Field]:
    """Return millimetres of water along each row and each column of every slice."""
    density = np.clip(seen[:, ::2, ::2] * np.float32(0.001) + 1, 0, 2.2)
    step = np.float32(2 * acquisition.spacing_mm[1])
    size = acquisition.matrix
    across = ndimage.gaussian_filter1d(density.sum(axis=2) * step, 2, axis=1)
    along = ndimage.gaussian_filter1d(density.sum(axis=1) * step, 2, axis=1)
    rows = np.repeat(across, 2, axis=1)[:, :size]
    columns = np.repeat(along, 2, axis=1)[:, :size]
    return rows, columns


def _smooth(field: Field, sigma: float) -> Field:
    """Filter within the slices."""
    for axis in (1, 2):
        field = ndimage.gaussian_filter1d(field, sigma, axis=axis, truncate=2.5)
    return field


def _filtered(seen: Field, acquisition: Acquisition) -> Field:
    """Apply the kernel: a soft one blurs, a sharp one overshoots at edges."""
    row_mm = acquisition.spacing_mm[1]
    soft = 0.75 * (1 - acquisition.sharpness)
    image = _smooth(seen, soft / row_mm) if soft > 0.2 * row_mm else seen
    if acquisition.sharpness > 0.3:
        gain = np.float32(1.5 * (acquisition.sharpness - 0.3))
        image = image + gain * (image - _smooth(image, 1.3 / row_mm))
    return image


def _noise(
    image: Field,
    across: Field,
    along: Field,
    acquisition: Acquisition,
    rng: np.random.Generator,
) -> Field:
    """Return noise with the spectrum of the kernel, stronger behind more tissue."""
    row_mm = acquisition.spacing_mm[1]
    white = rng.standard_normal(image.shape, dtype=np.float32)
    fine = 0.55 * (1 - acquisition.sharpness) + 0.25
    coarse = 2.2 - 0.9 * acquisition.sharpness
    band = _smooth(white, fine / row_mm)
    band -= np.float32(0.75) * _smooth(band, coarse / row_mm)
    band *= np.float32(acquisition.noise_hu / band[:2].std())
    rows = np.exp(NOISE_GROWTH * (across - WATER_MM))[:, :, None]
    columns = np.exp(NOISE_GROWTH * (along - WATER_MM))[:, None, :]
    band *= np.sqrt(0.5 * (rows + columns))
    band += _streaks(rows, image.shape[2], acquisition, rng)
    return band


def _streaks(
    rows: Field, width: int, acquisition: Acquisition, rng: np.random.Generator
) -> Field:
    """Return stripes along the rows where these hold much bone and muscle."""
    excess = np.clip(rows - 2.5, 0, 4)
    if not excess.any():
        return np.zeros((1, 1, 1), dtype=np.float32)
    lines = rng.standard_normal((*excess.shape[:2], max(width // 16, 2)), np.float32)
    lines = np.repeat(lines, -(-width // lines.shape[2]), axis=2)[:, :, :width]
    lines = ndimage.uniform_filter1d(lines, 24, axis=2)
    streaks: Field = excess * lines * np.float32(0.4 * acquisition.noise_hu)
    return streaks


def _circle(
    acquisition: Acquisition,
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return the voxels of a slice in the circle of reconstruction."""
    size = acquisition.matrix
    y, x = np.indices((size, size)) - (size - 1) / 2
    inside: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = np.hypot(y, x) < size / 2
    return inside
