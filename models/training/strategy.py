"""How the one training loop meets the machine: one process today.

A strategy decides where tensors live, how the network is wrapped, which cases this
process sees, how numbers of several processes become one, and who writes files.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn


class Strategy(Protocol):
    """What the loop asks of the machine."""

    @property
    def device(self) -> torch.device:
        """Where the network and every batch live."""

    def wrap(self, network: nn.Module) -> nn.Module:
        """Return the network as it is called while training, on the device."""

    def sampler(
        self,
        count: int,
        generator: torch.Generator,
        weights: Sequence[float] | None = None,
    ) -> list[int]:
        """Return this process's share of a random order of ``count`` cases.

        With weights the order is ``count`` draws with replacement, each case as often
        as its weight says.
        """

    def reduce(self, value: float) -> float:
        """Return the mean of ``value`` over all processes."""

    def save(self, state: Mapping[str, Any], path: Path) -> None:
        """Write a checkpoint once, whole or not at all."""


class SingleProcess:
    """One process on one device.

    >>> SingleProcess("cpu").reduce(2.5)
    2.5
    """

    def __init__(self, device: str = "cpu") -> None:
        self.device = torch.device(device)

    def wrap(self, network: nn.Module) -> nn.Module:
        """Move the network to the device."""
        return network.to(self.device)

    def sampler(
        self,
        count: int,
        generator: torch.Generator,
        weights: Sequence[float] | None = None,
    ) -> list[int]:
        """Return every case once, in random order, or ``count`` draws by weight."""
        if weights is None:
            drawn = torch.randperm(count, generator=generator)
        else:
            chances = torch.tensor(weights, dtype=torch.float64)
            drawn = torch.multinomial(chances, count, True, generator=generator)
        order: list[int] = drawn.tolist()
        return order

    def reduce(self, value: float) -> float:
        """Return ``value`` itself."""
        return value

    def save(self, state: Mapping[str, Any], path: Path) -> None:
        """Write under a temporary name, wait for the disk, then rename."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as stream:
            torch.save(dict(state), stream)
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
