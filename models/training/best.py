"""The best epoch of a training: which it was, its weights, and when to stop looking."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from models.training.settings import Watched


class Best:
    """Keeps the weights of the epoch in which the watched figure was best.

    Of equal figures the first counts. A figure that is not a number is never better.

    Attributes
    ----------
    epoch
        The first is 1; 0 while there is none.
    value
        Of the figure in that epoch.
    """

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self.epoch = 0
        self.value = math.nan
        self._weights: dict[str, Tensor] = {}

    def hear(
        self, epoch: int, figures: Mapping[str, float], network: nn.Module
    ) -> float:
        """Keep the weights of ``network`` if they are better; return the figure.

        Raises
        ------
        ValueError
            The validation does not tell what is watched.
        """
        name = self.watched.figure
        if name not in figures:
            told = ", ".join(figures) or "nothing"
            raise ValueError(f"{name} is watched, but the validation tells {told}")
        value = float(figures[name])
        if self._is_better(value):
            self.epoch, self.value = epoch, value
            self._weights = {
                name: tensor.detach().cpu().clone()
                for name, tensor in network.state_dict().items()
            }
        return value

    def is_over(self, done: int) -> bool:
        """Return whether patience has ended after ``done`` epochs."""
        patience = self.watched.patience
        return patience is not None and done - self.epoch >= patience

    def restore(self, network: nn.Module) -> None:
        """Give the network the best weights; it keeps its own where there are none."""
        if self._weights:
            network.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` needs, as torch's own parts do."""
        return {"epoch": self.epoch, "value": self.value, "weights": self._weights}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.epoch, self.value = state["epoch"], state["value"]
        self._weights = dict(state["weights"])

    def _is_better(self, value: float) -> bool:
        if math.isnan(value) or self.epoch == 0:
            return not math.isnan(value)
        gain = value - self.value
        return gain > 0 if self.watched.larger_is_better else gain < 0
