"""From the grid of a scene to the voxels of a study: place, turn, slice profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.chest_ct.simulator.kinds import Acquisition
from models.chest_ct.simulator.space import Field, Grid, Shape, Window

FWHM = 2.3548
"""Full width at half maximum of a normal curve over its standard deviation."""


@dataclass(frozen=True, slots=True)
class View:
    """The voxels of a study in the room of the scanner.

    Attributes
    ----------
    first_mm
        ``(z, y, x)`` of the centre of the first voxel.
    """

    first_mm: tuple[float, float, float]
    acquisition: Acquisition
    shape: Shape

    @property
    def affine(self) -> npt.NDArray[np.float64]:
        """``(4, 4)``, voxel ``(d, h, w)`` to LPS millimetres."""
        affine = np.zeros((4, 4))
        affine[2, 0], affine[1, 1], affine[0, 2] = self.acquisition.spacing_mm
        affine[:3, 3] = self.first_mm[::-1]
        affine[3, 3] = 1
        return affine

    def sample(
        self, field: Field, grid: Grid, outside: float, *, blurred: bool
    ) -> tuple[Window, Field]:
        """Return the voxels that see a field of the scene, and what they see.

        Parameters
        ----------
        field
            On ``grid``, which is a scene or part of one.
        outside
            Value beyond the grid, within a slice.
        blurred
            With the slice profile; else interpolated linearly.
        """
        z, y, x = self._box(grid)
        heights = self._axis(0)[z]
        slices = self._profile(grid, heights, blurred=blurred)
        planes = np.tensordot(slices, field, axes=(1, 0))
        matrix, offset = self._in_plane(grid, y.start, x.start)
        seen = np.empty((len(planes), y.stop - y.start, x.stop - x.start), np.float32)
        for plane, out in zip(planes, seen, strict=True):
            ndimage.affine_transform(
                plane, matrix, offset, out.shape, out, order=1, cval=outside
            )
        return (z, y, x), seen

    def _axis(self, axis: int) -> npt.NDArray[np.float64]:
        step = self.acquisition.spacing_mm[axis]
        places: npt.NDArray[np.float64] = self.first_mm[axis] + step * np.arange(
            self.shape[axis], dtype=np.float64
        )
        return places

    def _turn(self) -> npt.NDArray[np.float64]:
        """Return the matrix from ``(y, x)`` of the room to that of the patient."""
        angle = np.deg2rad(self.acquisition.tilt_deg)
        cos, sin = np.cos(angle), np.sin(angle)
        return np.array([[cos, -sin], [sin, cos]])

    def _in_plane(
        self, grid: Grid, row: int, column: int
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return matrix and offset from rows and columns to indices of the grid."""
        _, row_mm, column_mm = self.acquisition.spacing_mm
        first = np.array([self._axis(1)[row], self._axis(2)[column]])
        turn = self._turn()
        start = turn @ (first - self.acquisition.shift_mm[1:])
        offset = (start - grid.origin_mm[1:]) / grid.spacing_mm
        return turn * [row_mm, column_mm] / grid.spacing_mm, offset

    def _profile(
        self, grid: Grid, heights: npt.NDArray[np.float64], *, blurred: bool
    ) -> Field:
        """Return the ``(slices, heights of the grid)`` weights of each slice."""
        places = grid.origin_mm[0] + grid.spacing_mm * np.arange(grid.shape[0])
        heights = np.clip(heights, places[0], places[-1])  # beyond it, as at its end
        away: Field = np.abs(heights[:, None] - places[None, :])
        if blurred:
            wide = max(self.acquisition.thickness_mm, grid.spacing_mm)
            weights: Field = np.exp(-0.5 * (away * FWHM / wide) ** 2)
        else:
            weights = np.clip(1 - away / grid.spacing_mm, 0, 1)
        total = weights.sum(axis=1, keepdims=True)
        profile: Field = (weights / np.maximum(total, 1e-6)).astype(np.float32)
        return profile

    def _box(self, grid: Grid) -> Window:
        """Return the voxels that may see the grid."""
        low = np.asarray(grid.origin_mm)
        high = low + grid.spacing_mm * (np.asarray(grid.shape) - 1)
        ends = np.array([[y, x] for y in (low[1], high[1]) for x in (low[2], high[2])])
        flat = ends @ self._turn() + self.acquisition.shift_mm[1:]
        lowest = np.array([low[0], *(flat.min(axis=0) - grid.spacing_mm)])
        highest = np.array([high[0], *(flat.max(axis=0) + grid.spacing_mm)])
        step = np.asarray(self.acquisition.spacing_mm)
        first = np.ceil((lowest - self.first_mm) / step)
        last = np.floor((highest - self.first_mm) / step) + 1
        first = np.clip(first, 0, np.asarray(self.shape) - 1)
        last = np.clip(last, first, self.shape)
        z, y, x = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
        return z, y, x


def aimed(acquisition: Acquisition, lungs_mm: tuple[float, float], scene: Grid) -> View:
    """Return the view that covers the lungs between two heights of a scene."""
    below, above = acquisition.cover_mm
    top = scene.origin_mm[0] + scene.spacing_mm * (scene.shape[0] - 1)
    low = max(lungs_mm[0] - below, scene.origin_mm[0])
    high = min(lungs_mm[1] + above, top)
    step, row_mm, _ = acquisition.spacing_mm
    number = int((high - low) / step) + 1
    half = row_mm * (acquisition.matrix - 1) / 2
    shape = (number, acquisition.matrix, acquisition.matrix)
    return View((low, -half, -half), acquisition, shape)
