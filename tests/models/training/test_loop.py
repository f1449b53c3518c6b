"""The one training loop: resumed exactly, and one of its kind."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models.training.loop import LOG, fit
from models.training.settings import Recipe
from models.training.strategy import SingleProcess

ROOT = Path(__file__).parents[3]


class Points:
    """Points on a noisy line."""

    def __len__(self) -> int:
        """Return the number of cases."""
        return 8

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return inputs and targets ``(N, 1)``."""
        inputs = torch.tensor(chosen, dtype=torch.float32)[:, None] / 8
        noise = 0.01 * torch.randn(inputs.shape, generator=generator)
        return inputs + noise, 3 * inputs + 1


def train(folder: Path, epochs: int, stop_after: int | None = None) -> nn.Module:
    """Train a line for some epochs; ``stop_after`` breaks off like a crash."""
    torch.manual_seed(0)
    calls = 0

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        if stop_after is not None and calls > 2 * stop_after:
            raise KeyboardInterrupt
        return nn.functional.mse_loss(outputs, targets)

    recipe = Recipe(epochs=epochs, learning_rate=0.1, precision="fp32")
    return fit(nn.Linear(1, 1), Points(), loss, recipe, SingleProcess("cpu"), folder)


def test_a_resumed_training_gives_the_same_weights_to_the_bit(tmp_path: Path) -> None:
    """N epochs equal k and then N - k, on the CPU."""
    whole = train(tmp_path / "whole", 6)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", 6, stop_after=3)

    resumed = train(tmp_path / "parts", 6)

    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_loss_falls_and_every_epoch_is_logged(tmp_path: Path) -> None:
    """One line of JSON per epoch, and it learns."""
    train(tmp_path, 30)

    lines = [json.loads(x) for x in (tmp_path / LOG).read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, 31))
    assert lines[-1]["loss"] < lines[0]["loss"] / 10


def test_another_recipe_does_not_resume(tmp_path: Path) -> None:
    """A checkpoint belongs to its recipe."""
    train(tmp_path, 2)

    with pytest.raises(ValueError, match="another recipe"):
        train(tmp_path, 3)


def test_there_is_one_training_loop() -> None:
    """``optimizer.step()`` stands in one file of the project."""
    files = [
        path
        for path in (ROOT / "models").rglob("*.py")
        if "optimizer.step()" in path.read_text(encoding="utf-8")
    ]

    assert [path.name for path in files] == ["loop.py"]
