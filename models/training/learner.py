"""All that a training changes: networks, optimizer, schedule, scale of the loss."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import ConstantLR, LRScheduler, OneCycleLR

from models.training.checkpoint import random_state, restore_random_state
from models.training.precision import loss_scaler
from models.training.settings import Recipe
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
        self.learning_rate = float(self._schedule.get_last_lr()[0])
        scale = self.scaler.get_scale()
        self.scaler.step(self._optimizer)
        self.scaler.update()
        if self.scaler.get_scale() >= scale:  # else the step was skipped: an overflow
            self._schedule.step()
        _average(self.averaged, self.network, self._recipe.ema, step)

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
        return {
            "network": self.network,
            "averaged": self.averaged,
            "optimizer": self._optimizer,
            "schedule": self._schedule,
            "scaler": self.scaler,
        }


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


def _average(averaged: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move the averaged weights towards the trained ones, faster at the start."""
    decay = min(decay, (1 + step) / (10 + step))
    pairs = zip(averaged.parameters(), network.parameters(), strict=True)
    with torch.no_grad():
        for mean, current in pairs:
            mean.lerp_(current, 1 - decay)
        for kept, latest in zip(averaged.buffers(), network.buffers(), strict=True):
            kept.copy_(latest)  # running statistics and counts are not averaged
