"""The project's only training loop.

Every source of randomness is seeded by ``(seed, epoch)``, so a run that was
interrupted and resumed at an epoch gives the weights of one that was not.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR

from models.training.precision import autocast, choose_precision
from models.training.strategy import Strategy

CHECKPOINT = "checkpoint.pt"
LOG = "log.jsonl"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train; everything that shapes the weights beside data and network.

    Attributes
    ----------
    epochs
        Passes over the cases.
    batch
        Cases per step.
    learning_rate
        Peak of the one-cycle schedule.
    ema
        Decay per step of the averaged weights, which are the ones that ship.
    precision
        ``"auto"`` (timed at start), ``"fp32"`` or ``"bf16"``.
    """

    epochs: int
    seed: int = 0
    batch: int = 4
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    clip_norm: float = 10.0
    ema: float = 0.998
    precision: str = "auto"

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch < 1 or not 0 <= self.ema < 1:
            raise ValueError("epochs and batch are at least 1, ema lies in [0, 1)")


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
) -> nn.Module:
    """Train and return the averaged network, in evaluation mode.

    ``folder`` receives one line of JSON per epoch and a checkpoint after each; a
    checkpoint that is already there is resumed.

    Raises
    ------
    ValueError
        The checkpoint in ``folder`` was made by another recipe.
    """
    averaged = copy.deepcopy(network).to(strategy.device).requires_grad_(False)
    network = strategy.wrap(network).train()
    optimizer = torch.optim.AdamW(
        network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    steps = max(1, len(cases) // recipe.batch)
    schedule = OneCycleLR(optimizer, recipe.learning_rate, recipe.epochs * steps)
    parts: dict[str, Any] = {
        "network": network,
        "averaged": averaged,
        "optimizer": optimizer,
        "schedule": schedule,
    }
    first = _resume(parts, recipe, folder / CHECKPOINT)
    precision = _precision(network, cases, loss, recipe, strategy)
    for epoch in range(first, recipe.epochs):
        started = time.perf_counter()
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + epoch)
        order = strategy.sampler(len(cases), generator)
        total = 0.0
        for step in range(steps):
            chosen = order[step * recipe.batch : (step + 1) * recipe.batch]
            inputs, targets = cases.batch(chosen, generator)  # (N, 1, D, H, W)
            with autocast(precision, strategy.device.type):
                outputs = network(inputs.to(strategy.device))
            value = loss(outputs, targets.to(strategy.device))
            optimizer.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            nn.utils.clip_grad_norm_(network.parameters(), recipe.clip_norm)
            optimizer.step()
            schedule.step()
            _average(averaged, network, recipe.ema, epoch * steps + step)
            total += value.item()
        _save(parts, epoch + 1, recipe, strategy, folder / CHECKPOINT)
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


def _save(
    parts: Mapping[str, Any],
    epoch: int,
    recipe: Recipe,
    strategy: Strategy,
    checkpoint: Path,
) -> None:
    """Write all that a training needs to go on after ``epoch`` epochs."""
    state = {name: part.state_dict() for name, part in parts.items()}
    strategy.save(state | {"epoch": epoch, "recipe": asdict(recipe)}, checkpoint)


def _average(averaged: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights towards the trained ones, faster at the start."""
    decay = min(decay, (1 + step) / (10 + step))
    pairs = zip(averaged.parameters(), network.parameters(), strict=True)
    with torch.no_grad():
        for mean, current in pairs:
            mean.lerp_(current, 1 - decay)


def _resume(parts: Mapping[str, Any], recipe: Recipe, path: Path) -> int:
    """Fill ``parts`` from a checkpoint and return the epoch to go on with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    if state["recipe"] != asdict(recipe):
        raise ValueError(f"{path.name} was made by another recipe; use another folder")
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["epoch"])


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
