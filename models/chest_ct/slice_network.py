"""A network that reads axial slices one by one and weighs them.

The reader of a slice is a ResNet-50 (He et al. 2016, with the stride in the middle
convolution of a bottleneck), of any width. Its third stage also says which kind of
disease is where, and the most of each kind stands beside the features of the slice: in
their mean a nodule would be lost. How much each slice counts for the study is learned:
attention-based multiple-instance pooling with a gate (Ilse et al. 2018).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.chest_ct.network import LITTLE, bias_of

BLOCKS = (3, 4, 6, 3)
"""Bottlenecks of the four stages of a ResNet-50."""

EXPANSION = 4
"""Channels that leave a bottleneck for each one inside."""

ATTENTION = 128
"""Units of the attention and of its gate."""

FINE_STAGES = sum(BLOCKS[:3])
"""Bottlenecks before the map on which it is said what is where."""

CELL = 16
"""Pixels along an edge of a cell of that map."""


class SliceReading(NamedTuple):
    """What the network says of each study.

    Attributes
    ----------
    study
        Logits ``(N,)``, above 0 for pathology.
    slices
        Logits ``(N, S)``, of each slice alone.
    attention
        ``(N, S)``, how much each slice counts; 1 in sum.
    evidence
        Logits ``(N, S, K, H', W')``, of each kind in each cell.
    """

    study: Tensor
    slices: Tensor
    attention: Tensor
    evidence: Tensor


class Bottleneck(nn.Module):
    """Convolutions of 1 x 1, 3 x 3, 1 x 1 and a shortcut."""

    def __init__(self, inputs: int, inside: int, stride: int = 1) -> None:
        super().__init__()
        outputs = EXPANSION * inside
        self.body = nn.Sequential(
            *_convolution(inputs, inside, 1),
            nn.ReLU(),
            *_convolution(inside, inside, 3, stride),
            nn.ReLU(),
            *_convolution(inside, outputs, 1),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(*_convolution(inputs, outputs, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, H, W)`` to ``(N, 4 inside, H', W')``."""
        return functional.relu(self.body(x) + self.shortcut(x))


class ResNet50(nn.Module):
    """Features of an image.

    Parameters
    ----------
    channels
        Of the input.
    width
        Channels of the first stage; 64 is the ResNet-50 of the paper, with
        23.5 million parameters.

    Attributes
    ----------
    outputs, fine_outputs
        Length of the features of both maps, 32 and 16 times the width.
    """

    def __init__(self, channels: int = 3, width: int = 64) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            *_convolution(channels, width, 7, 2),
            nn.ReLU(),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        stages, inputs = [], width
        for number, blocks in enumerate(BLOCKS):
            inside = width * 2**number
            for block in range(blocks):
                first_of_later = block == 0 and number > 0
                stages.append(Bottleneck(inputs, inside, 2 if first_of_later else 1))
                inputs = EXPANSION * inside
        self.stages = nn.Sequential(*stages)
        self.outputs, self.fine_outputs = inputs, inputs // 2

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map ``(N, channels, H, W)`` to maps of features, 16 and 32 times coarser."""
        x = x.contiguous(memory_format=torch.channels_last)
        fine: Tensor = self.stages[:FINE_STAGES](self.stem(x))
        return fine, self.stages[FINE_STAGES:](fine)


class GatedAttention(nn.Module):
    """Weights of instances, from what they show (Ilse et al. 2018, equation 9)."""

    def __init__(self, features: int, units: int = ATTENTION) -> None:
        super().__init__()
        self.shown = nn.Linear(features, units)
        self.gate = nn.Linear(features, units)
        self.weight = nn.Linear(units, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, S, features)`` to weights ``(N, S)``, 1 in sum."""
        scores = self.weight(torch.tanh(self.shown(x)) * torch.sigmoid(self.gate(x)))
        return functional.softmax(scores[..., 0], dim=1)


class SliceNetwork(nn.Module):
    """A ResNet-50 for each slice, and gated attention over them.

    Parameters
    ----------
    kinds
        Of disease, each with its evidence in the cells of a slice.
    width
        Of the ResNet-50.
    dropout
        Share of the features of a slice that is left out while training.
    """

    def __init__(
        self, kinds: int, channels: int = 3, width: int = 64, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.backbone = ResNet50(channels, width)
        self.evidence = nn.Conv2d(self.backbone.fine_outputs, kinds, 1)
        nn.init.constant_(bias_of(self.evidence), LITTLE)
        self.dropout = nn.Dropout(dropout)
        features = self.backbone.outputs + kinds
        self.attention = GatedAttention(features)
        self.answer = nn.Linear(features, 1)

    def forward(self, x: Tensor) -> SliceReading:
        """Map ``(N, S, channels, H, W)`` to a reading."""
        bag = x.shape[:2]
        fine, coarse = self.backbone(x.flatten(0, 1))
        evidence = self.evidence(fine).float()  # (N S, K, H', W')
        most = functional.softplus(evidence.amax(dim=(2, 3)) - LITTLE)
        mean = self.dropout(coarse.float().mean(dim=(2, 3)))
        features = _of_bags(torch.cat([mean, most], dim=1), bag)
        attention = self.attention(features)  # (N, S)
        alone = self.answer(features)[..., 0]  # (N, S)
        # The answer is linear: that of the weighted features is the weighted answer.
        study = (attention * alone).sum(dim=1)
        return SliceReading(study, alone, attention, _of_bags(evidence, bag))


def _of_bags(instances: Tensor, bag: torch.Size) -> Tensor:
    """Return ``(N, S, ...)`` of what is ``(N S, ...)``."""
    return instances.reshape(*bag, *instances.shape[1:])


def _convolution(
    inputs: int, outputs: int, edge: int, stride: int = 1
) -> tuple[nn.Module, nn.Module]:
    return (
        nn.Conv2d(inputs, outputs, edge, stride, padding=edge // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )
