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
from models.volume.lungs.grid import CoarseImage, Floats, Mask, box_of

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

LABELS_IN_PLANE = np.zeros((3, 3, 3), bool)
LABELS_IN_PLANE[1] = True

SHORTEST_MM = 25.0
"""An airway that is followed for less is none."""

Labels = npt.NDArray[np.signedinteger]
Reals = npt.NDArray[np.float64]


def enclosed_air(image: CoarseImage) -> Mask:
    """Return the air that no way within its slice leads out of the body.

    What touches the edge of a slice is room air, or a lung that the field of view has
    cut: it cannot be told which.
    """
    air = image.array < AERATED_HU
    labels, count = ndimage.label(air, structure=LABELS_IN_PLANE)
    open_air = np.zeros(count + 1, bool)
    for edge in (labels[:, 0], labels[:, -1], labels[:, :, 0], labels[:, :, -1]):
        open_air[np.unique(edge)] = True
    open_air[0] = True
    enclosed: Mask = ~open_air[labels]
    return enclosed


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
