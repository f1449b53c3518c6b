"""Where the voxels lie: the one place for affines, slice order and orientation.

An affine maps a voxel index of an array to patient coordinates in LPS millimetres.
For a series the array is ``(D, H, W)``: ``d`` counts slices along the normal of the
image plane (row direction x column direction), ``h`` counts rows, so that it runs
along the *column* direction, and ``w`` counts columns along the *row* direction
(DICOM PS3.3 C.7.6.2.1.1).

Axis codes name the direction in which each axis of an array grows: ``"SPL"`` is an
axial series as a scanner writes it, ``"RAS"`` the usual NIfTI order ``(x, y, z)``.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from models.terms import Vector

Affine = npt.NDArray[np.float64]
Cosines = tuple[float, float, float, float, float, float]
Scalar = TypeVar("Scalar", bound=np.generic)

ORIENTATION_TOLERANCE = 1e-4
"""Largest difference of a direction cosine within one series, and of its length and
angle from a unit, right-angled pair. Writers round in the seventh digit, some in the
fifth; 1e-4 moves the far corner of a 500 mm plane by 0.05 mm."""

SPACING_TOLERANCE = 1e-3
"""Largest relative difference of Pixel Spacing within one series."""

STEP_TOLERANCE = 0.05
"""Largest distance of a slice from its place on the regular grid, as a part of the
slice spacing. Positions rounded to 0.1 mm pass at 2 mm and are refused at 1 mm."""

TILT_TOLERANCE = 1e-3
"""Largest drift of the slices within their plane per millimetre along the normal:
0.06 degrees, where a gantry is tilted by half a degree or more."""

ROUNDING_MM = 0.02
"""Drift within the plane that rounded positions explain, whatever the distance."""

DUPLICATE_MM = 0.01
"""Slices closer than this lie at one position."""

LETTERS = (("R", "L"), ("A", "P"), ("I", "S"))
"""Names of the negative and the positive direction of x, y and z in LPS."""


class GeometryError(ValueError):
    """The slices do not form one regular grid.

    Attributes
    ----------
    reason
        Reason code: ``missing_position``, ``missing_spacing``, ``single_slice``,
        ``mixed_matrix``, ``mixed_spacing``, ``invalid_orientation``,
        ``mixed_orientation``, ``duplicate_position``, ``gantry_tilt``,
        ``slice_gap`` or ``several_acquisitions``.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Plane:
    """What one image says about where it lies; None where it says nothing.

    Attributes
    ----------
    position_mm
        Image Position (Patient), LPS: the centre of the first voxel.
    orientation
        Image Orientation (Patient): row direction, then column direction.
    spacing_mm
        Pixel Spacing ``(h, w)``: between rows, between columns.
    """

    rows: int
    columns: int
    position_mm: Vector | None
    orientation: Cosines | None
    spacing_mm: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Grid:
    """A proven regular grid.

    Attributes
    ----------
    order
        Indices of the given planes in slice order, along the normal.
    affine
        ``(4, 4)``, voxel ``(d, h, w)`` to LPS millimetres.
    """

    order: tuple[int, ...]
    affine: Affine

    @property
    def spacing_mm(self) -> Vector:
        """``(d, h, w)``: the lengths of the affine's columns, millimetres."""
        d, h, w = np.linalg.norm(self.affine[:3, :3], axis=0).tolist()
        return d, h, w


def arrange(planes: Sequence[Plane]) -> Grid:
    """Put the planes in slice order and prove that they form one regular grid.

    The result does not depend on the order in which the planes are given.

    Raises
    ------
    GeometryError
        They do not; ``reason`` says which rule is broken first.
    """
    _require_places(planes)
    _require_one_matrix_and_spacing(planes)
    cosines = _common_orientation(planes)
    row, column = _unit(cosines[:3]), _unit(cosines[3:])
    positions = np.array([plane.position_mm for plane in planes], dtype=np.float64)
    order = np.argsort(positions @ np.cross(row, column), kind="stable")
    step = _regular_step(positions[order], _unit(np.cross(row, column)))
    between_rows, between_columns = planes[order[0]].spacing_mm or (0.0, 0.0)
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = column * between_rows
    affine[:3, 2] = row * between_columns
    affine[:3, 3] = positions[order[0]]
    return Grid(tuple(order.tolist()), affine)


