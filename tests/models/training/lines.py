"""The smallest training that there is: a line through noisy points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from models.training.loop import fit
from models.training.settings import Recipe
from models.training.strategy import SingleProcess
from models.training.tracking import Watch


class Points:
    """Eight points on a line; ``noise`` is drawn anew in every batch."""

    def __init__(self, noise: float = 0.01) -> None:
        self.noise = noise

    def __len__(self) -> int:
        """Return the number of cases."""
        return 8

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return inputs and targets ``(N, 1)``."""
        inputs = torch.tensor(chosen, dtype=torch.float32)[:, None] / 8
        noise = self.noise * torch.randn(inputs.shape, generator=generator)
        return inputs + noise, 3 * inputs + 1


def dropping_network() -> nn.Module:
    """Return a network whose dropout draws from torch's own generator."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(1, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.Linear(8, 1)
    )


def train(
    folder: Path,
    epochs: int = 6,
    *,
    cases: Points | None = None,
    network: nn.Module | None = None,
    made_by: Mapping[str, str] | None = None,
    watch: Watch | None = None,
    **recipe: object,
) -> nn.Module:
    """Train and return the averaged network."""
    settings = {"epochs": epochs, "learning_rate": 0.1, "precision": "fp32", **recipe}
    return fit(
        network or dropping_network(),
        cases or Points(),
        nn.functional.mse_loss,
        Recipe.model_validate(settings),
        SingleProcess("cpu"),
        folder,
        made_by,
        watch,
    )


def equal(one: nn.Module, other: nn.Module) -> bool:
    """Return whether two networks are equal to the bit, buffers included."""
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)
