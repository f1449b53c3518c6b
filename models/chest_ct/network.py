"""The networks that look at a whole chest at once.

`TriageCNN` is residual (He et al. 2016) and says where: a map of evidence per kind of
finding, on a coarse grid, out of features of three scales (Lin et al. 2017, "Feature
pyramid networks"). The answer for the study is pooled from that map, so that nothing
can raise it without a place, beside one branch that sees the chest as a whole, for
what is everywhere. It learns from answers alone; where masks of findings are known,
the map learns from them.

`OriginalCNN` is the plain network of the service that this one succeeds. It is here
to be compared with and is not shipped.
"""

from __future__ import annotations

import math
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTHS = (16, 32, 64, 128)
"""Channels at half, quarter, eighth and sixteenth resolution."""

STRIDE = 4
"""Voxels of the input from one cell of the evidence map to the next; the first cell
lies on the first voxel."""

ORIGINAL_WIDTHS = (64, 128, 256)
ORIGINAL_HEAD = 512

PRIOR = 0.02
"""Chance of a finding in a cell before anything is learned (Lin et al. 2017, "Focal
loss": else the many empty cells drown the first steps)."""

LITTLE = math.log(PRIOR / (1 - PRIOR))
"""The same as a logit."""

START_SD = 0.05
"""Of the weights of the map before anything is learned."""

WEIGHT = -1.0
"""Of each kind's evidence before anything is learned; 0.31 after the softplus."""

SHARPNESS = 4.0
"""Of the pooling of evidence: 0 would be the mean, infinity the maximum."""


class Reading(NamedTuple):
    """What a network says of each study; logits.

    Attributes
    ----------
    study
        ``(N,)``, above 0 for pathology.
    evidence
        ``(N, K, D', H', W')`` per kind of finding, or ``(N, 0, 1, 1, 1)`` of a
        network that does not say where.
    """

    study: Tensor
    evidence: Tensor


class Seen(NamedTuple):
    """What the answer of a `TriageCNN` is made of.

    Attributes
    ----------
    evidence
        Logits ``(N, K, D', H', W')``.
    pooled
        ``(N, 2 K)``, its smooth maximum inside the lungs, and its mean there.
    chest
        ``(N, F)``, the mean of the coarsest features inside the lungs.
    """

    evidence: Tensor
    pooled: Tensor
    chest: Tensor


class ResidualBlock(nn.Module):
    """Two convolutions of 3 x 3 x 3 and a shortcut; ``stride`` 2 halves every axis."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv3d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm3d(outputs)
        self.second = nn.Conv3d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm3d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Conv3d(inputs, outputs, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, D, H, W)`` to ``(N, outputs, D', H', W')``."""
        inner = functional.relu(self.first_norm(self.first(x)))
        inner = self.second_norm(self.second(inner))
        return functional.relu(inner + self.shortcut(x))


