"""What the loop trains on: cases, asked for in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

Tensors = Tensor | tuple[Tensor, ...]
"""One tensor, or several that belong together; each begins with ``N``, the batch."""

Batch = tuple[Tensors, Tensors]
"""Inputs and targets."""


class Cases(Protocol):
    """What the loop trains on."""

    def __len__(self) -> int:
        """Return the number of cases."""

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Any, Any]:
        """Return augmented inputs and targets of the chosen cases, a `Batch`.

        Several inputs are the arguments of the network, in their order; several
        targets reach the loss as they are. Whatever is random comes from
        ``generator``.
        """


def forward(network: nn.Module, inputs: Tensors) -> Any:
    """Return what the network makes of the inputs."""
    return network(*inputs) if isinstance(inputs, tuple) else network(inputs)


def moved(tensors: Tensors, device: torch.device) -> Tensors:
    """Return the tensors on the device."""
    if isinstance(tensors, tuple):
        return tuple(each.to(device) for each in tensors)
    return tensors.to(device)
