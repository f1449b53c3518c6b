"""A lung seen from the middle of the chest: where on a ray it begins and ends.

In every slice, rays run from one axis along the body to the side of a lung, in steps of
a few degrees from straight forward to straight back. In these terms the wall of the
chest is a smooth surface; the heart lies before the lung on its ray, and so does the
liver where lung lies between it and the ribs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.terms import Vector
from models.volume.lungs.grid import Mask

RAYS = 45
"""Number of rays in a slice: 4 degrees apart."""

SPINE_MM = 25.0
"""Nearer to the middle plane than this, what the rays say is not used: there are spine
and sternum."""

STEP_MM = 2.0
"""Distance of two samples on a ray."""

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fan:
    """The rays to one side; the same in every slice.

    Attributes
    ----------
    centre
        Where they start, in coarse voxels ``(back, left)``.
    towards
        1 for the left lung, -1 for the right: the way in which the last axis grows.
    spacing_mm
        Of the coarse grid.
    """

    centre: tuple[float, float]
    towards: int
    spacing_mm: Vector

    @property
    def angles(self) -> Reals:
        """``(RAYS,)``: radians from sideways, negative forward, positive backward."""
        angles: Reals = np.pi * ((np.arange(RAYS) + 0.5) / RAYS - 0.5)
        return angles

    def view(self, lung: Mask) -> View:
        """Look at a lung along the rays of every slice."""
        _, height, width = lung.shape
        longest_mm = np.hypot(height * self.spacing_mm[1], width * self.spacing_mm[2])
        reach = np.arange(0.0, longest_mm, STEP_MM)
        row = self.centre[0] + np.outer(np.sin(self.angles), reach) / self.spacing_mm[1]
        aside = np.outer(np.cos(self.angles), reach) / self.spacing_mm[2]
        column = self.centre[1] + self.towards * aside
        row, column = np.rint(row).astype(int), np.rint(column).astype(int)
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        samples = lung[:, row.clip(0, height - 1), column.clip(0, width - 1)] & inside
        return _view(samples)

    def between(self, near: Reals, far: Reals, shape: tuple[int, int, int]) -> Mask:
        """Return the voxels from ``near`` to ``far`` on their ray, ``(S, RAYS)`` mm."""
        _, height, width = shape
        back = (np.arange(height) - self.centre[0]) * self.spacing_mm[1]
        aside = (np.arange(width) - self.centre[1]) * self.spacing_mm[2]
        y, x = np.meshgrid(back, aside * self.towards, indexing="ij")
        ray = ((np.arctan2(y, np.maximum(x, 1e-6)) / np.pi + 0.5) * RAYS).astype(int)
        ray, distance = ray.clip(0, RAYS - 1), np.hypot(x, y)
        found: Mask = (distance >= near[:, ray]) & (distance <= far[:, ray])
        found &= x >= SPINE_MM
        return found


@dataclass(frozen=True, slots=True)
class View:
    """Where a lung lies on each ray.

    Attributes
    ----------
    met
        ``(S, RAYS)`` bool: whether the ray meets the lung.
    last_mm
        ``(S, RAYS)``: where the ray leaves the lung for the last time; 0 if not met.
    begin_mm
        Where the last stretch of lung on the ray begins; 0 if not met.
    """

    met: Mask
    last_mm: Reals
    begin_mm: Reals


def _view(samples: Mask) -> View:
    """Describe ``(S, RAYS, samples)``: the lung along each ray."""
    met: Mask = np.any(samples, axis=2)
    size = samples.shape[2]
    last = size - 1 - samples[:, :, ::-1].argmax(axis=2)
    place = np.arange(size)
    before = np.where(~samples & (place <= last[:, :, None]), place, -1).max(axis=2)
    return View(
        met=met,
        last_mm=np.where(met, last * STEP_MM, 0.0),
        begin_mm=np.where(met, (before + 1) * STEP_MM, 0.0),
    )
