"""A chest on one common grid at one common sharpness, whatever scanned it.

A kernel, a matrix and a slice thickness each blur in a way of their own. What blurs
more than any of them leaves little of their differences: the image is smoothed to a
point spread that is wider than a scanner's, and sampled on a grid of fixed spacing.

Along each axis one matrix does both, a Gaussian around every point of the grid, so
that a volume costs three products of matrices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.contract import Volume
from models.terms import Vector
from models.volume.geometry import Affine, Reorientation, reorientation

AXES = "SPL"
"""D to the head, H to the back, W to the patient's left."""

RANGE_HU = (-1024.0, 3071.0)
"""Twelve bits of Hounsfield units. Less is padding outside the field of view."""

KERNEL_FWHM_MM = 1.2
"""Width of a kernel's own point spread in the plane: between sharp and soft ones,
0.6 to 1.6 mm. At a target of 3 mm the difference is 13 % of the width."""

FWHM_PER_SD = 2 * math.sqrt(2 * math.log(2))
"""Full width at half maximum of a Gaussian of standard deviation 1."""

INTERPOLATION_SD = 1 / math.sqrt(6)
"""Standard deviation of linear interpolation in steps of the source. Less than this
would show its single voxels."""

Box = tuple[slice, slice, slice]
Floats = npt.NDArray[np.float64]
FloatVolume = npt.NDArray[np.float32]
Triple = tuple[Floats, Floats, Floats]


