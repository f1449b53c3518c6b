"""Averaged weights carry the statistics that belong to them."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training.learner import Learner
from models.training.settings import Recipe
from models.training.strategy import SingleProcess


def noisy_halves(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return points ``(N, 8)`` of unlike scale, and their side ``(N, 1)``."""
    points = torch.randn(count, 8, generator=torch.Generator().manual_seed(seed))
    side = points[:, :2].sum(dim=1) + 0.5 * torch.sin(3 * points[:, 2]) > 0
    return points * torch.tensor([1.0, 2, 3, 1, 1, 4, 1, 1]) + 2, side.float()[:, None]


def normed_network() -> nn.Module:
    """Return a small network with batch norms."""
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU()),
        *(nn.Linear(32, 32), nn.BatchNorm1d(32), nn.ReLU()),
        nn.Linear(32, 1),
    )


def recalibrated(network: nn.Module, points: Tensor) -> nn.Module:
    """Return a copy whose statistics are those of the points under its own weights."""
    copied = copy.deepcopy(network).train()
    for module in copied.modules():
        if isinstance(module, nn.BatchNorm1d):
            module.reset_running_stats()
            module.momentum = None  # the plain mean over batches
    with torch.no_grad():
        for start in range(0, len(points), 8):
            copied(points[start : start + 8])
    return copied.eval()


def statistics(network: nn.Module) -> Tensor:
    """Return running means and variances of every norm in one row."""
    held = [
        torch.cat([module.running_mean, module.running_var])
        for module in network.modules()
        if isinstance(module, nn.BatchNorm1d)
        and module.running_mean is not None
        and module.running_var is not None
    ]
    return torch.cat(held)


def test_averaged_statistics_are_near_recalibrated_ones() -> None:
    """Less than half as far as those of the last steps, which are of other weights."""
    recipe = Recipe(
        epochs=4, batch=8, learning_rate=3e-2, schedule="constant", precision="fp32"
    )
    points, side = noisy_halves(512, 0)
    learner = Learner(normed_network(), recipe, SingleProcess(), 64)
    for step in range(4 * 64):
        chosen = torch.arange(8) + 8 * (step % 64)
        learner.forget_gradient()
        logits = learner.network(points[chosen])
        loss = functional.binary_cross_entropy_with_logits(logits, side[chosen])
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        learner.follow_gradient(step)

    wanted = statistics(recalibrated(learner.averaged, points))

    averaged = (statistics(learner.averaged) - wanted).abs().mean()
    last = (statistics(learner.network) - wanted).abs().mean()
    assert averaged < last / 2
