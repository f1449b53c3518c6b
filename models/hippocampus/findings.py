"""From a label map to coded structures, volumes and what a reader must know."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.contract import LabelMap, Volume
from models.terms import Code, Flag, Grade, Measurement, Structure

Indices = npt.NDArray[np.intp]

ANATOMICAL = Code("91723000", "SCT", "Anatomical Structure")
HIPPOCAMPUS = Code("5366008", "SCT", "Hippocampus")
VOLUME = Code("118565006", "SCT", "Volume")
MM3 = Code("mm3", "UCUM", "cubic millimeter")
ML = Code("mL", "UCUM", "milliliter")

STRUCTURES = (
    Structure(
        "Anterior hippocampus",
        (1,),
        ANATOMICAL,
        HIPPOCAMPUS,
        HIPPOCAMPUS,
        modifier=Code("255549009", "SCT", "Anterior"),
        colour=(255, 179, 0),
    ),
    Structure(
        "Posterior hippocampus",
        (2,),
        ANATOMICAL,
        HIPPOCAMPUS,
        HIPPOCAMPUS,
        modifier=Code("255551008", "SCT", "Posterior"),
        colour=(0, 158, 255),
    ),
    Structure(
        "Hippocampus",
        (1, 2),
        ANATOMICAL,
        HIPPOCAMPUS,
        HIPPOCAMPUS,
        colour=(57, 214, 128),
    ),
)

NO_HEAD_SIZE = (
    "Head size not available (cropped input): volumes are not adjusted for it."
)

PLAUSIBLE_MM3 = (1500.0, 6000.0)
"""A human hippocampus; outside, the segmentation has failed."""

THICK_MM = 1.5
"""Slices thicker than this hide the border between the parts."""

MIRRORED = "mirrored"
"""Reason code: a right hippocampus was turned into a left one to be read."""

STRAY_SHARE = 0.01
"""A class that loses more than this with its smaller pieces is reported."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the training data and held-out cases looked like (``bundle.json``).

    Attributes
    ----------
    total_mm3
        1st and 99th percentile of the manual volumes.
    anterior_to_posterior
        1st and 99th percentile of the ratio of the manual volumes.
    entropy
        Largest mean entropy (nats) inside the mask of a held-out case; infinite
        where none was held out, or none was looked at.
    """

    total_mm3: tuple[float, float]
    anterior_to_posterior: tuple[float, float]
    entropy: float

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Limits:
        """Read the ``training.limits`` object of a bundle."""
        low, high = content["total_mm3"]
        least, most = content["anterior_to_posterior"]
        return cls((low, high), (least, most), content.get("entropy", math.inf))


def largest_pieces(labels: LabelMap) -> tuple[LabelMap, float]:
    """Keep the largest connected piece of each class.

    Returns
    -------
    tuple
        The cleaned label map, and the largest share that any class lost.
    """
    kept = np.zeros_like(labels)
    lost = 0.0
    for label in (1, 2):
        pieces, count = ndimage.label(labels == label)
        if count == 0:
            continue
        sizes = np.bincount(pieces.ravel())[1:]
        kept[pieces == sizes.argmax() + 1] = label
        lost = max(lost, 1 - float(sizes.max() / sizes.sum()))
    return kept, lost


def mean_entropy(chances: npt.NDArray[np.float32]) -> float:
    """Return the mean entropy in nats over the voxels that are not background.

    Parameters
    ----------
    chances
        ``(C, D, H, W)`` class probabilities.
    """
    inside = chances[:, chances.argmax(axis=0) > 0]
    if inside.size == 0:
        return 0.0
    return float(-(inside * np.log(inside + 1e-9)).sum(axis=0).mean())


def bend(front: Indices, right: Indices) -> float:
    """Return by how many voxels head and tail lie to the right of the middle third.

    Above 0 for a left hippocampus, as in all 220 sound crops of Task04, by 1.8 to 5.0
    (``models/hippocampus/eda``); 0 where it is too short to tell.

    Parameters
    ----------
    front, right
        Of every voxel of a mask, its place along the axis that grows so.
    """
    if not front.size:
        return 0.0
    middle = np.abs(2 * front - (front.min() + front.max())) < np.ptp(front) / 3
    if middle.all() or not middle.any():
        return 0.0
    return float(right[~middle].mean() - right[middle].mean())


def other_hand(labels: LabelMap) -> Iterator[Flag]:
    """Yield a flag if the mask bends as that of the other hand does.

    Parameters
    ----------
    labels
        On the network's axes: h grows to the front, w to the right.
    """
    _, h, w = np.nonzero(labels)
    if bend(h, w) < 0:
        yield Flag(
            "other_hand",
            "What was found bends like a hippocampus of the other side: the side, or "
            "the orientation of the images, is not what it was taken for.",
            Grade.C,
        )


def measure(labels: LabelMap, voxel_mm3: float) -> tuple[Measurement, ...]:
    """Return the volume of each structure in mm³ and mL, from the spacing."""
    measurements = []
    for structure in STRUCTURES:
        volume = int(np.isin(labels, structure.labels).sum()) * voxel_mm3
        name = structure.name
        measurements.append(Measurement(name, VOLUME, volume, MM3, decimals=0))
        measurements.append(Measurement(name, VOLUME, volume / 1000, ML, decimals=1))
    return tuple(measurements)


def flags(
    labels: LabelMap, volume: Volume, limits: Limits, entropy: float, lost: float
) -> tuple[Flag, ...]:
    """Return all that limits the trust in the images and the mask, with reason codes.

    Parameters
    ----------
    labels
        On the grid of ``volume``.
    entropy
        From `mean_entropy`.
    lost
        From `largest_pieces`.
    """
    return (
        *volume.flags,
        *_input_flags(volume),
        *_mask_flags(labels, entropy, lost, limits),
        *_volume_flags(labels, volume.voxel_mm3, limits),
    )


def _input_flags(volume: Volume) -> Iterator[Flag]:
    if volume.series.tags.get("ContrastBolusAgent", "").strip():
        yield Flag(
            "contrast_enhanced",
            "The images are contrast-enhanced; training images were not.",
            Grade.B,
        )
    if max(volume.spacing_mm) > THICK_MM:
        yield Flag(
            "thick_slices",
            f"Voxels are up to {max(volume.spacing_mm):.1f} mm long; training: 1 mm.",
            Grade.B,
        )


def _mask_flags(
    labels: LabelMap, entropy: float, lost: float, limits: Limits
) -> Iterator[Flag]:
    faces = (labels.take(end, axis) for axis in range(3) for end in (0, -1))
    if any(face.any() for face in faces):
        yield Flag(
            "touches_border",
            "The hippocampus reaches the edge of the images and may be cut off.",
            Grade.B,
        )
    if lost > STRAY_SHARE:
        yield Flag(
            "several_components",
            f"Separate pieces were removed ({lost:.0%} of a part).",
            Grade.B,
        )
    if entropy > limits.entropy:
        yield Flag(
            "high_entropy",
            "The model was less certain than on any case it was tested on.",
            Grade.B,
        )


def _volume_flags(labels: LabelMap, voxel_mm3: float, limits: Limits) -> Iterator[Flag]:
    anterior, posterior = (int((labels == label).sum()) for label in (1, 2))
    total = (anterior + posterior) * voxel_mm3
    if not PLAUSIBLE_MM3[0] <= total <= PLAUSIBLE_MM3[1]:
        yield Flag(
            "volume_implausible",
            "The total volume is not that of a hippocampus.",
            Grade.C,
        )
    if not limits.total_mm3[0] <= total <= limits.total_mm3[1]:
        yield Flag(
            "outside_training_range",
            "The total volume lies outside the 1st to 99th percentile of training.",
            Grade.B,
        )
    least, most = limits.anterior_to_posterior
    if not least * posterior <= anterior <= most * posterior or posterior == 0:
        yield Flag(
            "ratio_outside_training_range",
            "Anterior to posterior lies outside the 1st to 99th percentile.",
            Grade.B,
        )