class TriageCNN(nn.Module):
    """A residual network that answers for a study and says where.

    Parameters
    ----------
    kinds
        Kinds of findings of which there is a map.
    channels
        Of the input; the last one is the lungs, 0 to 1.
    widths
        Channels at half, quarter, eighth and sixteenth resolution.
    dropout
        Share of whole features that is left out while training.
    """

    def __init__(
        self,
        kinds: int,
        channels: int = 3,
        widths: tuple[int, ...] = WIDTHS,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        half, quarter, eighth, sixteenth = widths
        self.stem = nn.Sequential(
            nn.Conv3d(channels, half, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm3d(half),
            nn.ReLU(),
        )
        self.fine = nn.Sequential(ResidualBlock(half, half))
        self.quarter = _stage(half, quarter)
        self.eighth = _stage(quarter, eighth)
        self.sixteenth = _stage(eighth, sixteenth)
        self.lateral = nn.ModuleList(
            nn.Conv3d(width, eighth, 1) for width in (quarter, eighth, sixteenth)
        )
        self.merge = nn.Sequential(
            nn.Conv3d(eighth, quarter, 3, padding=1, bias=False),
            nn.BatchNorm3d(quarter),
            nn.ReLU(),
            nn.Dropout3d(dropout),
        )
        self.evidence = nn.Conv3d(quarter, kinds, 1)
        self.weight = nn.Parameter(torch.full((2 * kinds,), WEIGHT))
        self.whole = nn.Linear(sixteenth, 1)
        self.dropout = nn.Dropout(dropout)
        self._start()

    def _start(self) -> None:
        """Begin with edges and blobs, little evidence anywhere, and neither answer."""
        first: Tensor = next(self.stem.parameters())
        edges = gaussian_derivatives(first.shape[-1])[: len(first) * 5 // 8]
        with torch.no_grad():
            first[: len(edges)] = 0
            first[: len(edges), -2] = edges  # of the last window
        nn.init.normal_(self.evidence.weight, std=START_SD)
        nn.init.constant_(bias_of(self.evidence), LITTLE)
        told = math.log(2) * float(functional.softplus(self.weight.detach()).sum())
        nn.init.zeros_(self.whole.weight)
        nn.init.constant_(self.whole.bias, -told)

    def forward(self, x: Tensor) -> Reading:
        """Map ``(N, channels, D, H, W)`` to a reading."""
        seen = self.seen(x)
        return Reading(self.answer(seen), seen.evidence)

    def seen(self, x: Tensor) -> Seen:
        """Return what the answer is made of."""
        last = x.contiguous(memory_format=torch.channels_last_3d)  # a third faster
        quarter = self.quarter(self.fine(self.stem(last)))
        eighth = self.eighth(quarter)
        sixteenth = self.sixteenth(eighth)
        evidence = self._evidence(quarter, eighth, sixteenth)
        # A lung that ends a point earlier must move no answer: cells count by shares.
        lungs = x[:, -1:].contiguous()
        cells = averaged(share_of(lungs, STRIDE), 3)
        pooled = torch.cat(
            [pooled_evidence(evidence, cells, SHARPNESS), mean_within(evidence, cells)],
            dim=1,
        )
        chest = mean_within(sixteenth.float(), share_of(around(lungs), STRIDE))
        return Seen(evidence, pooled, chest)

    def answer(self, seen: Seen) -> Tensor:
        """Return the logit of each study, ``(N,)``."""
        # What is likelier than at the start counts. No weight is negative, so that more
        # evidence is never less pathology.
        weight = functional.softplus(self.weight)
        told = functional.softplus(seen.pooled - LITTLE) * weight
        return torch.as_tensor(
            told.sum(dim=1) + self.whole(self.dropout(seen.chest))[:, 0]
        )

    def _evidence(self, quarter: Tensor, eighth: Tensor, sixteenth: Tensor) -> Tensor:
        """Return the map, from coarse to fine."""
        fine, middle, coarse = self.lateral
        merged = middle(eighth) + _enlarged(coarse(sixteenth), eighth)
        merged = fine(quarter) + _enlarged(merged, quarter)
        logits: Tensor = self.evidence(self.merge(merged))
        return logits.float()


class OriginalCNN(nn.Module):
    """Plain convolutions of 64, 128 and 256 channels, pooling, a head of 512 units.

    It is the network of the original service, with batch normalisation and dropout as
    there, and says nothing of the place.
    """

    def __init__(
        self,
        channels: int = 3,
        widths: tuple[int, ...] = ORIGINAL_WIDTHS,
        head: int = ORIGINAL_HEAD,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in zip((channels, *widths), widths, strict=False):
            layers += [
                nn.Conv3d(inputs, outputs, 3, padding=1, bias=False),
                nn.BatchNorm3d(outputs),
                nn.ReLU(),
                nn.MaxPool3d(2),
            ]
        self.features = nn.Sequential(*layers)
        self.head = nn.Sequential(
            nn.Linear(widths[-1], head),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(head, 1),
        )

    def forward(self, x: Tensor) -> Reading:
        """Map ``(N, channels, D, H, W)`` to a reading without evidence."""
        features = self.features(x).float().mean(dim=(2, 3, 4))
        return Reading(self.head(features)[:, 0], x.new_zeros(len(x), 0, 1, 1, 1))


def gaussian_derivatives(edge: int) -> Tensor:
    """Return the derivatives of a Gaussian up to the second order, ``(10, E, E, E)``.

    Out of the second ones a network tells a blob from a vessel (Frangi et al. 1998); it
    finds them by itself, later. Each is of unit length, and those of an order above 0
    do not see what is even. The standard deviation is one point.
    """
    x = torch.arange(edge) - (edge - 1) / 2
    gauss = torch.exp(-x.square() / 2)
    slope, bend = -x * gauss, (x.square() - 1) * gauss
    lines = (gauss, slope - slope.mean(), bend - bend.mean())
    filters = [
        torch.einsum("i,j,k->ijk", lines[a], lines[b], lines[c])
        for a, b, c in product(range(3), repeat=3)
        if a + b + c <= 2
    ]
    return torch.stack([each / each.norm() for each in filters])


def pooled_evidence(evidence: Tensor, within: Tensor, sharpness: float) -> Tensor:
    """Return the smooth maximum of each kind inside the lungs, ``(N, K)``.

    It is a log-mean-exp: the mean where the evidence is even, and close to the maximum
    where one cell stands out. It does not grow with the size of the lungs alone.

    Parameters
    ----------
    evidence
        Logits ``(N, K, D, H, W)``.
    within
        ``(N, 1, D, H, W)``, 0 to 1. Where a study has nothing inside, all counts.
    """
    scaled = sharpness * evidence.flatten(2)
    weight = _somewhere(within).flatten(2)
    mean = torch.logsumexp(scaled + weight.log(), dim=2)  # nothing weighs -infinity
    return (mean - weight.sum(dim=2).log()) / sharpness


def mean_within(evidence: Tensor, within: Tensor) -> Tensor:
    """Return the mean of each channel inside the lungs, ``(N, K)``."""
    weight = _somewhere(within).flatten(2)
    return (evidence.flatten(2) * weight).sum(dim=2) / weight.sum(dim=2)


def around(lungs: Tensor) -> Tensor:
    """Return which cells of the map lie in the lungs or touch them, 0 to 1.

    Parameters
    ----------
    lungs
        ``(N, 1, D, H, W)``.
    """
    cells = functional.max_pool3d(lungs, STRIDE + 1, STRIDE, padding=STRIDE // 2)
    return functional.max_pool3d(cells, 3, 1, padding=1)


def share_of(lungs: Tensor, stride: int) -> Tensor:
    """Return how much of each cell is lung, ``(N, 1, D', H', W')``, 0 to 1.

    Parameters
    ----------
    lungs
        ``(N, 1, D, H, W)``.
    stride
        From one cell to the next, the first about the first voxel.
    """
    # By hand: the pooling's own padding wants an input as large as its kernel.
    room = [stride // 2] * 6
    of_cell, there = (
        functional.avg_pool3d(functional.pad(each, room), stride + 1, stride)
        for each in (lungs, torch.ones_like(lungs))
    )
    share: Tensor = of_cell / there
    return share


def averaged(cells: Tensor, edge: int) -> Tensor:
    """Return the mean of the cells around each, ``edge`` along every axis."""
    return functional.avg_pool3d(
        cells, edge, 1, padding=edge // 2, count_include_pad=False
    )


def _somewhere(within: Tensor) -> Tensor:
    empty = (within.amax(dim=(1, 2, 3, 4), keepdim=True) == 0).float()
    return within.float() + empty


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        ResidualBlock(inputs, outputs, stride=2), ResidualBlock(outputs, outputs)
    )


def _enlarged(coarse: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(coarse, size=like.shape[2:], mode="nearest")


def bias_of(layer: nn.Conv2d | nn.Conv3d) -> Tensor:
    """Return the bias of a layer that was made with one."""
    if layer.bias is None:
        raise TypeError("a layer of evidence has a bias")
    return layer.bias
