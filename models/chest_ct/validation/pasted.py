"""Dense disease pasted into chests whose lungs are known.

What is pasted has the density of tissue and fills the lung up to its surface, so that
nothing in its voxels tells it from the wall. Arrays are ``(D, H, W)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.contract import Volume
from models.volume.geometry import reorientation
from models.volume.lungs.grid import CANONICAL

Mask = npt.NDArray[np.bool_]

TISSUE_HU = 30.0
NOISE_HU = 12.0

NODULE_MM = (4.0, 15.0)
CONSOLIDATION_MM = (15.0, 40.0)
"""Radii of balls around a place on the surface of a lung, half of which is in it."""

FLUID_SHARE = (0.05, 0.3)
LOBE_SHARE = 0.45
"""Parts of a lung, from its lowest and hindmost voxel on."""


@dataclass(frozen=True, slots=True)
class Pasted:
    """A chest with disease.

    Attributes
    ----------
    kind
        ``nodule``, ``consolidation``, ``fluid`` or ``lower lobe``.
    disease
        ``(D, H, W)``, all of it in a lung.
    """

    kind: str
    volume: Volume
    disease: Mask


def pasted(volume: Volume, lungs: Mask, count: int, seed: int) -> Iterator[Pasted]:
    """Yield the volume with one disease at a time, ``count`` of each kind.

    Parameters
    ----------
    volume
        In HU.
    lungs
        ``(D, H, W)``: the lungs without the disease.
    """
    rng = np.random.default_rng(seed)
    surface = np.argwhere(lungs & ~ndimage.binary_erosion(lungs))
    for _ in range(count):
        for kind, radii in (("nodule", NODULE_MM), ("consolidation", CONSOLIDATION_MM)):
            place = surface[rng.integers(len(surface))]
            yield _with(volume, kind, lungs & _ball(volume, place, radii, rng), rng)
        share = rng.uniform(*FLUID_SHARE)
        yield _with(volume, "fluid", _lowest(volume, lungs, share, rng), rng)
        yield _with(volume, "lower lobe", _lowest(volume, lungs, LOBE_SHARE, rng), rng)


def _with(volume: Volume, kind: str, disease: Mask, rng: np.random.Generator) -> Pasted:
    array = np.array(volume.array, np.float32)
    noise = rng.standard_normal(int(disease.sum()), np.float32)
    array[disease] = TISSUE_HU + NOISE_HU * noise
    return Pasted(kind, replace(volume, array=array), disease)


def _ball(
    volume: Volume,
    place: npt.NDArray[np.int_],
    radii_mm: tuple[float, float],
    rng: np.random.Generator,
) -> Mask:
    size = rng.uniform(*radii_mm)
    radii = size * rng.uniform(0.8, 1.25, 3)
    d, h, w = (
        ((np.arange(count) - at) * step / radius) ** 2
        for count, at, step, radius in zip(
            volume.shape, place, volume.spacing_mm, radii, strict=True
        )
    )
    inside: Mask = d[:, None, None] + h[:, None] + w < 1
    return inside


def _lowest(
    volume: Volume, lungs: Mask, share: float, rng: np.random.Generator
) -> Mask:
    """Return the lowest and hindmost part of one lung of a patient on the back."""
    change = reorientation(volume.affine, CANONICAL)
    upright = change.apply(lungs)
    _, height, width = upright.shape
    middle = np.flatnonzero(upright.any(axis=(0, 1))).mean()
    left = np.arange(width) >= middle
    lung = upright & (left if rng.random() < 0.5 else ~left)
    down, back = (volume.spacing_mm[axis] for axis in change.axes[:2])
    tilt = rng.uniform(0.4, 1.2)
    low = -tilt * down * np.arange(len(upright))[:, None, None]
    far = np.broadcast_to(low + back * np.arange(height)[:, None], upright.shape)
    limit = np.quantile(far[lung], 1 - share)
    lowest: Mask = change.undo(lung & (far > limit))
    return lowest
