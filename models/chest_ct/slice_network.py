"""A network that reads axial slices one by one and weighs them.

The reader of a slice is a ResNet-50 (He et al. 2016, with the stride in the middle
convolution of a bottleneck), of any width. How much each slice counts for the study
is learned: attention-based multiple-instance pooling with a gate (Ilse et al. 2018).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

BLOCKS = (3, 4, 6, 3)
"""Bottlenecks of the four stages of a ResNet-50."""

EXPANSION = 4
"""Channels that leave a bottleneck for each one inside."""

ATTENTION = 128
"""Units of the attention and of its gate."""


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
    """

    study: Tensor
    slices: Tensor
    attention: Tensor


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
    outputs
        Length of the features, 32 times the width.
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
        self.outputs = inputs

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, channels, H, W)`` to a map of features, 32 times coarser."""
        x = x.contiguous(memory_format=torch.channels_last)
        features: Tensor = self.stages(self.stem(x))
        return features


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
    width
        Of the ResNet-50.
    dropout
        Share of the features of a slice that is left out while training.
    """

    def __init__(
        self, channels: int = 3, width: int = 64, dropout: float = 0.3
    ) -> None:
        super().__init__()
        self.backbone = ResNet50(channels, width)
        self.dropout = nn.Dropout(dropout)
        self.attention = GatedAttention(self.backbone.outputs)
        self.answer = nn.Linear(self.backbone.outputs, 1)

    def forward(self, x: Tensor) -> SliceReading:
        """Map ``(N, S, channels, H, W)`` to a reading."""
        studies, slices = x.shape[:2]
        features = self.backbone(x.flatten(0, 1)).float().mean(dim=(2, 3))
        features = self.dropout(features.unflatten(0, (studies, slices)))
        attention = self.attention(features)  # (N, S)
        alone = self.answer(features)[..., 0]  # (N, S)
        # The answer is linear: that of the weighted features is the weighted answer.
        return SliceReading((attention * alone).sum(dim=1), alone, attention)


def _convolution(
    inputs: int, outputs: int, edge: int, stride: int = 1
) -> tuple[nn.Module, nn.Module]:
    return (
        nn.Conv2d(inputs, outputs, edge, stride, padding=edge // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )
