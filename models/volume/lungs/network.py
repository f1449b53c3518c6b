"""A small network that draws whole lungs, run without torch.

A U-shaped network (Ronneberger et al. 2015) of three levels, added rather than joined
on the way up. It works on blocks of 2 x 2 x 2 cells and answers for each cell of a
block: eight times fewer places than cells, and products of large matrices. Batch
normalisation is folded into the weights. `models.chest_ct.learning.lung_shape` trains
it and holds the same network in torch; a test compares the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load

WEIGHTS = Path(__file__).parent / "weights" / "lung_shape.safetensors"
WEIGHTS_SHA256 = "be72df9eecce67ae6482ea4b39e51f5ae7abfb6fb48f1c2850d139297c8e47dd"
SHARED_WEIGHTS: Mapping[str, str] = MappingProxyType({WEIGHTS.name: WEIGHTS_SHA256})
"""What the bundle of a model that looks for lungs names as shared."""

LEVELS = 3
"""Grids, each with twice the step of the one before; the first is that of blocks."""

MULTIPLE = 2**LEVELS
"""Sides of the input are multiples of it."""

Floats = npt.NDArray[np.float32]
Weights = Mapping[str, Floats]


@cache
def shipped_weights() -> Weights:
    """Return the weights beside this file.

    Raises
    ------
    ValueError
        They are not those that this version was tested with.
    """
    content = WEIGHTS.read_bytes()
    if hashlib.sha256(content).hexdigest() != WEIGHTS_SHA256:
        raise ValueError(f"{WEIGHTS.name} is not the file of this version")
    return {name: part.astype(np.float32) for name, part in load(content).items()}


def logits(inputs: Floats, weights: Weights) -> Floats:
    """Return what speaks for nothing, right lung and left lung at each place.

    Parameters
    ----------
    inputs
        ``(C, D, H, W)``; D, H and W are multiples of `MULTIPLE`.
    weights
        ``<layer>.weight`` ``(out, in, k, k, k)`` and ``<layer>.bias`` ``(out,)``.

    Returns
    -------
    ``(3, D, H, W)`` float32.
    """
    blocks = _step(_space_to_channels(inputs), weights, "enter")
    seen = [_step(blocks, weights, "same0")]
    for level in range(1, LEVELS):
        lower = _step(_space_to_channels(seen[-1]), weights, f"down{level}")
        seen.append(_step(lower, weights, f"same{level}"))
    current = _step(seen[-1], weights, "deepest")
    for level in range(LEVELS - 2, -1, -1):
        raised = _twice(_linear(current, weights, f"up{level}"))
        current = _step(raised + seen[level], weights, f"joined{level}")
    return _channels_to_space(_linear(current, weights, "answer"))


def _step(seen: Floats, weights: Weights, layer: str) -> Floats:
    """Convolve and rectify; a layer that goes down comes with its cells as channels."""
    kernel = weights[f"{layer}.weight"]
    if kernel.shape[-1] == 3:
        result = _convolved(seen, kernel)
        result += weights[f"{layer}.bias"][:, None, None, None]
    else:
        result = _linear(seen, weights, layer)
    return np.maximum(result, 0, out=result)


def _linear(seen: Floats, weights: Weights, layer: str) -> Floats:
    """Mix the channels of each place."""
    kernel = weights[f"{layer}.weight"].reshape(len(weights[f"{layer}.bias"]), -1)
    mixed: Floats = kernel @ seen.reshape(len(seen), -1)
    mixed += weights[f"{layer}.bias"][:, None]
    return mixed.reshape(-1, *seen.shape[1:])


def _convolved(seen: Floats, kernel: Floats) -> Floats:
    """Convolve with 3 x 3 x 3 cells, slice by slice; outside there is 0."""
    outputs, channels = kernel.shape[:2]
    _, depth, height, width = seen.shape
    padded = np.pad(seen, ((0, 0), (1, 1), (1, 1), (1, 1)))
    matrix = kernel.reshape(outputs, -1)
    result = np.empty((outputs, depth, height, width), np.float32)
    cells = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    for level in range(depth):
        near = cells[:, level : level + 3].transpose(0, 1, 4, 5, 2, 3)
        columns = near.reshape(channels * 27, height * width)
        result[:, level] = (matrix @ columns).reshape(outputs, height, width)
    return result


def _space_to_channels(seen: Floats) -> Floats:
    """Return the eight cells of each cell of the next level as channels."""
    channels, depth, height, width = seen.shape
    cells = seen.reshape(channels, depth // 2, 2, height // 2, 2, width // 2, 2)
    moved = cells.transpose(0, 2, 4, 6, 1, 3, 5)
    return moved.reshape(channels * 8, depth // 2, height // 2, width // 2)


def _channels_to_space(seen: Floats) -> Floats:
    """Undo `_space_to_channels`."""
    channels, depth, height, width = seen.shape
    cells = seen.reshape(channels // 8, 2, 2, 2, depth, height, width)
    moved = cells.transpose(0, 4, 1, 5, 2, 6, 3)
    return moved.reshape(channels // 8, depth * 2, height * 2, width * 2)


def _twice(seen: Floats) -> Floats:
    """Repeat each cell along each axis."""
    return seen.repeat(2, axis=1).repeat(2, axis=2).repeat(2, axis=3)
