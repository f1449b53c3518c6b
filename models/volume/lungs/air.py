"""Air inside the body, and which of it are the windpipe and the main bronchi.

Thresholding and removal of the trachea by following it downwards, slice by slice, are
the first steps of Hu, Hoffman and Reinhardt (IEEE Trans Med Imaging 2001;20:490); what
stops the search from running out into the lung is our own: a branch may grow with its
predecessor only as far as a main bronchus is wide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.terms import Vector
from models.volume.lungs.grid import AIR_HU, CoarseImage, Floats, Mask, box_of

AERATED_HU = -400.0
"""Below it, a coarse voxel is more lung than tissue: midway between the two."""

LUMEN_HU = -750.0
"""An airway's lumen is below it, and the thin wall towards the lung above."""

LUMEN_MM2 = (40.0, 900.0)
"""Area of the trachea in one slice, from a child's to one that is dilated."""

BRONCHUS_MM2 = 650.0
"""Larger than this, an air region below the fork is lung."""

STRAIGHTNESS_MM = 60.0
"""The trachea lies nearer than this to the middle of the body."""

ROOM_HU = -925.0
"""Mean of room air, away from its rim: below it. Of a lung it is above."""

SMALLEST_ML = 40.0
"""Less air is no lung: a pocket, or the tip of one."""

LABELS_IN_PLANE = np.zeros((3, 3, 3), np.bool_)
LABELS_IN_PLANE[1] = True

SHORTEST_MM = 25.0
"""An airway that is followed for less is none."""

Labels = npt.NDArray[np.signedinteger]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Air:
    """The air of a slice, by where it lies.

    Attributes
    ----------
    inside
        ``(S, P, L)`` bool: air of the body, lungs among it that the field of view cuts.
    beyond
        ``(S, P, L)`` bool: what is around the body and as low as padding, so that it
        may lie beyond the field of view.
    """

    inside: Mask
    beyond: Mask


def find_air(image: CoarseImage) -> Air:
    """Tell the air of the body from that around it.

    Inside is what no way within its slice leads out of the body. Where the field of
    view is smaller than the chest, a way leads out of a lung: what is no even gas and
    hangs together with air inside in other slices is inside too.
    """
    air = image.array < AERATED_HU
    labels, count = ndimage.label(air, structure=LABELS_IN_PLANE)
    is_open = np.zeros(count + 1, np.bool_)
    for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        is_open[np.unique(edge)] = True
    is_open[0] = True
    enclosed: Mask = ~is_open[labels]
    around = air & ~enclosed
    beyond = around & (image.array <= AIR_HU)
    return Air(enclosed | _cut_open(image, around & ~beyond, enclosed), beyond)


def _cut_open(image: CoarseImage, around: Mask, enclosed: Mask) -> Mask:
    """Return which air around the body, inside the field of view, is a lung's."""
    labels, count = ndimage.label(around, structure=LABELS_IN_PLANE)
    inner = _rimless(around)
    of_inner = labels[inner]
    voxels = np.bincount(of_inner, minlength=count + 1)
    uneven = _means(of_inner, image.array[inner], voxels) > ROOM_HU
    uneven &= voxels > 0
    if not uneven.any():
        return np.zeros_like(enclosed)
    candidates = uneven[labels]
    joined, count = ndimage.label(candidates | enclosed)
    within = np.bincount(joined[enclosed], minlength=count + 1)
    lung = within * np.prod(image.spacing_mm) / 1000 >= SMALLEST_ML
    lung[0] = False
    found: Mask = candidates & lung[joined]
    return found


def _rimless(mask: Mask) -> Mask:
    """Return a mask without the voxels at its border, within each slice.

    There a voxel is partly skin.
    """
    inner = mask.copy()
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    inner[:, :, 1:] &= mask[:, :, :-1]
    inner[:, :, :-1] &= mask[:, :, 1:]
    return inner


