"""The baseline: a 2D U-Net that is built recursively, one scale inside another.

Ronneberger et al. 2015 with instance normalisation; 31 million parameters at the
original's channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.hippocampus.network import CLASSES

WIDTHS = (64, 128, 256, 512, 1024)
"""Channels per scale, finest first."""


class Scale(nn.Module):
    """One scale of the U-Net, with all coarser scales inside it.

    Parameters
    ----------
    inputs
        Channels that come in.
    widths
        Channels of this scale, then of the coarser ones.
    """

    def __init__(self, inputs: int, widths: Sequence[int]) -> None:
        super().__init__()
        width, *coarser = widths
        self.contract = _convolutions(inputs, width)
        self.inner = Scale(width, coarser) if coarser else None
        if self.inner:
            self.rise = nn.ConvTranspose2d(coarser[0], width, 2, stride=2)
            self.expand = _convolutions(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, H, W)`` to ``(N, widths[0], H, W)``."""
        skip: Tensor = self.contract(x)
        if self.inner is None:
            return skip
        risen = self.rise(self.inner(functional.max_pool2d(skip, 2)))
        expanded: Tensor = self.expand(torch.cat([skip, risen], dim=1))
        return expanded


class RecursiveUNet(nn.Module):
    """Logits of background, anterior and posterior for each pixel of a slice.

    Parameters
    ----------
    widths
        Channels per scale, finest first. Input sizes must be multiples of
        ``2 ** (len(widths) - 1)``.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.scales = Scale(1, widths)
        self.head = nn.Conv2d(widths[0], CLASSES, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, 1, H, W)`` to logits ``(N, 3, H, W)``."""
        logits: Tensor = self.head(self.scales(x))
        return logits


def _convolutions(inputs: int, outputs: int) -> nn.Sequential:
    """Return two convolutions of 3 x 3, each normalised and rectified."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
            nn.InstanceNorm2d(outputs, affine=True),
            nn.LeakyReLU(0.01),
        ]
    return nn.Sequential(*layers)
