"""From a volume and its lungs to what a network sees; training and serving alike.

A network sees the box of the lungs with a margin, harmonised, in a field that holds
it. A training bounds the field, and a larger chest loses its border there; nothing of
a lung is cut off when a study is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field

from models.chest_ct.harmonise import Box, Harmonised, Lattice, harmonise
from models.chest_ct.kinds import Kind
from models.chest_ct.sharpness import matched
from models.contract import LabelMap, UnfitInput, Volume
from models.terms import Vector
from models.training.settings import TrainingSection
from models.volume.geometry import Affine
from models.volume.lungs import LEFT_LUNG, RIGHT_LUNG

FILLING_HU = 0
"""Around a chest that is smaller than the field; about that of the chest wall."""

FIELD_STEP = 16
"""A field is a multiple of this along every axis: networks halve it four times."""

FEWEST_SHARE = 0.3
"""Of a point's surroundings that a finding fills where the point belongs to it."""

SIDE = 16
"""`Prepared.labels` are the side of the lung times this, plus the kind."""

KIND = SIDE - 1
"""The bits of a label that are the kind."""


def _widening(window: tuple[float, float]) -> tuple[float, float]:
    if not window[0] < window[1]:
        raise ValueError("a window goes from a density to a higher one")
    return window


Shape = tuple[int, int, int]
Window = Annotated[tuple[float, float], AfterValidator(_widening)]
Millimetres = Annotated[float, Field(gt=0)]
Edge = Annotated[int, Field(ge=1)]


