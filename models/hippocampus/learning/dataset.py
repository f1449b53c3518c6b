"""Training cases as the training loop wants them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from models.hippocampus.cases.data import Case
from models.hippocampus.learning.augment import deform, shade
from models.hippocampus.preprocess import Shape
from models.hippocampus.settings import Augmentation


class AugmentedCases:
    """Cases as the training loop wants them: random windows, in batches."""

    def __init__(
        self, cases: Sequence[Case], window: Shape, augmentation: Augmentation
    ) -> None:
        self.window = window
        self.augmentation = augmentation
        self.cases = [_channels(case) for case in cases]

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.cases)

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return images ``(N, 1, *window)`` and soft truth ``(N, 3, *window)``.

        The truth stays as it was interpolated: where the border of a label runs
        through a voxel, the network is asked for both classes there.
        """
        images, truths = [], []
        for index in chosen:
            case = self.cases[index]
            sampled = deform(case, self.window, self.augmentation, generator)
            images.append(shade(sampled[0], self.augmentation, generator)[None])
            background = 1 - sampled[1:].sum(dim=0, keepdim=True)
            truths.append(torch.cat([background, sampled[1:]]))
        return torch.stack(images), torch.stack(truths)


def _channels(case: Case) -> Tensor:
    """Return ``(3, D, H, W)``: image, anterior, posterior."""
    parts = [case.image, case.labels == 1, case.labels == 2]
    return torch.from_numpy(np.stack(parts).astype(np.float32))
