"""Segmentation loss: cross-entropy plus soft Dice, at every scale of a network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def dice_and_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return cross-entropy plus one minus the mean soft Dice of the foreground.

    Parameters
    ----------
    logits
        ``(N, C, D, H, W)``; computed in fp32 whatever their dtype.
    labels
        ``(N, D, H, W)`` int64, 0 is background. Dice is summed over the batch, so
        a class that one case lacks does not count against it.
    """
    logits = logits.float()
    probability = logits.softmax(dim=1)[:, 1:]
    truth = functional.one_hot(labels, logits.shape[1]).movedim(-1, 1)[:, 1:]
    axes = (0, 2, 3, 4)
    overlap = (probability * truth).sum(axes)
    size = probability.sum(axes) + truth.sum(axes)
    dice = (2 * overlap + 1) / (size + 1)
    return functional.cross_entropy(logits, labels) + 1 - dice.mean()


def deeply_supervised(outputs: Sequence[Tensor], labels: Tensor) -> Tensor:
    """Return the weighted mean loss over scales, each half the weight of the finer.

    Parameters
    ----------
    outputs
        Logits, finest first; entry ``k`` is ``2 ** k`` times coarser than labels.
    """
    weights = [0.5**scale for scale in range(len(outputs))]
    losses = [
        weight * dice_and_cross_entropy(logits, _every(labels, 2**scale))
        for scale, (weight, logits) in enumerate(zip(weights, outputs, strict=True))
    ]
    return torch.stack(losses).sum() / sum(weights)


def _every(labels: Tensor, factor: int) -> Tensor:
    """Return labels at a coarser scale: the nearest voxel of each block."""
    start = factor // 2
    return labels[:, start::factor, start::factor, start::factor]
