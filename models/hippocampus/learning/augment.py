"""Random deformations and intensities of training crops.

No mirroring: all crops show one hand, and a network that has seen both hands reads
either worse.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from models.hippocampus.preprocess import Shape
from models.hippocampus.settings import Augmentation

ELASTIC_NODES = (5, 7, 5)

SWELLING_REACH = 1.5
"""The swelling falls off with this many times the extent of the labelled part."""


def uniform(low: float, high: float, generator: torch.Generator) -> float:
    """Return one number between ``low`` and ``high``."""
    return low + (high - low) * float(torch.rand((), generator=generator))


def deform(
    case: Tensor, window: Shape, by: Augmentation, generator: torch.Generator
) -> Tensor:
    """Return a randomly rotated, scaled, shifted and bent window of a case.

    Rotation, scale, shift, elastic bending, cutting and padding with the repeated
    border are one interpolation, so the image is blurred only once.

    Parameters
    ----------
    case
        ``(C, D, H, W)``: image and one channel per class.

    Returns
    -------
    Tensor
        ``(C, *window)``.
    """
    size = torch.tensor(case.shape[1:], dtype=torch.float32)
    field = torch.tensor(window, dtype=torch.float32)
    axes = [torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in window]
    offset = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)  # (D, H, W, 3)
    reach = (size - field).clamp(min=0) / 2 + by.shift_mm
    shift = (2 * torch.rand(3, generator=generator) - 1) * reach
    position = offset @ _linear_map(by, generator).T + _bending(window, by, generator)
    position = position + shift + (size - 1) / 2  # voxel index in the case
    if by.swelling_sd:
        position = _swollen(position, case[1:].sum(dim=0), by, generator)
    grid = (2 * position / (size - 1) - 1).flip(-1)  # grid_sample wants (w, h, d)
    sampled: Tensor = functional.grid_sample(
        case[None], grid[None], padding_mode="border", align_corners=True
    )[0]
    return sampled


def _linear_map(by: Augmentation, generator: torch.Generator) -> Tensor:
    """Return a random rotation about each axis, times a random scale per axis."""
    angles = math.radians(by.rotation_sd_deg) * torch.randn(3, generator=generator)
    generators = torch.zeros(3, 3)
    generators[0, 1], generators[0, 2], generators[1, 2] = angles
    rotation = torch.linalg.matrix_exp(generators - generators.T)
    together = torch.randn(1, generator=generator)
    apart = 0.5 * torch.randn(3, generator=generator)
    scale: Tensor = torch.exp(by.log_scale_sd * (together + apart))
    linear: Tensor = rotation * scale
    return linear


def _bending(window: Shape, by: Augmentation, generator: torch.Generator) -> Tensor:
    """Return a smooth random displacement ``(D, H, W, 3)`` in voxels."""
    nodes = torch.randn(1, 3, *ELASTIC_NODES, generator=generator)
    strength = by.elastic_mm * uniform(0, 1, generator)
    smooth: Tensor = functional.interpolate(
        nodes, window, mode="trilinear", align_corners=True
    )
    return strength * smooth[0].movedim(0, -1)


def _swollen(
    position: Tensor, part: Tensor, by: Augmentation, generator: torch.Generator
) -> Tensor:
    """Return positions between which ``part`` has grown or shrunk about its middle.

    The motion is radial and falls off as a Gaussian of the shape of the part, so
    what lies around it is pressed or drawn out and far tissue stays.

    Parameters
    ----------
    position
        ``(D, H, W, 3)`` voxel indices in the case.
    part
        ``(d, h, w)`` the share of each voxel of the case that is labelled.
    """
    strength = by.swelling_sd * torch.randn((), generator=generator)
    axes = [torch.arange(n, dtype=torch.float32) for n in part.shape]
    index = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1)
    share = part / part.sum().clamp(min=1)
    middle = (share[..., None] * index).sum(dim=(0, 1, 2))
    apart = (index - middle).reshape(-1, 3)
    spread = (apart * share.reshape(-1, 1)).T @ apart + torch.eye(3)
    away = position - middle
    squared = ((away @ torch.linalg.inv(spread)) * away).sum(dim=-1, keepdim=True)
    return position + torch.expm1(-strength) * away * torch.exp(
        -squared / (2 * SWELLING_REACH**2)
    )


def shade(image: Tensor, by: Augmentation, generator: torch.Generator) -> Tensor:
    """Return a normalised image with random contrast, bias field, blur and noise.

    Parameters
    ----------
    image
        ``(D, H, W)``, mean about 0 and standard deviation about 1.
    """
    low, high = image.amin(), image.amax()
    unit = (image - low) / (high - low + 1e-6)
    unit = unit ** math.exp(uniform(-by.gamma, by.gamma, generator))
    nodes = torch.randn(1, 1, 3, 3, 3, generator=generator)
    bias = functional.interpolate(
        nodes, image.shape, mode="trilinear", align_corners=True
    )[0, 0]
    unit = unit * torch.exp(by.bias * bias)
    if uniform(0, 1, generator) < by.blur:
        blurred = functional.avg_pool3d(unit[None, None], 3, 1, 1, False, False)[0, 0]
        unit = torch.lerp(unit, blurred, uniform(0.3, 1, generator))
    shaded = (unit - unit.mean()) / (unit.std() + 1e-6)
    noise = torch.randn(image.shape, generator=generator)
    return shaded + uniform(0, by.noise, generator) * noise
