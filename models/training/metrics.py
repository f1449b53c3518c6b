"""How good a mask is, and with what uncertainty. No torch.

A mask ends at the edge of its array: what lies beyond is background, so a mask that
touches the edge has a surface there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage import measure

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Spacing = tuple[float, float, float]

CORNERS = tuple(product((0, 1), repeat=3))
"""Voxels of a 2 x 2 x 2 block; corner ``k`` is bit ``k`` of the block's code."""

FULL = 255
"""Code of a block that lies inside the mask."""

FEWEST_SUBJECTS = 5
"""Of which an interval is made."""


def dice(predicted: Mask, truth: Mask) -> float:
    """Return the overlap of two masks, 0 to 1; 1 when both are empty."""
    size = int(predicted.sum()) + int(truth.sum())
    return 2.0 * int((predicted & truth).sum()) / size if size else 1.0


def jaccard(predicted: Mask, truth: Mask) -> float:
    """Return intersection over union, 0 to 1; 1 when both are empty."""
    union = int((predicted | truth).sum())
    return int((predicted & truth).sum()) / union if union else 1.0


def volume_bias(predicted: Mask, truth: Mask) -> float:
    """Return how much larger the first mask is, relative to the second: -1 to ∞.

    Raises
    ------
    ValueError
        The true mask is empty, so nothing can be said relative to it.
    """
    size = int(truth.sum())
    if not size:
        raise ValueError("the volume error relative to an empty mask is undefined")
    return (int(predicted.sum()) - size) / size


def hd95_mm(predicted: Mask, truth: Mask, spacing_mm: Spacing) -> float:
    """Return the 95th percentile of the distances between two surfaces.

    The surface is the voxels of a mask that touch one outside it by a face; the
    distances of both directions are pooled. Infinite when exactly one mask is empty.

    Parameters
    ----------
    predicted, truth
        ``(D, H, W)``.
    spacing_mm
        ``(d, h, w)`` in millimetres.
    """
    if not predicted.any() and not truth.any():
        return 0.0
    if not predicted.any() or not truth.any():
        return float("inf")
    predicted, truth = _cut(predicted, truth)
    ours, theirs = _border(predicted), _border(truth)
    there = _distances_mm(ours, theirs, spacing_mm)
    back = _distances_mm(theirs, ours, spacing_mm)
    return float(np.percentile(np.concatenate([there, back]), 95))


def surface_dice(
    predicted: Mask, truth: Mask, spacing_mm: Spacing, tolerance_mm: float = 1.0
) -> float:
    """Return the share of two surfaces that lies within a tolerance of the other.

    The definition is that of Nikolov et al. 2021 (doi 10.2196/26151): a surface is
    cut into elements, one for each block of 2 x 2 x 2 voxels that it passes, with the
    area that it has there; the elements of both surfaces are counted by area. The
    area is that of the block's marching-cubes mesh. An element lies at the centre of
    its block, so distances come in steps of a voxel: at 1 mm voxels and 1 mm
    tolerance the surfaces may be one voxel apart, and the share is higher than
    between smooth surfaces.

    Parameters
    ----------
    predicted, truth
        ``(D, H, W)``. Two empty masks agree (1); one empty mask shares nothing (0).
    spacing_mm
        ``(d, h, w)`` in millimetres.
    """
    ours, theirs = (
        _element_areas_mm2(mask, spacing_mm) for mask in _cut(predicted, truth)
    )
    total = float(ours.sum() + theirs.sum())
    if not total:
        return 1.0
    if not ours.any() or not theirs.any():
        return 0.0
    near = sum(
        float(source[source > 0][distances <= tolerance_mm].sum())
        for source, target in ((ours, theirs), (theirs, ours))
        for distances in [_distances_mm(source > 0, target > 0, spacing_mm)]
    )
    return min(near / total, 1.0)  # sums may be rounded apart


def _cut(one: Mask, other: Mask) -> tuple[Mask, Mask]:
    """Return both masks without the empty space around them, which only costs time."""
    boxes = ndimage.find_objects((one | other).astype(np.uint8))
    if not boxes:
        return one, other
    return one[boxes[0]], other[boxes[0]]


def _distances_mm(source: Mask, target: Mask, spacing_mm: Spacing) -> Floats:
    """Return the distance of each element of ``source`` from the nearest one."""
    distance = ndimage.distance_transform_edt(~target, sampling=spacing_mm)
    return np.asarray(distance[source], dtype=np.float64)


def _border(mask: Mask) -> Mask:
    return mask & ~ndimage.binary_erosion(mask)


def _element_areas_mm2(mask: Mask, spacing_mm: Spacing) -> Floats:
    """Return the area of the surface in each block, ``(D + 1, H + 1, W + 1)``."""
    padded = np.pad(mask, 1).astype(np.uint8)
    size = [length - 1 for length in padded.shape]
    code = np.zeros(size, np.uint8)
    for bit, corner in enumerate(CORNERS):
        block = tuple(
            slice(start, start + n) for start, n in zip(corner, size, strict=True)
        )
        code |= padded[block] << bit
    return _areas_by_code_mm2(spacing_mm)[code]


@lru_cache(maxsize=16)
def _areas_by_code_mm2(spacing_mm: Spacing) -> Floats:
    """Return the area of the surface in a block for each of its 256 codes.

    Marching cubes cuts a block with two diagonal voxels and its complement
    differently; the mean of both makes a mask and what lies outside it share one
    surface.
    """
    areas = np.zeros(FULL + 1)
    for code in range(1, FULL):
        corners = [float(code >> bit & 1) for bit in range(len(CORNERS))]
        block = np.reshape(corners, (2, 2, 2))
        vertices, faces, _, _ = measure.marching_cubes(block, 0.5, spacing=spacing_mm)  # type: ignore[no-untyped-call]  # skimage does not annotate it
        areas[code] = measure.mesh_surface_area(vertices, faces)  # type: ignore[no-untyped-call]  # as above
    return (areas + areas[::-1]) / 2


def bootstrap_mean(
    values: Mapping[str, Sequence[float]], seed: int = 0, rounds: int = 2000
) -> dict[str, float]:
    """Return mean and 95 % interval, resampling subjects with all their cases.

    For two methods on the same cases, give the differences. The networks that made
    the values are held fixed: another training would give another mean.

    Parameters
    ----------
    values
        Subject → one value per case of that subject. Cases of one subject are not
        independent, so subjects are drawn, not cases.

    Returns
    -------
    dict
        ``mean``, ``low``, ``high``; the last two are NaN with fewer than
        `FEWEST_SUBJECTS` subjects, whose few draws make any interval too narrow.
    """
    sums = np.array([sum(cases) for cases in values.values()], dtype=np.float64)
    counts = np.array([len(cases) for cases in values.values()], dtype=np.float64)
    mean = float(sums.sum() / counts.sum())
    if len(sums) < FEWEST_SUBJECTS:
        return {"mean": mean, "low": np.nan, "high": np.nan}
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(sums), size=(rounds, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return {"mean": mean, "low": float(low), "high": float(high)}
