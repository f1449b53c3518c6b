"""What makes a volume a chest CT, each point graded from 0 to 1.

A grade is a logistic curve between two values: at the one no chest CT is like that, at
the other the volume is as a chest CT is. All bounds are chosen with room around the
real series at hand (tests/models/chest_ct/admission) and are no fit to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.contract import Volume
from models.volume.geometry import reorientation
from models.volume.lungs import LEFT_LUNG, RIGHT_LUNG, Lungs
from models.volume.lungs.grid import CANONICAL, CoarseImage, Mask, box_of, coarsen

TISSUE_HU = -400.0
BONE_HU = 150.0

FINEST = 128
"""Points along an axis at which the shape of lungs is looked at."""

STEEPNESS = float(np.log(99))
"""Makes a grade 0.01 at the one bound, and 0.99 at the other."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One point of the decision.

    Attributes
    ----------
    reason
        Reason code of a refusal that rests on it.
    grade
        0 (no chest CT is like that) to 1 (as a chest CT is).
    detail
        What was found, in words, with its number.
    """

    reason: str
    grade: float
    detail: str


def graded(value: float, none: float, full: float) -> float:
    """Return the logistic grade of a value: 0.01 at ``none``, 0.99 at ``full``.

    >>> [round(graded(value, none=1.0, full=2.0), 2) for value in (1.0, 1.5, 2.0)]
    [0.01, 0.5, 0.99]
    """
    place = np.clip((value - none) / (full - none), -2.0, 3.0)
    return float(1 / (1 + np.exp(-STEEPNESS * (2 * place - 1))))


def criteria(volume: Volume, lungs: Lungs) -> tuple[Criterion, ...]:
    """Grade a volume in Hounsfield units with axial slices.

    The order is that in which a refusal names its reason among equal grades.
    """
    image = coarsen(volume)
    area = _lung_area_cm2(volume, lungs)
    return (
        _lungs_present(volume, lungs),
        *_coverage(cut_shares(volume, lungs)),
        _height(area, image),
        *_shape(volume, lungs),
        _field_of_view(image),
        *_body(image, area),
        _vessels(lungs),
    )


def cut_shares(volume: Volume, lungs: Lungs) -> tuple[float, float]:
    """Return how large lowest and highest slice cut the lungs, of the largest area."""
    area = _lung_area_cm2(volume, lungs)
    largest = max(float(area.max()), 1e-6)
    return float(area[0]) / largest, float(area[-1]) / largest


def _lung_area_cm2(volume: Volume, lungs: Lungs) -> npt.NDArray[np.float64]:
    """Return the area of both lungs in each slice, from the feet to the head."""
    change = reorientation(volume.affine, CANONICAL)
    axial = change.axes[0]
    others = tuple(axis for axis in range(3) if axis != axial)
    pixel_cm2 = volume.voxel_mm3 / volume.spacing_mm[axial] / 100
    area: npt.NDArray[np.float64] = (lungs.labels > 0).sum(axis=others) * pixel_cm2
    return area[::-1] if change.flips[0] else area


def _lungs_present(volume: Volume, lungs: Lungs) -> Criterion:
    litres = float((lungs.labels > 0).sum()) * volume.voxel_mm3 / 1e6
    return Criterion(
        "no_lungs", graded(litres, none=0.05, full=0.6), f"lungs of {litres:.2f} L"
    )


def _coverage(shares: tuple[float, float]) -> Iterator[Criterion]:
    """Yield how nearly the lungs have ended at the lowest and the highest slice."""
    for end, part in zip(("lowest", "highest"), shares, strict=True):
        yield Criterion(
            "lungs_not_covered",
            graded(part, none=0.6, full=0.25),
            f"the {end} slice cuts the lungs at {part:.0%} of their largest area",
        )


def _height(area: npt.NDArray[np.float64], image: CoarseImage) -> Criterion:
    rows = np.flatnonzero(area)
    slices = int(rows[-1] - rows[0] + 1) if rows.size else 0
    step_mm = image.spacing_mm[0] / image.factors[0]
    height = slices * step_mm
    return Criterion(
        "lungs_too_low",
        graded(height, none=70.0, full=130.0),
        f"lungs {height:.0f} mm high",
    )


def _shape(volume: Volume, lungs: Lungs) -> Iterator[Criterion]:
    """Yield how like lungs they are: one at least in shape, and both side by side.

    A lung fills 0.28 to 0.42 of the box around it in the real series and in some
    simulated ones, an ellipsoid 0.52; a cylinder fills 0.79, and what winds as bowel
    does little. What is left of a collapsed lung may have any shape.
    """
    change = reorientation(volume.affine, CANONICAL)
    d, h, w = (max(1, size // FINEST) for size in volume.shape)
    labels = change.apply(lungs.labels[::d, ::h, ::w])
    sides = [labels == side for side in (RIGHT_LUNG, LEFT_LUNG)]
    sides = [side for side in sides if side.any()]
    if not sides:
        return
    filled = [float(side[box_of(side)].mean()) for side in sides]
    grades = [min(graded(f, 0.08, 0.18), graded(f, 0.8, 0.65)) for f in filled]
    best = int(np.argmax(grades))
    yield Criterion(
        "lungs_shape",
        grades[best],
        f"a lung fills {filled[best]:.0%} of the box around it",
    )
    if len(sides) > 1:
        beside = _beside(*sides)
        yield Criterion(
            "lungs_shape",
            graded(beside, none=0.2, full=0.5),
            f"{beside:.0%} of the shorter lung lies beside the other",
        )


def _beside(one: Mask, other: Mask) -> float:
    """Return the share of the slices with the shorter lung that hold both."""
    first, second = (lung.any(axis=(1, 2)) for lung in (one, other))
    return float((first & second).sum() / min(first.sum(), second.sum()))


def _field_of_view(image: CoarseImage) -> Criterion:
    _, rows, columns = image.array.shape
    width = min(rows * image.spacing_mm[1], columns * image.spacing_mm[2])
    return Criterion(
        "field_of_view",
        graded(width, none=120.0, full=180.0),
        f"a field of view of {width:.0f} mm",
    )


def _body(image: CoarseImage, area: npt.NDArray[np.float64]) -> Iterator[Criterion]:
    """Yield what the slices with lung look like: their edges, tissue and bone."""
    levels = np.flatnonzero(area) // image.factors[0]
    levels = np.unique(levels.clip(max=len(image.array) - 1))
    slices = image.array[levels] if levels.size else image.array
    tissue = slices > TISSUE_HU
    front, back = tissue[:, 0].mean(), tissue[:, -1].mean()
    both = float(min(front, back))
    yield Criterion(
        "body_cut",
        graded(both, none=0.6, full=0.3),
        f"tissue on {both:.0%} of the front and the back edge of the slices",
    )
    inside = slices[tissue]
    typical = float(np.median(inside)) if inside.size else -1000.0
    yield Criterion(
        "no_soft_tissue",
        min(graded(typical, -250.0, -150.0), graded(typical, 250.0, 150.0)),
        f"tissue of {typical:.0f} HU",
    )
    bone = float((inside > BONE_HU).mean()) if inside.size else 0.0
    yield Criterion(
        "no_bone",
        graded(bone, none=0.001, full=0.008),
        f"{bone:.1%} of the tissue bone",
    )


def _vessels(lungs: Lungs) -> Criterion:
    inside = max(int((lungs.labels > 0).sum()), 1)
    dense = 1 - int(lungs.aerated.sum()) / inside
    return Criterion(
        "no_vessels",
        graded(dense, none=0.001, full=0.008),
        f"{dense:.1%} of the lungs are no air",
    )