def _require_places(planes: Sequence[Plane]) -> None:
    if any(plane.position_mm is None or plane.orientation is None for plane in planes):
        raise GeometryError(
            "missing_position", "an image has no position or no orientation"
        )
    if any(plane.spacing_mm is None or min(plane.spacing_mm) <= 0 for plane in planes):
        raise GeometryError("missing_spacing", "an image has no pixel spacing")
    if len(planes) < 2:
        raise GeometryError("single_slice", "one slice is no volume")


def _require_one_matrix_and_spacing(planes: Sequence[Plane]) -> None:
    matrices = sorted({(plane.rows, plane.columns) for plane in planes})
    if len(matrices) > 1:
        shown = ", ".join(f"{rows} x {columns}" for rows, columns in matrices[:3])
        raise GeometryError("mixed_matrix", f"matrices {shown}")
    spacings = np.array([plane.spacing_mm for plane in planes], dtype=np.float64)
    smallest, largest = spacings.min(axis=0), spacings.max(axis=0)
    if np.any(largest > smallest * (1 + SPACING_TOLERANCE)):
        raise GeometryError(
            "mixed_spacing",
            f"pixel spacing from {smallest.min():.4g} to {largest.max():.4g} mm",
        )


def _common_orientation(planes: Sequence[Plane]) -> npt.NDArray[np.float64]:
    cosines = np.array([plane.orientation for plane in planes], dtype=np.float64)
    rows, columns = cosines[:, :3], cosines[:, 3:]
    lengths = np.linalg.norm(np.stack([rows, columns]), axis=2)
    cross_talk = np.abs(np.sum(rows * columns, axis=1))
    if max(np.abs(lengths - 1).max(), cross_talk.max()) > ORIENTATION_TOLERANCE:
        raise GeometryError(
            "invalid_orientation", "row and column are not unit and perpendicular"
        )
    spread = float(np.ptp(cosines, axis=0).max())
    if spread > ORIENTATION_TOLERANCE:
        raise GeometryError(
            "mixed_orientation", f"direction cosines differ by up to {spread:.4g}"
        )
    middle: npt.NDArray[np.float64] = np.median(cosines, axis=0)
    return middle


