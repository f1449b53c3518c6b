"""Grids in patient millimetres and the fields that are drawn on them.

Inside the simulator a place is ``(z, y, x)``: z to the head, y to the back, x to the
patient's left, which is the axis order ``(D, H, W)`` of the arrays. A shape is a
*depth* field: millimetres to its border, positive inside. Depths are smooth, so they
are computed on a coarse grid and interpolated, and an edge still lies where it should
to a fraction of a voxel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]
Shape = tuple[int, int, int]
Place = tuple[float, float, float]
Window = tuple[slice, slice, slice]

FAR = -1e3
"""Depth, millimetres, of what is nowhere near."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid along the axes of the patient.

    Attributes
    ----------
    origin_mm
        ``(z, y, x)`` of the centre of the first voxel.
    """

    origin_mm: Place
    spacing_mm: float
    shape: Shape

    def axes(self) -> tuple[Field, Field, Field]:
        """Return z, y and x in millimetres, shaped to be broadcast."""
        z, y, x = (
            (start + self.spacing_mm * np.arange(size)).astype(np.float32)
            for start, size in zip(self.origin_mm, self.shape, strict=True)
        )
        return z[:, None, None], y[None, :, None], x[None, None, :]

    def index(self, points_mm: Points) -> Points:
        """Return fractional indices of ``(…, 3)`` places."""
        index: Points = (points_mm - np.asarray(self.origin_mm)) / self.spacing_mm
        return index

    def window(
        self, low_mm: Sequence[float] | Points, high_mm: Sequence[float] | Points
    ) -> Window:
        """Return the part of the grid between two corners, cut to the grid."""
        low = np.floor(self.index(np.asarray(low_mm, dtype=np.float64)))
        high = np.ceil(self.index(np.asarray(high_mm, dtype=np.float64))) + 1
        first = np.clip(low, 0, self.shape).astype(int)
        last = np.clip(high, first, self.shape).astype(int)
        z, y, x = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
        return z, y, x

    def part(self, window: Window) -> Grid:
        """Return the grid of a window."""
        starts = [
            start + self.spacing_mm * piece.start
            for start, piece in zip(self.origin_mm, window, strict=True)
        ]
        depth, height, width = (piece.stop - piece.start for piece in window)
        return Grid(
            (starts[0], starts[1], starts[2]), self.spacing_mm, (depth, height, width)
        )

    def widened(self, margin: Shape) -> Grid:
        """Return the grid with more voxels along each axis, on either side."""
        z, y, x = (
            start - self.spacing_mm * more
            for start, more in zip(self.origin_mm, margin, strict=True)
        )
        depth, height, width = (
            size + 2 * more for size, more in zip(self.shape, margin, strict=True)
        )
        return Grid((z, y, x), self.spacing_mm, (depth, height, width))

    def coarse(self) -> Grid:
        """Return the grid of twice the spacing that `refined` takes back to this.

        The shape must be even along every axis.
        """
        depth, height, width = (size // 2 + 1 for size in self.shape)
        return Grid(self.origin_mm, 2 * self.spacing_mm, (depth, height, width))


def refined(field: Field) -> Field:
    """Interpolate a field of `Grid.coarse` linearly to the fine grid."""
    for axis in (2, 1, 0):  # the last one first, while the field is small
        shape = list(field.shape)
        shape[axis] = 2 * shape[axis] - 2
        fine = np.empty(shape, dtype=np.float32)
        coarse, into = np.moveaxis(field, axis, 0), np.moveaxis(fine, axis, 0)
        into[::2] = coarse[:-1]
        np.add(coarse[:-1], coarse[1:], out=into[1::2])
        into[1::2] *= 0.5
        field = fine
    return field


def extent(mask: Mask) -> Window | None:
    """Return the smallest window around a mask; None where it is empty."""
    pieces = []
    for axis in range(3):
        others = tuple(each for each in range(3) if each != axis)
        found = np.flatnonzero(mask.any(axis=others))
        if not len(found):
            return None
        pieces.append(slice(int(found[0]), int(found[-1]) + 1))
    return pieces[0], pieces[1], pieces[2]


def coverage(depth_mm: Field, spacing_mm: float) -> Field:
    """Return the share of each voxel, 0 to 1, that lies inside."""
    share = depth_mm / np.float32(spacing_mm)
    share += np.float32(0.5)
    return np.clip(share, 0, 1, out=share)


def paint(image: Field, share: Field, value: Field | float) -> None:
    """Mix a value into an image in place, as far as ``share`` covers each voxel."""
    image += share * (value - image)


def smooth_field(rng: np.random.Generator, grid: Grid, length_mm: float) -> Field:
    """Return a random field of mean 0 and standard deviation 1 that varies slowly.

    Cubic B-splines over random nodes ``length_mm`` apart.
    """
    weights = [
        _spline(size, grid.spacing_mm / length_mm, float(rng.random()))
        for size in grid.shape
    ]
    nodes = rng.standard_normal([each.shape[1] for each in weights], dtype=np.float32)
    field: Field = nodes / np.float32(
        0.331
    )  # the root of 0.479 cubed: keeps the deviation 1
    for each in weights:  # each pass turns the first axis into the last
        field = np.tensordot(field, each, axes=(0, 1))
    return np.ascontiguousarray(field)


def _spline(size: int, step: float, phase: float) -> Field:
    """Return the ``(size, nodes)`` weights of cubic B-splines."""
    places = phase + step * np.arange(size)
    nodes = np.arange(-1, int(places[-1]) + 3)
    away = np.abs(places[:, None] - nodes[None, :])
    near = 2 / 3 - away**2 + away**3 / 2
    far = np.clip(2 - away, 0, None) ** 3 / 6
    weights: Field = np.where(away < 1, near, far).astype(np.float32)
    return weights


def ellipsoid(grid: Grid, centre_mm: Place, radii_mm: Place, turn: float = 0) -> Field:
    """Return the depth of an ellipsoid, turned about z by ``turn`` radians."""
    z, y, x = grid.axes()
    dz, dy, dx = z - centre_mm[0], y - centre_mm[1], x - centre_mm[2]
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    along_y, along_x = cos * dy + sin * dx, cos * dx - sin * dy
    square = (along_y / radii_mm[1]) ** 2 + (along_x / radii_mm[2]) ** 2
    radius = np.sqrt((dz / radii_mm[0]) ** 2 + square)
    depth: Field = (1 - radius) * np.float32(min(radii_mm))
    return depth


def tube(grid: Grid, points_mm: Points, radii_mm: Sequence[float]) -> Field:
    """Return the depth of a chain of round cones through ``(n, 3)`` places.

    Right within 12 mm of the tube, `FAR` elsewhere.
    """
    depth = np.full(grid.shape, FAR, dtype=np.float32)
    ends = list(zip(points_mm, radii_mm, strict=True))
    for (a, thick), (b, thin) in pairwise(ends):
        reach = max(thick, thin) + 12
        window = grid.window(np.minimum(a, b) - reach, np.maximum(a, b) + reach)
        if depth[window].size:
            cone = _cone(grid.part(window), a, b, thick, thin)
            np.maximum(depth[window], cone, out=depth[window])
    return depth


def _cone(grid: Grid, a: Points, b: Points, thick: float, thin: float) -> Field:
    """Return the depth of one round cone from ``a`` to ``b``."""
    z, y, x = grid.axes()
    axis = b - a
    length = max(float(axis @ axis), 1e-6)
    dz, dy, dx = (c - np.float32(p) for c, p in zip((z, y, x), a, strict=True))
    along = np.clip((dz * axis[0] + dy * axis[1] + dx * axis[2]) / length, 0, 1)
    square = (dz - along * axis[0]) ** 2 + (dy - along * axis[1]) ** 2
    away = np.sqrt(square + (dx - along * axis[2]) ** 2)
    depth: Field = (thick + along * (thin - thick) - away).astype(np.float32)
    return depth


def curve(points_mm: Sequence[Place], count: int) -> Points:
    """Return ``count`` places along a Catmull-Rom curve through the given ones."""
    given = np.asarray(points_mm, dtype=np.float64)
    padded = np.vstack([2 * given[0] - given[1], given, 2 * given[-1] - given[-2]])
    place = np.linspace(0, len(given) - 1, count)
    start = np.minimum(place.astype(int), len(given) - 2)
    t = (place - start)[:, None]
    p0, p1, p2, p3 = (padded[start + k] for k in range(4))
    bent = (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    line: Points = 0.5 * (2 * p1 + (p2 - p0) * t + bent)
    return line
