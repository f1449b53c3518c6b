"""Which of the air is the right lung, and which the left.

Lungs are told from gas of the bowel by what lies in them: even an emphysematous lung
is crossed by vessels, gas is one grey. Where the two lungs touch in front of or behind
the mediastinum, they are separated as in Hu et al. (IEEE Trans Med Imaging 2001;
20:490): the air is worn off until it falls into two, and every voxel goes with the
nearer part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.terms import Vector
from models.volume.lungs.air import SMALLEST_ML
from models.volume.lungs.ball import grown
from models.volume.lungs.grid import CoarseImage, Floats, Mask, Scalar, box_of

RIGHT_LUNG, LEFT_LUNG = 1, 2

SMALLEST_CORE_ML = 5.0
"""Of a lung that touches the other one over a wide front, little may be left when they
have come apart."""

GAS_MEDIAN_HU = -940.0
GAS_P90_HU = -930.0
"""Gas fills its interior evenly: median and 90th percentile are both below these. The
gas of a real abdomen has -980 and -960, a lung with emphysema -930 and -840."""

WEAR = 2
"""Coarse voxels that are worn off air outside the shape before it counts as a part."""

POCKET_HU = -900.0
"""A part of that air is gas where half of it is below."""

ON_ITS_SIDE = 0.8
"""Part of a lung that lies on its own side of the middle, at least."""

WORN_OFF_MM = 16.0
"""Where lungs touch over a wider front than twice this, they are cut at the middle."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The aerated lungs.

    Attributes
    ----------
    labels
        ``(S, P, L)`` uint8 on the coarse grid: ``RIGHT_LUNG``, ``LEFT_LUNG`` or 0.
    split
        False when they could only be cut at the middle of the body.
    rest
        Air inside the body that belongs to neither lung so far.
    """

    labels: npt.NDArray[np.uint8]
    split: bool
    rest: Mask


def find_sides(image: CoarseImage, air: Mask, middle: float) -> Sides:
    """Tell the lungs from other air, and the right from the left.

    Parameters
    ----------
    air
        ``(S, P, L)`` bool: air inside the body without the airways.
    middle
        The middle of the body in coarse voxels along the last axis.
    """
    lungs = _lung_like(image, air)
    labels = np.zeros(air.shape, np.uint8)
    box = box_of(lungs)
    labels[box], split = _separated(image, lungs[box], middle - box[2].start)
    return Sides(labels, split, rest=air & ~lungs)


def _separated(
    image: CoarseImage, lungs: Mask, middle: float
) -> tuple[npt.NDArray[np.uint8], bool]:
    """Label the lungs by side, and say whether their shape told where to part them."""
    voxel_ml = _voxel_ml(image.spacing_mm)
    if not _crosses(lungs, middle):
        labels = _label_by_side(lungs, middle, SMALLEST_ML / voxel_ml)
        if labels.any():
            return _grown(labels, lungs), True
    for smallest_ml in (SMALLEST_ML, SMALLEST_CORE_ML):
        for core in _cores(lungs, image.spacing_mm):
            labels = _label_by_side(core, middle, smallest_ml / voxel_ml)
            if np.unique(labels).size == 3:
                return _grown(labels, lungs), True
    return _cut(lungs, middle), False


def _lung_like(image: CoarseImage, air: Mask) -> Mask:
    """Return the connected air that is large enough for a lung and has vessels."""
    labels, count = ndimage.label(air)
    volumes_ml = np.bincount(labels.ravel()) * _voxel_ml(image.spacing_mm)
    boxes = ndimage.find_objects(labels)
    keep = np.zeros(count + 1, bool)
    for label in np.flatnonzero(volumes_ml[1:] >= SMALLEST_ML) + 1:
        box = boxes[label - 1]
        keep[label] = not _is_gas(image.array[box], labels[box] == label)
    return keep[labels]


def filled_with_gas(image: CoarseImage, labels: npt.NDArray[np.uint8]) -> bool:
    """Say whether one of the lungs holds gas alone, as a pneumothorax does."""
    sides = (labels == side for side in (RIGHT_LUNG, LEFT_LUNG))
    return any(side.any() and _is_gas(image.array, side) for side in sides)


def without_gas(
    labels: npt.NDArray[np.uint8], shape: npt.NDArray[np.uint8], image: CoarseImage
) -> npt.NDArray[np.uint8]:
    """Take gas out of the lungs that hangs together with them.

    The diaphragm over a stomach full of gas is thinner than a coarse voxel.

    Parameters
    ----------
    shape
        ``(S, P, L)``: whole lungs as they were learned. What lies deep outside and is
        as dark as gas is no lung.
    """
    outside = (labels > 0) & (shape == 0)
    cores, count = ndimage.label(ndimage.binary_erosion(outside, iterations=WEAR))
    gas = np.zeros(count + 1, bool)
    for label, box in enumerate(ndimage.find_objects(cores), start=1):
        gas[label] = np.median(image.array[box][cores[box] == label]) < POCKET_HU
    if not gas.any():
        return labels
    reached = ndimage.binary_dilation(gas[cores], iterations=WEAR + 1)
    kept = labels.copy()
    kept[reached & outside] = 0
    for side in (RIGHT_LUNG, LEFT_LUNG):
        rest = kept == side
        if np.count_nonzero(rest) * _voxel_ml(image.spacing_mm) < SMALLEST_ML:
            kept[rest] = 0  # the rim of the gas
    return kept


def _is_gas(array: Floats, region: Mask) -> bool:
    interior = array[ndimage.binary_erosion(region)]
    if interior.size == 0:
        return True
    median, high = np.percentile(interior, (50, 90))
    return bool(median < GAS_MEDIAN_HU and high < GAS_P90_HU)


def _voxel_ml(spacing_mm: Vector) -> float:
    return float(np.prod(spacing_mm)) / 1000


def _cores(lungs: Mask, spacing_mm: Vector) -> Iterator[Mask]:
    """Yield the lungs, then what is left of them when more and more is worn off."""
    yield lungs
    step = min(spacing_mm)
    for worn_off in np.arange(1.0, WORN_OFF_MM / step) * step:
        yield ~grown(~lungs, worn_off, spacing_mm)


def _label_by_side(core: Mask, middle: float, smallest: float) -> npt.NDArray[np.uint8]:
    """Label the connected parts of a core that lie on one side; others stay 0.

    Nothing is labelled where a part of at least ``smallest`` voxels lies on both.
    """
    labels, count = ndimage.label(core)
    voxels = np.bincount(labels.ravel(), minlength=count + 1)
    on_left = np.bincount(
        _left_of(labels, middle).ravel(), minlength=count + 1
    ) / np.maximum(voxels, 1)
    side = np.zeros(count + 1, np.uint8)
    large = voxels >= smallest
    side[large & (on_left > ON_ITS_SIDE)] = LEFT_LUNG
    side[large & (on_left < 1 - ON_ITS_SIDE)] = RIGHT_LUNG
    side[0] = 0
    if np.any(large[1:] & (side[1:] == 0)):
        side[:] = 0
    return side[labels]


def _left_of(array: npt.NDArray[Scalar], middle: float) -> npt.NDArray[Scalar]:
    """Return what lies to the patient's left; the middle may lie outside the array."""
    return array[:, :, max(0, round(middle)) :]


def _crosses(core: Mask, middle: float) -> bool:
    """Say whether much of the air lies on either side: there are two lungs in it."""
    left = int(_left_of(core, middle).sum())
    share = left / max(int(core.sum()), 1)
    return min(share, 1 - share) > 1 - ON_ITS_SIDE


def _grown(labels: npt.NDArray[np.uint8], lungs: Mask) -> npt.NDArray[np.uint8]:
    """Give each voxel of the lungs the label of the nearest labelled one."""
    lost = lungs & (labels == 0)
    if not lost.any() or not labels.any():
        return labels
    nearest = ndimage.distance_transform_edt(
        labels == 0, return_distances=False, return_indices=True
    )
    grown: npt.NDArray[np.uint8] = np.where(lungs, labels[tuple(nearest)], 0)
    return grown


def _cut(lungs: Mask, middle: float) -> npt.NDArray[np.uint8]:
    labels = np.where(np.arange(lungs.shape[2]) < middle, RIGHT_LUNG, LEFT_LUNG)
    cut: npt.NDArray[np.uint8] = (lungs * labels).astype(np.uint8)
    return cut
