"""The network of `models.volume.lungs.network` in torch, as it is trained."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.volume.lungs.network import LEVELS, Floats

CHANNELS = 5
"""What `models.volume.lungs.shape.network_inputs` gives."""

WIDTHS = (24, 40, 64)
"""Channels of each level."""

ANSWERS = 3
"""Nothing, right lung, left lung."""

BLOCK = 8
"""Cells of a block."""


class LungShape(nn.Module):
    """Whole lungs from what is seen; layers are named as the weights are."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        layers: dict[str, nn.Module] = {
            "enter": _Step(CHANNELS * BLOCK, widths[0], 3),
            "same0": _Step(widths[0], widths[0], 3),
            "deepest": _Step(widths[-1], widths[-1], 3),
            "answer": nn.Conv3d(widths[0], ANSWERS * BLOCK, 1),
        }
        for level in range(1, LEVELS):
            above, here = widths[level - 1], widths[level]
            layers[f"down{level}"] = _Step(above, here, 2)
            layers[f"same{level}"] = _Step(here, here, 3)
            layers[f"up{level - 1}"] = nn.Conv3d(here, above, 1)
            layers[f"joined{level - 1}"] = _Step(above, above, 3)
        self.layers = nn.ModuleDict(layers)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits ``(N, 3, D, H, W)`` of inputs ``(N, 5, D, H, W)``."""
        seen = [self._through(_blocks(inputs), "enter", "same0")]
        for level in range(1, LEVELS):
            seen.append(self._through(seen[-1], f"down{level}", f"same{level}"))
        current = self._through(seen[-1], "deepest")
        for level in range(LEVELS - 2, -1, -1):
            raised = functional.interpolate(
                self._through(current, f"up{level}"), scale_factor=2.0
            )
            current = self._through(raised + seen[level], f"joined{level}")
        return _cells(self._through(current, "answer"))

    def _through(self, seen: Tensor, *layers: str) -> Tensor:
        for layer in layers:
            seen = self.layers[layer](seen)
        return torch.as_tensor(seen)


def _blocks(seen: Tensor) -> Tensor:
    """Return the eight cells of each block as channels."""
    n, c, d, h, w = seen.shape
    cells = seen.reshape(n, c, d // 2, 2, h // 2, 2, w // 2, 2)
    moved = cells.permute(0, 1, 3, 5, 7, 2, 4, 6)
    return moved.reshape(n, c * BLOCK, d // 2, h // 2, w // 2)


def _cells(seen: Tensor) -> Tensor:
    """Undo `_blocks`."""
    n, c, d, h, w = seen.shape
    cells = seen.reshape(n, c // BLOCK, 2, 2, 2, d, h, w)
    moved = cells.permute(0, 1, 5, 2, 6, 3, 7, 4)
    return moved.reshape(n, c // BLOCK, d * 2, h * 2, w * 2)


class _Step(nn.Sequential):
    """Convolve, normalise, rectify; a kernel of 2 halves the grid."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        stride, padding = (1, 1) if kernel == 3 else (2, 0)
        super().__init__(
            nn.Conv3d(inputs, outputs, kernel, stride, padding, bias=False),
            nn.BatchNorm3d(outputs),
            nn.ReLU(inplace=True),
        )


def folded(network: LungShape) -> dict[str, Floats]:
    """Return the weights that `models.volume.lungs.network` runs with."""
    weights = {}
    for name, layer in network.layers.items():
        kernel, bias = _folded(layer)
        weights[f"{name}.weight"] = kernel.detach().cpu().numpy().astype(np.float32)
        weights[f"{name}.bias"] = bias.detach().cpu().numpy().astype(np.float32)
    return weights


def _folded(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Return kernel and bias of a layer with its normalisation in them."""
    parts: Iterator[nn.Module] = iter(layer) if isinstance(layer, _Step) else iter(())
    if not isinstance(layer, _Step):
        if not isinstance(layer, nn.Conv3d) or layer.bias is None:
            raise TypeError("a layer is a step, or a convolution with a bias")
        return layer.weight, layer.bias
    convolution, norm = next(parts), next(parts)
    if not isinstance(convolution, nn.Conv3d) or not isinstance(norm, nn.BatchNorm3d):
        raise TypeError("a step is a convolution and its normalisation")
    mean, variance = norm.running_mean, norm.running_var
    if mean is None or variance is None:
        raise TypeError("the normalisation has learned no mean")
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    kernel = convolution.weight * scale[:, None, None, None, None]
    return kernel, norm.bias - mean * scale
