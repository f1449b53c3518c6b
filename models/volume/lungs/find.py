"""From a volume to its lungs: air, sides, what is dense in them, and the border."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.contract import LabelMap, Volume
from models.terms import Flag, Grade
from models.volume.lungs.air import find_air, find_airways, middle_of_body
from models.volume.lungs.grid import CoarseImage, Mask, box_of, coarsen
from models.volume.lungs.shape import completed
from models.volume.lungs.sides import (
    LEFT_LUNG,
    RIGHT_LUNG,
    filled_with_gas,
    find_sides,
    without_gas,
)
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
    "lungs_touch_edge",
    "A lung reaches the side of the field of view: what lies beyond was not read, and "
    "its volume is that of the part that is shown.",
    Grade.B,
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
    air = find_air(image)
    airways = find_airways(image, air.inside)
    middle = middle_of_body(image)
    sides = find_sides(image, air.inside & ~airways, middle)
    if not sides.labels.any():
        return _none(volume, NO_LUNGS)
    shape = completed(image, sides.labels)
    aerated = without_gas(sides.labels, shape.likely, image)
    if not aerated.any():
        return _none(volume, NO_LUNGS)
    other = airways | ((sides.labels > 0) & (aerated == 0))
    filled = fill_lungs(aerated, shape, image, other, middle)
    filled[air.beyond] = 0
    gas = np.count_nonzero(sides.rest & (filled > 0))
    found = (
        (ONE_LUNG, np.unique(aerated).size < 3),
        (NOT_SPLIT, not sides.split),
        (TOUCHES_EDGE, _touches_edge(filled, air.beyond)),
        (
            GAS_IN_LUNGS,
            gas * np.prod(image.spacing_mm) / 1000 >= GAS_ML
            or filled_with_gas(image, aerated),
        ),
    )
    flags = tuple(flag for flag, holds in found if holds)
    return _on_source_grid(volume, image, (aerated, filled, air.beyond), flags)


def _none(volume: Volume, why: Flag) -> Lungs:
    nothing = np.zeros(volume.shape, np.uint8)
    return Lungs(nothing, nothing.astype(np.bool_), (why,))


def _on_source_grid(
    volume: Volume,
    image: CoarseImage,
    coarse: tuple[LabelMap, LabelMap, Mask],
    flags: tuple[Flag, ...],
) -> Lungs:
    """Draw the lungs on the source grid, the border of their air voxel by voxel.

    Parameters
    ----------
    coarse
        What of them is aerated, all of them, and what lies beyond the field of view.
    """
    air = np.less(volume.array, BORDER_HU)
    codes = image.to_source(_with_border(*coarse))
    labels = (codes & SIDE) * (air | (codes < BORDER))
    air &= labels > 0
    return Lungs(labels, aerated=air, flags=flags)


def _with_border(aerated: LabelMap, filled: LabelMap, beyond: Mask) -> LabelMap:
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
    codes[beyond] = 0
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


def _touches_edge(labels: LabelMap, beyond: Mask) -> bool:
    """Say whether a lung reaches the sides of the images, or padding within them."""
    edges = (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1])
    if any(edge.any() for edge in edges):
        return True
    lungs = labels > 0
    for axis in (1, 2):
        low, high = _halves(axis)
        if (lungs[low] & beyond[high]).any() or (lungs[high] & beyond[low]).any():
            return True
    return False
