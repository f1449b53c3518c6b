"""Training cases: split by subject, and as the training loop wants them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from models.hippocampus.learning.augment import deform, shade
from models.hippocampus.learning.cases import Case
from models.hippocampus.learning.settings import Augmentation
from models.hippocampus.preprocess import Shape


def split_by_subject(
    cases: Sequence[Case], fold: int, folds: int = 5, seed: int = 0
) -> tuple[list[Case], list[Case]]:
    """Return training and held-out cases of one fold; no subject is in both.

    Raises
    ------
    ValueError
        ``fold`` is not one of ``0 … folds - 1``.
    """
    if not 0 <= fold < folds:
        raise ValueError(f"fold is 0 to {folds - 1}, not {fold}")
    subjects = np.array(sorted({case.subject for case in cases}))
    held_out = set(
        np.random.default_rng(seed).permutation(subjects)[fold::folds].tolist()
    )
    training = [case for case in cases if case.subject not in held_out]
    return training, [case for case in cases if case.subject in held_out]


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