@dataclass(frozen=True, slots=True)
class Lattice:
    """Points of fixed spacing that cover a box of a volume.

    They lie at multiples of the spacing from the origin of the patient's coordinates,
    so that two reconstructions of one scan are sampled at the same places.

    Attributes
    ----------
    change
        From the axes of the volume to `AXES`.
    box
        What is covered, first to last voxel along each axis of the volume.
    source_mm, points_mm
        Along each axis, in `AXES`: where the voxels of the box and the points lie.
    affine
        ``(4, 4)``, point ``(d, h, w)`` to LPS millimetres. The axes are those of the
        volume: a volume that is turned in the scanner stays turned.
    """

    change: Reorientation
    box: Box
    source_mm: Triple
    points_mm: Triple
    affine: Affine

    @classmethod
    def over(cls, volume: Volume, box: Box, spacing_mm: Vector) -> Lattice:
        """Return the points inside a box of the volume, one at least along each axis.

        Parameters
        ----------
        box
            In voxels of the volume; slices with both ends.
        spacing_mm
            ``(d, h, w)`` in `AXES`.
        """
        change = reorientation(volume.affine, AXES)
        first = np.eye(4)
        first[:3, 3] = [side.start for side in box]
        d, h, w = (side.stop - side.start for side in box)
        affine = change.apply_affine(volume.affine @ first, (d, h, w))
        steps = np.linalg.norm(affine[:3, :3], axis=0)
        units = affine[:3, :3] / steps
        source = [
            unit @ affine[:3, 3] + step * np.arange((d, h, w)[axis])
            for unit, step, axis in zip(units.T, steps, change.axes, strict=True)
        ]
        points = [
            _multiples(line[0], line[-1], step)
            for line, step in zip(source, spacing_mm, strict=True)
        ]
        return cls(
            change, box, _triple(source), _triple(points), _affine(units, points)
        )

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(D, H, W)`` points."""
        d, h, w = (len(line) for line in self.points_mm)
        return d, h, w

    def smoothed(
        self,
        array: npt.NDArray[np.generic],
        sd_mm: Vector,
        inside: npt.NDArray[np.bool_] | None = None,
    ) -> FloatVolume:
        """Return the weighted mean around each point, ``(D, H, W)``.

        Parameters
        ----------
        array
            On the grid of the volume, whole.
        sd_mm
            Of the Gaussian along each axis, in `AXES`.
        inside
            On the same grid: voxels outside count as 0.
        """
        crop = self.change.apply(array[self.box])
        kept = None if inside is None else self.change.apply(inside[self.box])
        weights = [
            _weights(source, points, sd)
            for source, points, sd in zip(
                self.source_mm, self.points_mm, sd_mm, strict=True
            )
        ]
        planes = np.empty((len(crop), *self.shape[1:]), np.float32)
        for number, (plane, source) in enumerate(zip(planes, crop, strict=True)):
            values = np.clip(source, *RANGE_HU).astype(np.float32, copy=False)
            if kept is not None:
                values *= kept[number]
            plane[...] = weights[1] @ (values @ weights[2].T)
        flat = weights[0] @ planes.reshape(len(planes), -1)
        return flat.reshape(self.shape)

    def share(self, mask: npt.NDArray[np.bool_]) -> FloatVolume:
        """Return how much of the surroundings of each point a mask fills, 0 to 1.

        The surroundings are about as large as the spacing of the points, or as the
        voxels of the volume where these are larger.
        """
        spacing = [_step(line) for line in self.points_mm]
        d, h, w = (step / FWHM_PER_SD for step in spacing)
        return self.smoothed(mask, (d, h, w))


@dataclass(frozen=True, slots=True)
class Harmonised:
    """Part of a chest on a common grid at a common sharpness.

    Attributes
    ----------
    array
        ``(D, H, W)`` float32 in Hounsfield units.
    lattice
        Where its points lie.
    """

    array: FloatVolume
    lattice: Lattice

    @property
    def affine(self) -> Affine:
        """``(4, 4)``, ``(d, h, w)`` to LPS millimetres."""
        return self.lattice.affine


def harmonise(
    volume: Volume, box: Box, spacing_mm: Vector, fwhm_mm: Vector
) -> Harmonised:
    """Return the box of a volume, smoothed to a point spread, on a fixed grid.

    Parameters
    ----------
    box
        In voxels of the volume, with whatever margin is wanted.
    spacing_mm
        Of the points, ``(d, h, w)`` in `AXES`.
    fwhm_mm
        Width of the point spread in the result, ``(d, h, w)``. A volume that is
        blurred more than that, such as one of thick slices, stays as it is.
    """
    lattice = Lattice.over(volume, box, spacing_mm)
    sd_mm = lacking_sd_mm(volume, lattice, fwhm_mm)
    return Harmonised(lattice.smoothed(volume.array, sd_mm), lattice)


def lacking_sd_mm(volume: Volume, lattice: Lattice, fwhm_mm: Vector) -> Vector:
    """Return how much is to be smoothed, so that it is as blurred as is wanted.

    Returns
    -------
    tuple
        Of a Gaussian along each axis, in `AXES`; 0 where the scanner blurred more.
    """
    own = _own_sd_mm(volume, lattice)
    d, h, w = (
        math.sqrt(max(0.0, (fwhm / FWHM_PER_SD) ** 2 - sd**2))
        for fwhm, sd in zip(fwhm_mm, own, strict=True)
    )
    return d, h, w


def _own_sd_mm(volume: Volume, lattice: Lattice) -> Vector:
    """Return how far the scanner blurred along each axis, in `AXES`.

    A slice and a pixel average over their width; a kernel adds its own in the plane.
    Slices may be thicker than they lie apart.
    """
    sides = list(volume.spacing_mm)
    sides[0] = max(sides[0], _thickness_mm(volume))
    kernel = KERNEL_FWHM_MM / FWHM_PER_SD
    own = [side / math.sqrt(12) for side in sides]
    own[1:] = [math.hypot(sd, kernel) for sd in own[1:]]
    d, h, w = (own[axis] for axis in lattice.change.axes)
    return d, h, w


def _thickness_mm(volume: Volume) -> float:
    try:
        thickness = float(volume.series.tags.get("SliceThickness", ""))
    except ValueError:
        return 0.0
    return thickness if 0 < thickness < 20 else 0.0


def _multiples(first: float, last: float, step: float) -> Floats:
    """Return the multiples of a step between two places, or the one nearest to them."""
    low, high = math.ceil(first / step), math.floor(last / step)
    if high < low:
        low = high = round((first + last) / 2 / step)
    return step * np.arange(low, high + 1, dtype=np.float64)


def _weights(source: Floats, points: Floats, sd_mm: float) -> FloatVolume:
    """Return ``(points, source)``: what each voxel adds to each point, 1 in sum."""
    sd = max(sd_mm, INTERPOLATION_SD * _step(source))
    distance = (points[:, None] - source[None]) / sd
    # Shifted by the nearest voxel's: a point far outside would else divide 0 by 0.
    exponent = distance**2 - (distance**2).min(axis=1, keepdims=True)
    weights = np.exp(-exponent / 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _step(line: Floats) -> float:
    return float(line[1] - line[0]) if len(line) > 1 else 1.0


def _affine(units: Floats, points: list[Floats]) -> Affine:
    affine = np.eye(4)
    for axis, line in enumerate(points):
        affine[:3, axis] = units[:, axis] * _step(line)
    # The axes are perpendicular: what is known along each is the place.
    affine[:3, 3] = units @ [line[0] for line in points]
    return affine


def _triple(lines: list[Any]) -> Triple:
    d, h, w = lines
    return d, h, w
