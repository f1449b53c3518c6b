"""Segmentation loss: cross-entropy plus soft Dice, at every scale of a network.

The truth may be soft: a label that was interpolated, or averaged over voxels or
readers, says at a border how much of a voxel belongs to a class.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def dice_and_cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Return cross-entropy plus one minus the mean soft Dice of the foreground.

    Parameters
    ----------
    logits
        ``(N, C, …)``; computed in fp32 whatever their dtype. Class 0 is background.
    truth
        ``(N, C, …)``, the share of each class, 1 in sum. Dice is summed over the
        batch, so a class that one case lacks does not count against it.
    """
    logits = logits.float()
    probability = logits.softmax(dim=1)
    axes = (0, *range(2, logits.ndim))
    overlap = (probability * truth).sum(axes)[1:]
    size = (probability + truth).sum(axes)[1:]
    dice = (2 * overlap + 1) / (size + 1)
    entropy = -(truth * logits.log_softmax(dim=1)).sum(dim=1).mean()
    return entropy + 1 - dice.mean()


def deeply_supervised(outputs: Sequence[Tensor], truth: Tensor) -> Tensor:
    """Return the weighted mean loss over scales, each half the weight of the finer.

    Parameters
    ----------
    outputs
        Logits ``(N, C, D, H, W)``, finest first; entry ``k`` is ``2 ** k`` times
        coarser than ``truth``, whose blocks are averaged for it.
    """
    weights = [0.5**scale for scale in range(len(outputs))]
    losses = [
        weight * dice_and_cross_entropy(logits, _coarser(truth, 2**scale))
        for scale, (weight, logits) in enumerate(zip(weights, outputs, strict=True))
    ]
    return torch.stack(losses).sum() / sum(weights)


def _coarser(truth: Tensor, factor: int) -> Tensor:
    return truth if factor == 1 else functional.avg_pool3d(truth, factor)
