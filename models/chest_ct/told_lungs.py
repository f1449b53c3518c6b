"""What is told of the lungs themselves: structures, sides, volumes, densities.

A side is told where it is proven, and a volume where it was measured: two lungs that
could only be cut at the middle of the body are one structure without sides, and of a
lung without air, whose place is an estimate, no number is told.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from models.chest_ct.locate import Place
from models.contract import LabelMap
from models.terms import Code, Measurement, Statement, Structure
from models.volume.lungs import LEFT_LUNG, NOT_SPLIT, ONE_LUNG, RIGHT_LUNG, Lungs
from models.volume.lungs.grid import AIR_HU, box_of

ANATOMICAL = Code("91723000", "SCT", "Anatomical Structure")
LUNG = Code("39607008", "SCT", "Lung")
RIGHT = Code("24028007", "SCT", "Right")
LEFT = Code("7771000", "SCT", "Left")

LUNGS = Structure(
    "Lungs", (RIGHT_LUNG, LEFT_LUNG), ANATOMICAL, LUNG, LUNG, colour=(120, 190, 255)
)
SIDES = (
    Structure(
        "Right lung",
        (RIGHT_LUNG,),
        ANATOMICAL,
        LUNG,
        LUNG,
        laterality=RIGHT,
        colour=(94, 160, 230),
    ),
    Structure(
        "Left lung",
        (LEFT_LUNG,),
        ANATOMICAL,
        LUNG,
        LUNG,
        laterality=LEFT,
        colour=(130, 210, 200),
    ),
)
UNDIVIDED = Structure(
    LUNGS.name, (RIGHT_LUNG,), ANATOMICAL, LUNG, LUNG, colour=LUNGS.colour
)
"""Both lungs where nothing but the middle of the body parts them."""

VOLUME = Code("118565006", "SCT", "Volume")
MEAN_DENSITY = Code("112181", "DCM", "Mean Attenuation Coefficient")
ML = Code("mL", "UCUM", "milliliter")
HU = Code("[hnsf'U]", "UCUM", "Hounsfield unit")

NEAR = 3
"""Voxels around a box without outline that are asked for its side: the box may lie
beside the lung, as a pleural finding does."""

ONE_SIDE = 0.9
"""Share of the voxels of a place that must lie in one lung; less is both sides."""


def lung_structures(lungs: Lungs) -> tuple[Structure, ...]:
    """Return the lungs and their sides, or the lungs alone."""
    return (LUNGS, *SIDES) if _proven(lungs) else (UNDIVIDED,)


def lung_labels(lungs: Lungs) -> LabelMap:
    """Return ``(D, H, W)`` labels of `lung_structures`; a copy."""
    if _proven(lungs):
        return lungs.labels.copy()
    return (lungs.labels > 0).astype(np.uint8) * np.uint8(RIGHT_LUNG)


def sides_of(place: Place, lungs: Lungs) -> tuple[Code, ...]:
    """Return the sides of the lungs in which a place lies; none is not proven."""
    if not _proven(lungs):
        return ()
    near = 0 if place.outline is not None else NEAR
    box = tuple(
        slice(max(0, first - near), last + near + 1)
        for first, last in zip(place.first, place.last, strict=True)
    )
    labels = lungs.labels[box]
    if place.outline is not None:
        labels = labels[place.outline]
    counts = np.bincount(labels.ravel(), minlength=LEFT_LUNG + 1)
    voxels = {side.laterality: int(counts[side.labels[0]]) for side in SIDES}
    total = sum(voxels.values())
    return tuple(
        side
        for side, count in voxels.items()
        if side is not None and count > (1 - ONE_SIDE) * total
    )


def measurements(
    array: npt.NDArray[np.floating], lungs: Lungs, voxel_mm3: float
) -> Iterator[Measurement]:
    """Yield volume and mean density of both lungs and of each, where they are known.

    Parameters
    ----------
    array
        ``(D, H, W)`` HU; what is below air is padding, and counts as air.
    voxel_mm3
        From the spacing.
    """
    box = box_of(lungs.labels > 0)
    counts, sums = _counted(array[box], lungs.labels[box])
    airless = _airless(lungs)
    for structure in (LUNGS, *SIDES) if _proven(lungs) else (LUNGS,):
        if airless and set(structure.labels) & set(airless.labels):
            continue
        sides = list(structure.labels)
        count = int(counts[sides].sum())
        volume = count * voxel_mm3 / 1000
        yield Measurement(structure.name, VOLUME, volume, ML, decimals=0)
        if count:
            mean = float(sums[sides].sum()) / count
            yield Measurement(structure.name, MEAN_DENSITY, mean, HU, decimals=0)


def withheld(lungs: Lungs) -> Iterator[Statement]:
    """Yield what is not told of the lungs, and why."""
    if not _proven(lungs):
        yield Statement(
            "Sides",
            "Not determined: nothing but the middle of the body parts the two lungs; "
            "no volume of one side and no side of a place is told.",
            LUNGS.name,
            NOT_SPLIT.code,
        )
    if airless := _airless(lungs):
        yield Statement(
            "Volume",
            f"Not determined: the {airless.name.lower()} holds no air, and where it "
            "lies is an estimate; its volume and that of both are not told.",
            LUNGS.name,
            ONE_LUNG.code,
        )


def _proven(lungs: Lungs) -> bool:
    return NOT_SPLIT not in lungs.flags


def _airless(lungs: Lungs) -> Structure | None:
    """Return the lung in which no air was found, if one is such."""
    if ONE_LUNG not in lungs.flags:
        return None
    inside = np.bincount(lungs.labels[lungs.aerated], minlength=LEFT_LUNG + 1)
    return min(SIDES, key=lambda side: int(inside[side.labels[0]]))


def _counted(
    array: npt.NDArray[np.floating], lungs: LabelMap
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return voxels and summed HU of each label, slice by slice: never a copy."""
    counts, sums = np.zeros(256, np.int64), np.zeros(256)
    for labels, values in zip(lungs, array, strict=True):
        flat = labels.ravel()
        counts += np.bincount(flat, minlength=256)
        sums += np.bincount(flat, np.maximum(values, AIR_HU).ravel(), minlength=256)
    return counts, sums
