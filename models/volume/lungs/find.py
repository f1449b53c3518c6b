"""From a volume to its lungs: air, sides, what is dense in them, and the border."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.contract import LabelMap, Volume
from models.terms import Flag, Grade
from models.volume.lungs.air import enclosed_air, find_airways, middle_of_body
from models.volume.lungs.grid import CoarseImage, Mask, box_of, coarsen
from models.volume.lungs.shape import completed
from models.volume.lungs.sides import LEFT_LUNG, RIGHT_LUNG, find_sides, without_gas
from models.volume.lungs.whole import fill_lungs

BORDER_HU = -500.0
"""On the source grid, voxels at the border of the air are lung below it."""

BORDER = 4
"""Added to a label where the source voxel decides by its own density."""

SIDE = 3
"""What of such a code is the label."""

NO_LUNGS = Flag("no_lungs", "No lungs were found.", Grade.C)
NOT_HOUNSFIELD = Flag("not_hounsfield", "The values are no Hounsfield units.", Grade.C)
ONE_LUNG = Flag("one_lung", "Air was found in one lung only.", Grade.B)
NOT_SPLIT = Flag(
    "lungs_not_split",
    "The lungs touch over a wide front and were cut at the middle of the body.",
    Grade.B,
)
TOUCHES_EDGE = Flag(
    "lungs_touch_edge", "A lung reaches the side of the field of view.", Grade.B
)
GAS_IN_LUNGS = Flag(
    "gas_in_lungs",
    "Gas without vessels lies where a lung is expected, and was counted as lung.",
    Grade.B,
)
GAS_ML = 100.0
"""Less of it is the edge of a bowel, or of the airways."""


@dataclass(frozen=True, slots=True)
class Lungs:
    """The two lungs of a volume.

    Attributes
    ----------
    labels
        ``(D, H, W)`` uint8 on the volume's grid: 0, ``RIGHT_LUNG`` or ``LEFT_LUNG``.
        Consolidation, nodules at the pleura and vessels are inside; the trachea, the
        main bronchi and gas of the bowel are outside.
    aerated
        ``(D, H, W)`` bool: the part of the labels that is filled with air, by
        threshold alone.
    flags
        What limits the trust in them.
    """

    labels: LabelMap
    aerated: npt.NDArray[np.bool_]
    flags: tuple[Flag, ...] = ()

    def __post_init__(self) -> None:
        self.labels.flags.writeable = False
        self.aerated.flags.writeable = False

    def box(self, margin_voxels: int = 0) -> tuple[slice, slice, slice]:
        """Return the smallest box of both lungs; empty when there are none.

        Parameters
        ----------
        margin_voxels
            By how much the box is wider on every side, as far as the volume goes.
        """
        return box_of(self.labels > 0, margin_voxels)


def find_lungs(volume: Volume) -> Lungs:
    """Find both lungs in a CT in Hounsfield units.

    Pixels never make it raise: where there is no lung the labels are empty, and a flag
    says so.
    """
    if volume.units != "HU":
        return _none(volume, NOT_HOUNSFIELD)
    image = coarsen(volume)
    air = enclosed_air(image)
    airways = find_airways(image, air)
    middle = middle_of_body(image)
    sides = find_sides(image, air & ~airways, middle)
    if not sides.labels.any():
        return _none(volume, NO_LUNGS)
    shape = completed(image, sides.labels)
    aerated = without_gas(sides.labels, shape.likely, image)
    if not aerated.any():
        return _none(volume, NO_LUNGS)
    other = airways | ((sides.labels > 0) & (aerated == 0))
    filled = fill_lungs(aerated, shape, image, other, middle)
    found = _on_source_grid(volume, image, aerated, filled, sides.split)
    gas = np.count_nonzero(sides.rest & (filled > 0))
    if gas * np.prod(image.spacing_mm) / 1000 < GAS_ML:
        return found
    return replace(found, flags=(*found.flags, GAS_IN_LUNGS))


def _none(volume: Volume, why: Flag) -> Lungs:
    nothing = np.zeros(volume.shape, np.uint8)
    return Lungs(nothing, nothing.astype(np.bool_), (why,))


def _on_source_grid(
    volume: Volume,
    image: CoarseImage,
    aerated: LabelMap,
    filled: LabelMap,
    split: bool,
) -> Lungs:
    """Draw the lungs on the source grid, the border of their air voxel by voxel."""
    air = np.less(volume.array, BORDER_HU)
    codes = image.to_source(_with_border(aerated, filled))
    labels = (codes & SIDE) * (air | (codes < BORDER))
    air &= labels > 0
    return Lungs(labels, aerated=air, flags=_flags(aerated, filled, split))


def _with_border(aerated: LabelMap, filled: LabelMap) -> LabelMap:
    """Return the labels, with ``BORDER`` added on both sides of the air's surface.

    Beside disease that was given back a voxel counts whole: what is dense in it is
    more of the disease.
    """
    codes = filled.copy()
    lungs = filled > 0
    whole = _dilated(lungs & (aerated == 0))
    inner = lungs & ~_eroded(lungs) & (aerated > 0) & ~whole
    codes[inner] += BORDER
    for side in (RIGHT_LUNG, LEFT_LUNG):
        outer = ~lungs & _dilated(aerated == side)
        codes[outer] = side + BORDER
    return codes


def _dilated(mask: Mask) -> Mask:
    """Return a mask grown by one voxel along each axis, six neighbours."""
    grown = mask.copy()
    for axis in range(3):
        low, high = _halves(axis)
        grown[low] |= mask[high]
        grown[high] |= mask[low]
    return grown


def _eroded(mask: Mask) -> Mask:
    return ~_dilated(~mask)


def _halves(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    low, high = [slice(None)] * 3, [slice(None)] * 3
    low[axis], high[axis] = slice(None, -1), slice(1, None)
    return tuple(low), tuple(high)


def _flags(aerated: LabelMap, labels: LabelMap, split: bool) -> tuple[Flag, ...]:
    sides = len(set(np.unique(aerated).tolist()) - {0})
    edges = (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1])
    found = (
        (ONE_LUNG, sides < 2),
        (NOT_SPLIT, not split),
        (TOUCHES_EDGE, any(edge.any() for edge in edges)),
    )
    return tuple(flag for flag, holds in found if holds)
