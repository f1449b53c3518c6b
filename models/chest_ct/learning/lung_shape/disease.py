"""Dense disease made up on the fly: balls, lobes, whole lungs and rinds of fluid.

All arrays are cells ``(D, H, W)``, canonical axes; shares are 0 to 1.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.chest_ct.learning.lung_shape.settings import ChangeSettings

RADII_CELLS = (1.2, 9.0)
"""Half axes of a ball of disease."""

BOTH = 0.15
"""Share of disease that is in both lungs."""

WITHIN = 0.9
"""Cells with a larger share of lung hold no wall."""

FAT_HU = -110.0
"""No wall is less dense."""

SOFT = 3.0
"""How steeply disease begins: within a cell."""


def made_ill(
    hu: Tensor, lungs: Tensor, wanted: ChangeSettings, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Return densities with disease, and how far each cell of lung is ill.

    What of a cell on the surface is wall keeps its density, so that nothing shows
    where the air once ended.

    Parameters
    ----------
    lungs
        Share of each cell that is right and left lung, ``(2, D, H, W)``.
    """
    ill = torch.zeros_like(hu)
    for _ in range(1 + _chosen(3, generator)):
        lung = _some_lung(lungs, generator)
        if lung.max() > WITHIN:
            shape = _shape(lung, wanted.whole, generator)
            ill = torch.maximum(ill, shape * (lung > 0))
    low, high = wanted.dense_hu
    dense = low + (high - low) * _uniform(generator)
    return _filled(hu, ill, lungs.sum(dim=0), dense, generator), ill


def _filled(
    hu: Tensor, ill: Tensor, lung: Tensor, dense: float, generator: torch.Generator
) -> Tensor:
    """Return the density of lungs that are as dense where they are ill."""
    inner = lung > WITHIN
    if not inner.any():
        return hu
    texture = 12 * torch.randn(hu.shape, generator=generator)
    gain = dense - hu[inner].median()
    border = (hu + ill * lung * gain).clamp(min=FAT_HU)
    full = torch.where(inner, dense + texture, border)
    return hu + ill * (full - hu)


def _some_lung(lungs: Tensor, generator: torch.Generator) -> Tensor:
    if _uniform(generator) < BOTH:
        return lungs.sum(dim=0)
    return lungs[_chosen(2, generator)]


def _shape(lung: Tensor, whole: float, generator: torch.Generator) -> Tensor:
    """Return where, by its own shape, a disease of a lung lies."""
    drawn = _uniform(generator)
    if drawn < whole:
        return torch.ones_like(lung)
    if drawn < 0.5:
        return _ball(lung, generator)
    if drawn < 0.8:
        return _side(lung, generator)
    return _rind(lung, generator)


def _ball(lung: Tensor, generator: torch.Generator) -> Tensor:
    """Return an ellipsoid around a place in the lung, at its surface every other."""
    at_surface = _uniform(generator) < 0.5
    places = ((lung > 0.2) & (lung < 0.8)) if at_surface else lung > 0.5
    places = places.nonzero() if places.any() else (lung > 0.5).nonzero()
    centre = places[_chosen(len(places), generator)]
    low, high = RADII_CELLS
    size = low * (high / low) ** torch.rand((), generator=generator)
    radii = size * (0.6 + 0.8 * torch.rand(3, generator=generator))
    away = sum(
        (((place - centre[axis]) / radii[axis]) ** 2)
        for axis, place in enumerate(_grid(lung))
    )
    return torch.sigmoid(SOFT * radii.min() * (1 - torch.sqrt(torch.as_tensor(away))))


def _side(lung: Tensor, generator: torch.Generator) -> Tensor:
    """Return what lies beyond a plane through the lung: a lobe, or fluid's level."""
    direction = torch.randn(3, generator=generator)
    if _uniform(generator) < 0.5:  # the lowest part, or that at the back
        direction = direction.abs() * torch.tensor([-1.0, 1.0, 0.2])
    direction = direction / direction.norm()
    grid = _grid(lung)
    place = torch.as_tensor(
        sum(place * direction[axis] for axis, place in enumerate(grid))
    )
    share = 0.05 + 0.7 * _uniform(generator)
    limit = torch.quantile(place[lung > 0.5], 1 - share)
    return torch.sigmoid(SOFT * (place - limit))


def _rind(lung: Tensor, generator: torch.Generator) -> Tensor:
    """Return what lies near the surface on one side of the lung."""
    size = 3 + 2 * _chosen(3, generator)
    inner = functional.avg_pool3d(lung[None, None], size, 1, size // 2)[0, 0]
    rind = torch.sigmoid(SOFT * 4 * (0.85 - inner))
    return rind * _side(lung, generator)


def _grid(lung: Tensor) -> tuple[Tensor, ...]:
    edges = [torch.arange(size, dtype=torch.float32) for size in lung.shape]
    return torch.meshgrid(*edges, indexing="ij")


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))


def _chosen(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))
