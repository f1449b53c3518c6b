"""A residual 3D U-Net small enough for a CPU (2.2 million parameters).

The shape is that of Ronneberger et al. 2015 with the residual blocks of He et al.
2016, instance normalisation, and an auxiliary output at each of the three finest
scales while training (deep supervision, Lee et al. 2015).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64, 128)
"""Channels at full, half, quarter and eighth resolution."""

CLASSES = 3
"""Background, anterior, posterior."""


class ResidualBlock(nn.Module):
    """Two convolutions of 3 x 3 x 3 and a shortcut; ``stride`` 2 halves every axis."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv3d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.first_norm = nn.InstanceNorm3d(outputs, affine=True)
        self.second = nn.Conv3d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.InstanceNorm3d(outputs, affine=True)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Conv3d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, D, H, W)`` to ``(N, outputs, D', H', W')``."""
        inner = functional.leaky_relu(self.first_norm(self.first(x)), 0.01)
        inner = self.second_norm(self.second(inner))
        return functional.leaky_relu(inner + self.shortcut(x), 0.01)


class ResidualUNet(nn.Module):
    """Logits of background, anterior and posterior for each voxel.

    Parameters
    ----------
    widths
        Channels per scale, finest first. Input sizes must be multiples of
        ``2 ** (len(widths) - 1)``.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.down = nn.ModuleList([ResidualBlock(1, widths[0])])
        for finer, coarser in pairwise(widths):
            self.down.append(ResidualBlock(finer, coarser, stride=2))
        self.bottom = ResidualBlock(widths[-1], widths[-1])
        self.up = nn.ModuleList()
        self.merge = nn.ModuleList()
        self.heads = nn.ModuleList()
        for coarser, finer in zip(widths[:0:-1], widths[-2::-1], strict=True):
            self.up.append(nn.ConvTranspose3d(coarser, finer, 2, stride=2))
            self.merge.append(ResidualBlock(2 * finer, finer))
            self.heads.append(nn.Conv3d(finer, CLASSES, 1))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map ``(N, 1, D, H, W)`` to logits ``(N, 3, …)``, finest scale first.

        While training there is one entry per decoder scale, each half the size of
        the one before; in evaluation only the finest.
        """
        skips: list[Tensor] = []
        for block in self.down:
            x = block(x)
            skips.append(x)
        x = self.bottom(skips.pop())
        outputs: list[Tensor] = []
        for up, merge, head in zip(self.up, self.merge, self.heads, strict=True):
            x = merge(torch.cat([up(x), skips.pop()], dim=1))
            if self.training or not skips:
                outputs.insert(0, head(x))
        return outputs
