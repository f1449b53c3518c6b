"""The project's only training loop.

Every source of randomness is seeded by ``(seed, epoch)``, so a run that was
interrupted and resumed at an epoch gives the weights of one that was not.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ConstantLR, LRScheduler, OneCycleLR

from models.training.precision import autocast, choose_precision
from models.training.settings import Recipe
from models.training.strategy import Strategy

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"


class Cases(Protocol):
    """What the loop trains on."""

    def __len__(self) -> int:
        """Return the number of cases."""

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return augmented inputs and targets of the chosen cases."""


Loss = Callable[[Any, Tensor], Tensor]


def fit(
    network: nn.Module,
    cases: Cases,
    loss: Loss,
    recipe: Recipe,
    strategy: Strategy,
    folder: Path,
    made_by: str = "",
) -> nn.Module:
    """Train and return the averaged network, in evaluation mode.

    ``folder`` receives one line of JSON per epoch and a checkpoint after each; a
    checkpoint that is already there is resumed.

    Parameters
    ----------
    made_by
        What else shapes the weights: the hash of all settings, of the data, the
        fold. A checkpoint is resumed only where recipe and ``made_by`` are equal.

    Raises
    ------
    ValueError
        The checkpoint in ``folder`` was made by another recipe.
    """
    steps = max(1, len(cases) // (recipe.batch * recipe.accumulate))
    averaged = copy.deepcopy(network).to(strategy.device).requires_grad_(False)
    network = strategy.wrap(network).train()
    optimizer = _optimizer(network, recipe)
    schedule = _schedule(optimizer, recipe, steps)
    parts = {"network": network, "averaged": averaged}
    stepping = {"optimizer": optimizer, "schedule": schedule}
    checkpoint = _Checkpoint(
        parts | stepping,
        folder / CHECKPOINT,
        {"recipe": recipe.model_dump(), "made_by": made_by},
    )
    first = checkpoint.resume()
    precision = _precision(network, cases, loss, recipe, strategy)
    for epoch in range(first, recipe.epochs):
        started = time.perf_counter()
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
        order = strategy.sampler(len(cases), generator)
        total = 0.0
        for step in range(steps):
            optimizer.zero_grad()
            for part in range(recipe.accumulate):
                start = (step * recipe.accumulate + part) * recipe.batch
                chosen = order[start : start + recipe.batch]
                inputs, targets = cases.batch(chosen, generator)  # (N, C, D, H, W)
                with autocast(precision, strategy.device.type):
                    outputs = network(inputs.to(strategy.device))
                value = loss(outputs, targets.to(strategy.device)) / recipe.accumulate
                value.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
                total += value.item()
            nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_norm)
            optimizer.step()
            schedule.step()
            _average(averaged, network, recipe.ema, epoch * steps + step)
        checkpoint.save(epoch + 1, strategy)
        line = {
            "epoch": epoch + 1,
            "loss": round(strategy.reduce(total / steps), 5),
            "learning_rate": schedule.get_last_lr()[0],
            "seconds": round(time.perf_counter() - started, 2),
            "precision": precision,
        }
        with (folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
    return averaged.eval()


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(
        network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )


def _schedule(
    optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int
) -> LRScheduler:
    if recipe.schedule == "constant":
        return ConstantLR(optimizer, factor=1.0)
    return OneCycleLR(optimizer, recipe.learning_rate, recipe.epochs * steps)


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """All that a training needs to go on, and by whom it was made."""

    parts: dict[str, Any]
    path: Path
    maker: dict[str, Any]

    def save(self, epoch: int, strategy: Strategy) -> None:
        """Write the state after ``epoch`` epochs."""
        state = {name: part.state_dict() for name, part in self.parts.items()}
        strategy.save(state | self.maker | {"epoch": epoch}, self.path)

    def resume(self) -> int:
        """Fill the parts from the file and return the epoch to go on with."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.path.is_file():
            return 0
        state = torch.load(self.path, weights_only=True)
        if any(state.get(key) != value for key, value in self.maker.items()):
            raise ValueError(
                f"{self.path.name} was made by another recipe; use another folder"
            )
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
        return int(state["epoch"])


def _average(averaged: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights towards the trained ones, faster at the start."""
    decay = min(decay, (1 + step) / (10 + step))
    pairs = zip(averaged.parameters(), network.parameters(), strict=True)
    with torch.no_grad():
        for mean, current in pairs:
            mean.lerp_(current, 1 - decay)


def _precision(
    network: nn.Module, cases: Cases, loss: Loss, recipe: Recipe, strategy: Strategy
) -> str:
    """Time one training step at each precision unless the recipe names one."""
    if recipe.precision != "auto":
        return recipe.precision
    chosen = list(range(min(recipe.batch, len(cases))))
    inputs, targets = cases.batch(chosen, torch.Generator().manual_seed(0))
    inputs, targets = inputs.to(strategy.device), targets.to(strategy.device)

    def step(precision: str) -> None:
        with autocast(precision, strategy.device.type):
            outputs = network(inputs)
        loss(outputs, targets).backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        network.zero_grad()

    return choose_precision(step)