def middle_of_body(image: CoarseImage) -> float:
    """Return the middle of the tissue in coarse voxels along the last axis."""
    columns = (image.array > AERATED_HU).sum(axis=(0, 1))
    return float(np.arange(columns.size) @ columns / max(int(columns.sum()), 1))


@dataclass(frozen=True, slots=True)
class _Regions:
    """The regions of one slice as dark as a lumen; arrays by label, 0 is no region."""

    labels: Labels
    area_mm2: Reals
    mean_hu: Reals
    off_centre_mm: Reals


def find_airways(image: CoarseImage, air: Mask) -> Mask:
    """Return trachea and main bronchi as far as they can be told from the lungs."""
    lumen = air & (image.array < LUMEN_HU)
    box = box_of(lumen)
    middle = middle_of_body(image) - box[2].start
    airways = np.zeros_like(air)
    found = np.zeros(lumen[box].shape[1:], bool)
    levels = zip(lumen[box], image.array[box], airways[box], strict=True)
    for level, values, result in reversed(list(levels)):
        regions = _regions(level, values, middle, image.spacing_mm)
        found = _continued(regions, found) if found.any() else _begun(regions)
        result[:] = found
    return _with_walls(_longest(image, airways), air)


def _regions(
    lumen: Mask, values: Floats, middle: float, spacing_mm: Vector
) -> _Regions:
    labels, count = ndimage.label(lumen)
    pixels = np.bincount(labels.ravel(), minlength=count + 1)
    columns = np.broadcast_to(np.arange(labels.shape[1]), labels.shape)
    _, row_mm, column_mm = spacing_mm
    off_centre = _means(labels, columns, pixels) - middle
    return _Regions(
        labels=labels,
        area_mm2=pixels.astype(np.float64) * row_mm * column_mm,
        mean_hu=_means(labels, values, pixels),
        off_centre_mm=np.abs(off_centre) * column_mm,
    )


def _means(
    labels: Labels, values: npt.NDArray[np.generic], pixels: npt.NDArray[np.int_]
) -> Reals:
    """Return the mean of the values over each label."""
    sums = np.bincount(labels.ravel(), values.ravel(), pixels.size)
    means: Reals = sums / np.maximum(pixels, 1)
    return means


def _begun(regions: _Regions) -> Mask:
    """Return the region that is most like a trachea, if one is."""
    smallest, largest = LUMEN_MM2
    fits = (regions.area_mm2 > smallest) & (regions.area_mm2 < largest)
    fits &= regions.off_centre_mm < STRAIGHTNESS_MM
    fits[0] = False
    if not fits.any():
        return np.zeros(regions.labels.shape, bool)
    best = np.argmin(np.where(fits, regions.mean_hu, np.inf))
    begun: Mask = regions.labels == best
    return begun


def _continued(regions: _Regions, above: Mask) -> Mask:
    """Return the regions below those above that are no wider than a bronchus."""
    touched = np.unique(regions.labels[above])
    narrow = regions.area_mm2 < BRONCHUS_MM2
    narrow[0] = False
    found: Mask = np.isin(regions.labels, touched[narrow[touched]])
    return found


def _longest(image: CoarseImage, airways: Mask) -> Mask:
    """Keep the longest; gas of the oesophagus and bullae are short."""
    labels, _ = ndimage.label(airways, structure=np.ones((3, 3, 3)))
    boxes = ndimage.find_objects(labels)
    lengths = [(box[0].stop - box[0].start) * image.spacing_mm[0] for box in boxes]
    if not lengths or max(lengths) < SHORTEST_MM:
        return np.zeros_like(airways)
    longest: Mask = labels == np.argmax(lengths) + 1
    return longest


def _with_walls(airways: Mask, air: Mask) -> Mask:
    """Add the rim of half-filled voxels around each lumen, within its slice."""
    return air & ndimage.binary_dilation(airways, structure=LABELS_IN_PLANE)
