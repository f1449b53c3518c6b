"""Other bodies around the same lungs: thicker walls, shoulders, arms, other organs.

The simulated wall has much the same depth everywhere, and its belly few organs. A
network that is to end lungs at the ribs must have seen both change.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

EMPTY_HU = -300.0
"""Less dense cells that are no lung are air outside, of airways or of the bowel."""

BONE_HU = 120.0
"""Denser cells are bone or contrast medium."""

LAYERS = 4
"""Layers of cells, at most, that are added to a body or a limb."""

RIM = 5
"""Side of the cube that a limb's middle is away from the body, at most."""

SPOTS = 6
"""Cells from one patch of organs to the next."""


def other_body(hu: Tensor, lung: Tensor, generator: torch.Generator) -> Tensor:
    """Return densities as another body and another scanner might show them.

    Parameters
    ----------
    hu, lung
        ``(D, H, W)``: density, and share of lung, 0 to 1.
    """
    outside = (hu < EMPTY_HU) & (lung < 0.02)
    if _uniform(generator) < 0.5:
        hu = _thicker(hu, outside, generator)
    for _ in range(int(4 * _uniform(generator))):
        hu = _with_limb(hu, outside, generator)
    tissue = (hu > EMPTY_HU).float()
    hu = hu + tissue * _organs(hu, generator)
    bone = 0.6 + 0.9 * _uniform(generator)
    hu = torch.where(hu > BONE_HU, BONE_HU + (hu - BONE_HU) * bone, hu)
    noise = torch.randn(hu.shape, generator=generator)
    return hu + 25 * _uniform(generator) * noise


def _thicker(hu: Tensor, outside: Tensor, generator: torch.Generator) -> Tensor:
    """Add layers to the body, on one side of it."""
    size = 1 + 2 * (1 + int(LAYERS * _uniform(generator)))
    body = _grown(~outside, size)
    added = outside & body & (_ramp(hu, generator) > 0)
    return torch.where(added, torch.tensor(_soft(generator)), hu)


def _with_limb(hu: Tensor, outside: Tensor, generator: torch.Generator) -> Tensor:
    """Add a limb beside the body, its bone in the middle."""
    rim = _grown(~outside, RIM)
    places = (rim & outside).nonzero()
    if not len(places):
        return hu
    centre = places[int(len(places) * _uniform(generator))]
    radii = 3 + 7 * torch.rand(3, generator=generator)
    away = torch.zeros_like(hu)
    for axis, size in enumerate(hu.shape):
        shape = [size if other == axis else 1 for other in range(3)]
        line = (torch.arange(size) - centre[axis]) / radii[axis]
        away = away + (line**2).reshape(shape)
    limb = torch.where(away < 0.06, 350.0, _soft(generator))
    return torch.where(outside & (away < 1), limb, hu)


def _grown(mask: Tensor, size: int) -> Tensor:
    """Return a mask grown by a cube of cells, axis by axis."""
    grown = mask[None].float()
    for axis in range(3):
        kernel = [size if other == axis else 1 for other in range(3)]
        padding = [edge // 2 for edge in kernel]
        grown = functional.max_pool3d(grown, kernel, 1, padding)
    return grown[0] > 0


def _organs(hu: Tensor, generator: torch.Generator) -> Tensor:
    """Return slow changes of density, as from organ to organ."""
    coarse = [max(2, size // SPOTS) for size in hu.shape]
    patches = torch.randn([1, 1, *coarse], generator=generator)
    smooth = functional.interpolate(patches, hu.shape, mode="trilinear")[0, 0]
    return 60 * _uniform(generator) * smooth


def _ramp(hu: Tensor, generator: torch.Generator) -> Tensor:
    """Return a plane through the field: above 0 on one side of it."""
    ramp = torch.zeros_like(hu)
    direction = torch.randn(3, generator=generator)
    for axis, size in enumerate(hu.shape):
        shape = [size if other == axis else 1 for other in range(3)]
        line = torch.linspace(-1, 1, size).reshape(shape)
        ramp = ramp + direction[axis] * line
    return ramp


def _soft(generator: torch.Generator) -> float:
    """Return the density of fat or of muscle."""
    fat, muscle = -100 + 30 * _uniform(generator), 20 + 50 * _uniform(generator)
    return fat if _uniform(generator) < 0.4 else muscle


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))
