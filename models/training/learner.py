"""All that a training changes: networks, optimizer, schedule, scale of the loss."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import (
    ConstantLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
)

from models.training.best import Best
from models.training.checkpoint import random_state, restore_random_state
from models.training.precision import loss_scaler
from models.training.settings import Plateau, Recipe
from models.training.strategy import Strategy


class Learner:
    """A network that learns, and its average, which is the one that is used.

    Parameters
    ----------
    steps
        Of each epoch; the schedule ends with the last one.

    Attributes
    ----------
    network
        As the strategy wraps it, in training mode.
    averaged
        In evaluation mode, without gradient, on the same device.
    precision
        Set before the first step.
    learning_rate
        Of the last step.
    best
        None where the recipe watches nothing.
    """

    def __init__(
        self, network: nn.Module, recipe: Recipe, strategy: Strategy, steps: int
    ) -> None:
        self.averaged = copy.deepcopy(network).to(strategy.device).eval()
        self.averaged.requires_grad_(False)
        self.network = strategy.wrap(network).train()
        self._recipe, self._device = recipe, strategy.device
        self._optimizer = _optimizer(self.network, recipe)
        self._schedule = _schedule(self._optimizer, recipe, steps)
        self._plateau = _plateau(self._optimizer, recipe)
        self.best = Best(recipe.watched) if recipe.watched else None
        self.learning_rate = recipe.learning_rate
        self.use("fp32")

    def use(self, precision: str) -> None:
        """Set the precision of the steps that come."""
        self.precision = precision
        self.scaler = loss_scaler(precision, self._device.type)

    def forget_gradient(self) -> None:
        """Begin a step."""
        self._optimizer.zero_grad()

    def follow_gradient(self, step: int) -> None:
        """End step number ``step`` of the training, the first is 0."""
        self.scaler.unscale_(self._optimizer)
        nn.utils.clip_grad_norm_(self.network.parameters(), self._recipe.clip_norm)
        self.learning_rate = float(self._optimizer.param_groups[0]["lr"])
        scale = self.scaler.get_scale()
        self.scaler.step(self._optimizer)
        self.scaler.update()
        if self.scaler.get_scale() >= scale:  # else the step was skipped: an overflow
            self._schedule.step()
        _average(self.averaged, self.network, self._recipe.ema, step)

    def hear(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Let the validation of an epoch, the first is 1, steer what comes."""
        if self.best is None:
            return
        value = self.best.hear(epoch, figures, self.averaged)
        if self._plateau is not None:
            self._plateau.step(value)

    def chosen(self) -> nn.Module:
        """Return the averaged network, of the best epoch where one is watched."""
        if self.best is not None:
            self.best.restore(self.averaged)
        return self.averaged

    def state(self) -> dict[str, Any]:
        """Return what `load` needs to go on to the bit."""
        state = {name: part.state_dict() for name, part in self._parts().items()}
        return state | {"random": random_state(self._device)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a state; the precision must have been set."""
        for name, part in self._parts().items():
            if state[name]:  # a scaler that was idle has none
                part.load_state_dict(state[name])
        restore_random_state(state["random"], self._device)

    def _parts(self) -> dict[str, Any]:
        parts = {
            "network": self.network,
            "averaged": self.averaged,
            "optimizer": self._optimizer,
            "schedule": self._schedule,
            "scaler": self.scaler,
            "plateau": self._plateau,
            "best": self.best,
        }
        return {name: part for name, part in parts.items() if part is not None}


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(
        network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay
    )


def _schedule(
    optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int
) -> LRScheduler:
    if recipe.schedule == "one_cycle":
        return OneCycleLR(optimizer, recipe.learning_rate, recipe.epochs * steps)
    return ConstantLR(optimizer, factor=1.0)


def _plateau(
    optimizer: torch.optim.Optimizer, recipe: Recipe
) -> ReduceLROnPlateau | None:
    if recipe.schedule != "plateau" or recipe.watched is None:
        return None
    how = recipe.plateau or Plateau()
    return ReduceLROnPlateau(
        optimizer,
        "max" if recipe.watched.larger_is_better else "min",
        how.factor,
        how.patience,
        min_lr=how.least,
    )


def _average(averaged: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights towards the trained ones, faster at the start.

    The running statistics of batch norms are averaged alike: those of the last steps
    belong to the last weights, and with them the average is worse than the network
    that it is made of. What are counts is copied.
    """
    decay = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for mean, latest in zip(_held(averaged), _held(network), strict=True):
            if mean.is_floating_point():
                mean.lerp_(latest, 1 - decay)
            else:
                mean.copy_(latest)


def _held(network: nn.Module) -> Iterator[Tensor]:
    """Yield parameters and buffers."""
    yield from network.parameters()
    yield from network.buffers()