def _regular_step(
    positions: npt.NDArray[np.float64], normal: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the vector from slice to slice of positions sorted along the normal."""
    heights = (positions - positions[0]) @ normal
    steps = np.diff(heights)
    if steps.min() < DUPLICATE_MM:
        count = int((steps < DUPLICATE_MM).sum()) + 1
        raise GeometryError("duplicate_position", f"{count} slices share a position")
    drift = np.linalg.norm(positions - positions[0] - np.outer(heights, normal), axis=1)
    if np.any(drift > ROUNDING_MM + TILT_TOLERANCE * heights):
        angle = float(np.degrees(np.arctan2(drift[-1], heights[-1])))
        raise GeometryError(
            "gantry_tilt", f"slices leave the normal by {angle:.2f} degrees"
        )
    typical = float(np.median(steps))
    regular = np.linspace(0.0, heights[-1], len(heights))
    error = max(np.abs(steps - typical).max(), np.abs(heights - regular).max())
    if error > STEP_TOLERANCE * typical:
        raise GeometryError(
            "slice_gap", f"steps from {steps.min():.4g} to {steps.max():.4g} mm"
        )
    step: npt.NDArray[np.float64] = (positions[-1] - positions[0]) / len(steps)
    return step


def _unit(vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    unit: npt.NDArray[np.float64] = vector / np.linalg.norm(vector)
    return unit


def is_nominal(affine: Affine) -> bool:
    """Say whether a series affine is only invented: 1 mm, unrotated, origin (0, 0, n).

    Software that cuts a piece out of a series and drops its place writes this. Such
    positions prove neither left and right nor a place in the patient.

    >>> affine = np.array([[0.0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 7], [0, 0, 0, 1]])
    >>> is_nominal(affine)
    True
    >>> affine[0, 3] = -80.5
    >>> is_nominal(affine)
    False
    """
    unrotated = np.array_equal(affine[:3, :3], np.eye(3)[:, ::-1])
    x, y, z = affine[:3, 3].tolist()
    return unrotated and x == 0 and y == 0 and float(z).is_integer()


def swap_lps_ras(affine: Affine) -> Affine:
    """Turn an affine into LPS millimetres into one into RAS millimetres, or back."""
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


def axis_codes(affine: Affine) -> str:
    """Name the patient direction in which each array axis grows, the nearest one.

    >>> axis_codes(np.diag([1.0, 1.0, 1.0, 1.0]))
    'LPS'
    """
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    best = max(
        itertools.permutations(range(3)),
        key=lambda pairing: _nearness(directions, pairing),
    )
    return "".join(
        LETTERS[best[axis]][int(directions[best[axis], axis] > 0)] for axis in (0, 1, 2)
    )


def _nearness(
    directions: npt.NDArray[np.float64], pairing: tuple[int, ...]
) -> tuple[float, ...]:
    """Rank the pairing of array axis ``n`` with patient axis ``pairing[n]``.

    The smallest total angle wins. Between equals, at 45 degrees, the directions
    themselves decide, so that the same voxels get the same patient axes in whatever
    order and direction their array stores them.
    """
    paired = np.stack([directions[:, pairing.index(line)] for line in (0, 1, 2)])
    paired *= np.where(np.diag(paired) < 0, -1.0, 1.0)[:, np.newaxis]
    return (*np.round([paired.trace(), *paired.flat], 6).tolist(),)


@dataclass(frozen=True, slots=True)
class Reorientation:
    """An exact change of axis order and direction; no voxel value is touched.

    Attributes
    ----------
    axes
        ``axes[k]`` is the old axis that becomes axis ``k``.
    flips
        Whether axis ``k`` of the result runs against the old axis.
    """

    axes: tuple[int, int, int]
    flips: tuple[bool, bool, bool]

    def apply(self, array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Return the array in the new orientation, as a view."""
        return array.transpose(self.axes)[self._slices()]

    def undo(self, array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Return an array of the new orientation, such as a mask, in the old one."""
        a, b, c = np.argsort(self.axes).tolist()
        return array[self._slices()].transpose((a, b, c))

    def apply_affine(self, affine: Affine, shape: tuple[int, int, int]) -> Affine:
        """Return the affine of the reoriented array; ``shape`` is the old one."""
        old_of_new = np.zeros((4, 4))
        old_of_new[3, 3] = 1.0
        for new, (old, flip) in enumerate(zip(self.axes, self.flips, strict=True)):
            old_of_new[old, new] = -1.0 if flip else 1.0
            old_of_new[old, 3] = shape[old] - 1 if flip else 0
        result: Affine = affine @ old_of_new
        return result

    def _slices(self) -> tuple[slice, slice, slice]:
        a, b, c = (slice(None, None, -1 if flip else 1) for flip in self.flips)
        return a, b, c


def reorientation(affine: Affine, target: str) -> Reorientation:
    """Return the change that brings an array with this affine to target axis codes.

    >>> series = np.array([[0.0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
    >>> reorientation(series, "RAS")
    Reorientation(axes=(2, 1, 0), flips=(True, True, False))

    Raises
    ------
    ValueError
        ``target`` does not name each of x, y and z once.
    """
    lines = [_line(letter) for letter in target]
    if sorted(lines) != [0, 1, 2]:
        raise ValueError(f"axis codes name R/L, A/P and I/S once each, not {target!r}")
    source = axis_codes(affine)
    a, b, c = (next(i for i in (0, 1, 2) if _line(source[i]) == n) for n in lines)
    p, q, r = (source[old] != new for old, new in zip((a, b, c), target, strict=True))
    return Reorientation((a, b, c), (p, q, r))


def _line(letter: str) -> int:
    """Return 0, 1 or 2 for a letter of x, y or z, and -1 for any other."""
    return next((n for n, pair in enumerate(LETTERS) if letter in pair), -1)
