"""The loss of yes or no: sigmoid focal loss on logits, and cross-entropy as its case.

Lin et al. 2017 (arXiv 1708.02002), equations 4 and 5. The sigmoid is inside: what the
loss is given are logits, and the network applies none of its own while it trains.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from models.training.settings import TrainingSection


class BinaryLoss(TrainingSection):
    """What a wrong answer costs; a part of a model's settings, and the loss itself.

    Attributes
    ----------
    gamma
        How much less cases count that are answered well; 0 is cross-entropy.
    alpha
        Weight of the positive class; the negative one has ``1 - alpha``. None weighs
        both with 1.
    smoothing
        By how much a certain label is moved towards one half, twice.
    """

    gamma: Annotated[float, Field(ge=0)] = 0.0
    alpha: Annotated[float, Field(gt=0, lt=1)] | None = None
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0

    def __call__(
        self, logits: Tensor, truth: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """Return the mean loss.

        Parameters
        ----------
        logits
            Of any shape; computed in fp32 whatever their dtype.
        truth
            Of the same shape: 1 is positive, 0 negative, between them a soft label.
        weights
            Of the same shape, or one that broadcasts to it: how much each element
            counts in the mean. 0 is for what is not known; a batch of nothing else
            costs nothing.
        """
        truth = truth * (1 - self.smoothing) + self.smoothing / 2
        losses = focal(logits, truth, self.gamma, self.alpha)
        if weights is None:
            return losses.mean()
        weights = weights.expand_as(losses)
        return (weights * losses).sum() / weights.sum().clamp(min=1e-6)


def focal(
    logits: Tensor, truth: Tensor, gamma: float, alpha: float | None = None
) -> Tensor:
    """Return the loss of each element, in fp32 and in the shape of ``logits``."""
    logits = logits.float()
    yes, no = functional.logsigmoid(logits), functional.logsigmoid(-logits)
    missed = -(gamma * no).exp() * yes  # -(1 - p)^gamma log p, finite for every logit
    invented = -(gamma * yes).exp() * no
    of_yes, of_no = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    return torch.as_tensor(of_yes * truth * missed + of_no * (1 - truth) * invented)
