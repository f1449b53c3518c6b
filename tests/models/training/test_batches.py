"""Batches of several tensors: an image with more beside it, a label with a mask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from models.training.loop import fit
from models.training.settings import Recipe
from models.training.strategy import SingleProcess


class Pairs:
    """Eight cases of two inputs and two targets."""

    def __len__(self) -> int:
        """Return the number of cases."""
        return 8

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Return ``(image, extra)`` and ``(label, weight)``, each ``(N, 1)``."""
        image = torch.tensor(chosen, dtype=torch.float32)[:, None] / 8
        extra = image.square()
        label = 2 * image - extra
        return (image, extra), (label, (image < 0.7).float())


class Sum(nn.Module):
    """Takes two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.of_image, self.of_extra = nn.Linear(1, 1), nn.Linear(1, 1, bias=False)

    def forward(self, image: Tensor, extra: Tensor) -> Tensor:
        """Map two ``(N, 1)`` to one."""
        return torch.as_tensor(self.of_image(image) + self.of_extra(extra))


def weighted_square(outputs: Tensor, targets: tuple[Tensor, Tensor]) -> Tensor:
    """Return the mean square over the batch, each case with its weight."""
    label, weight = targets
    return (weight * (outputs - label).square()).mean()


def learned(folder: Path, batch: int, accumulate: int) -> Sum:
    """Return the network after one step on all cases, gradient and all."""
    torch.manual_seed(0)
    network = Sum()
    recipe = Recipe(
        epochs=1, batch=batch, accumulate=accumulate, clip_norm=1e6, precision="fp32"
    )
    fit(network, Pairs(), weighted_square, recipe, SingleProcess(), folder)
    return network


def test_several_inputs_are_arguments_and_parts_of_a_batch_add_up(
    tmp_path: Path,
) -> None:
    """Four passes of two cases have the gradient of one pass of eight."""
    one, four = learned(tmp_path / "one", 8, 1), learned(tmp_path / "four", 2, 4)

    for whole, parts in zip(one.parameters(), four.parameters(), strict=True):
        assert whole.grad is not None
        assert parts.grad is not None
        assert whole.grad.abs().sum() > 0
        assert torch.allclose(whole.grad, parts.grad, rtol=1e-4)