class View(TrainingSection):
    """How a network sees a chest; stated in the bundle.

    Attributes
    ----------
    spacing_mm, fwhm_mm
        ``(d, h, w)`` of the grid, and of the point spread on it.
    margin_mm
        Around the box of the lungs.
    sharpness
        `models.chest_ct.sharpness` that images are brought to on this grid, so that
        one patient in two kernels looks the same; 0 leaves them.
    windows_hu
        From which density to which each channel goes from -1 to 1.
    field
        ``(D, H, W)`` points that are seen at once in training, at most; of axial
        slices the first is how many are read of a study at most.
    """

    spacing_mm: tuple[Millimetres, Millimetres, Millimetres]
    fwhm_mm: tuple[Millimetres, Millimetres, Millimetres]
    margin_mm: Annotated[float, Field(ge=0)]
    sharpness: Annotated[float, Field(ge=0)] = 0.0
    windows_hu: Annotated[tuple[Window, ...], Field(min_length=1)]
    field: tuple[Edge, Edge, Edge]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A chest on the grid of a view, before it is placed in a field.

    Attributes
    ----------
    hu
        ``(D, H, W)`` int16.
    labels
        ``(D, H, W)`` uint8: the side of the lung, as `models.volume.lungs` has it,
        times `SIDE`, plus the `Kind` of a finding where one is known.
    affine
        ``(4, 4)``, ``(d, h, w)`` to LPS millimetres.
    """

    hu: npt.NDArray[np.int16]
    labels: npt.NDArray[np.uint8]
    affine: Affine

    @property
    def lungs(self) -> npt.NDArray[np.bool_]:
        """``(D, H, W)``, the points in the lungs."""
        return self.labels >= SIDE

    @property
    def sides(self) -> npt.NDArray[np.uint8]:
        """``(D, H, W)``, the side of the lung, and 0 outside."""
        return self.labels // SIDE

    @property
    def truth(self) -> npt.NDArray[np.uint8]:
        """``(D, H, W)``, the `Kind` of what is known to be there."""
        return self.labels & np.uint8(KIND)


def prepare(
    volume: Volume, lungs: LabelMap, view: View, truth: LabelMap | None = None
) -> Prepared:
    """Return what a network sees of a volume.

    Parameters
    ----------
    lungs
        ``(D, H, W)`` on the volume's grid: sides, and 0 outside.
    truth
        ``(D, H, W)`` of `Kind`, where it is known.

    Raises
    ------
    models.contract.UnfitInput
        There are no lungs.
    """
    box = box_around(lungs > 0, volume.spacing_mm, view.margin_mm)
    seen = harmonise(volume, box, view.spacing_mm, view.fwhm_mm)
    labels = _kinds(truth, seen.lattice) + SIDE * _sides(lungs, seen.lattice)
    return shown(seen, labels, view)


def shown(seen: Harmonised, labels: npt.NDArray[np.uint8], view: View) -> Prepared:
    """Return a harmonised image at the sharpness of a view.

    Parameters
    ----------
    labels
        As `Prepared` has them.
    """
    hu = np.round(seen.array).astype(np.int16)
    if view.sharpness:
        hu = matched(hu, labels >= SIDE, view.spacing_mm, view.sharpness)
    return Prepared(hu, labels, seen.affine)


def box_around(
    mask: npt.NDArray[np.bool_], spacing_mm: Vector, margin_mm: float
) -> Box:
    """Return the box of a mask with a margin, as far as the volume goes.

    Raises
    ------
    models.contract.UnfitInput
        The mask is empty.
    """
    sides = []
    for axis, (size, step) in enumerate(zip(mask.shape, spacing_mm, strict=True)):
        others = tuple({0, 1, 2} - {axis})
        (places,) = np.nonzero(mask.any(axis=others))
        if not len(places):
            raise UnfitInput("no_lungs", "no lungs were found")
        margin = round(margin_mm / step)
        low, high = int(places[0]) - margin, int(places[-1]) + margin + 1
        sides.append(slice(max(0, low), min(size, high)))
    d, h, w = sides
    return d, h, w


def field_of(shape: Shape) -> Shape:
    """Return the smallest field that holds a whole chest of this shape.

    >>> field_of((50, 64, 70))
    (64, 64, 80)
    """
    d, h, w = (-(-size // FIELD_STEP) * FIELD_STEP for size in shape)
    return d, h, w


def common_field(shapes: Sequence[Shape], most: Shape) -> Shape:
    """Return the smallest field that holds all chests, as far as ``most`` allows."""
    d, h, w = (
        min(max(sizes), limit)
        for *sizes, limit in zip(*map(field_of, shapes), most, strict=True)
    )
    return d, h, w


def placed(prepared: Prepared, field: Shape, shift: Shape = (0, 0, 0)) -> Prepared:
    """Return the chest in the middle of a field, or the middle of a larger chest.

    Parameters
    ----------
    shift
        Points ``(d, h, w)`` by which the chest is moved from there.
    """
    first = [
        (edge - size) // 2 + by
        for edge, size, by in zip(field, prepared.hu.shape, shift, strict=True)
    ]
    return _laid(prepared, field, first)


def whole(prepared: Prepared, steps: Shape = (FIELD_STEP,) * 3) -> Prepared:
    """Return a whole chest in a field that begins and ends on common lines.

    Points lie at multiples of the spacing from the origin of the patient's coordinates,
    and the lines at multiples of ``steps`` points. So what lies in one cell of a
    network lies in one cell in another reconstruction of the scan too, whose lungs may
    begin a point earlier.
    """
    turn, origin = prepared.affine[:3, :3], prepared.affine[:3, 3]
    begins = np.linalg.solve(turn, origin).round().astype(int)
    first = [int(at) % step for at, step in zip(begins, steps, strict=True)]
    d, h, w = (
        -(-(low + size) // step) * step
        for low, size, step in zip(first, prepared.hu.shape, steps, strict=True)
    )
    return _laid(prepared, (d, h, w), first)


def _laid(prepared: Prepared, field: Shape, first: Sequence[int]) -> Prepared:
    """Return what of a chest lies in a field, its first point at a place of it."""
    hu = np.full(field, FILLING_HU, np.int16)
    labels = np.zeros(field, np.uint8)
    target, source = _overlap(first, prepared.hu.shape, field)
    hu[target] = prepared.hu[source]
    labels[target] = prepared.labels[source]
    affine = prepared.affine.copy()
    affine[:3, 3] -= affine[:3, :3] @ first
    return Prepared(hu, labels, affine)


def _overlap(
    first: Sequence[int], shape: tuple[int, ...], field: Shape
) -> tuple[Box, Box]:
    """Return where a chest lies in the field, and what of the chest lies there."""
    pairs = [
        (max(0, low), min(edge, low + size))
        for low, size, edge in zip(first, shape, field, strict=True)
    ]
    d, h, w = (slice(a, b) for a, b in pairs)
    z, y, x = (
        slice(a - low, b - low) for (a, b), low in zip(pairs, first, strict=True)
    )
    return (d, h, w), (z, y, x)


def _sides(lungs: LabelMap, lattice: Lattice) -> npt.NDArray[np.uint8]:
    right, left = (lattice.share(lungs == side) for side in (RIGHT_LUNG, LEFT_LUNG))
    sides = np.where(right >= left, RIGHT_LUNG, LEFT_LUNG)
    return np.where(right + left >= 0.5, sides, 0).astype(np.uint8)


def _kinds(truth: LabelMap | None, lattice: Lattice) -> npt.NDArray[np.uint8]:
    """Return the kind at each point; of several the one with the smaller label.

    A finding that is smaller than a point keeps one.
    """
    labels = np.zeros(lattice.shape, np.uint8)
    if truth is None:
        return labels
    for kind in sorted(Kind, reverse=True):
        mask = truth == kind
        if not mask[lattice.box].any():
            continue
        share = lattice.share(mask)
        labels[share >= min(FEWEST_SHARE, float(share.max()))] = kind
    return labels
