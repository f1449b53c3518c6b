"""Where the answer of the 3D network comes from (Grad-CAM, Selvaraju et al. 2017)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from models.chest_ct.network import Reading, TriageCNN

METHOD = (
    "Grad-CAM of the 3D networks (Selvaraju et al. 2017): which places of their maps "
    "of evidence raised the answer, 1 where they did most."
)


class Explained(NamedTuple):
    """A reading, and where it comes from.

    Attributes
    ----------
    heat
        ``(N, D', H', W')`` on the grid of the evidence, 0 to 1; 0 everywhere where
        nothing raised the answer.
    """

    reading: Reading
    heat: Tensor


def explained(network: TriageCNN, inputs: Tensor) -> Explained:
    """Read studies and return what raised the answer of each.

    Gradients run through the head of the network alone: what lies before its last
    features is computed without, and so costs what a reading costs.

    Parameters
    ----------
    inputs
        ``(N, channels, D, H, W)``.
    """
    kept: list[Tensor] = []

    def hold(_: nn.Module, __: object, features: Tensor) -> Tensor:
        held = features.detach().float().requires_grad_()
        kept.append(held)
        return held

    handle = network.merge.register_forward_hook(hold)
    try:
        with torch.enable_grad(), _frozen(network):
            reading = network(inputs)
            (gradient,) = torch.autograd.grad(reading.study.sum(), kept)
    finally:
        handle.remove()
    (features,) = kept
    weight = gradient.mean(dim=(2, 3, 4), keepdim=True)
    heat = torch.relu((weight * features.detach()).sum(dim=1))
    most = heat.amax(dim=(1, 2, 3), keepdim=True)
    return Explained(
        Reading(reading.study.detach(), reading.evidence.detach()),
        heat / torch.where(most > 0, most, torch.ones_like(most)),
    )


class _frozen:  # noqa: N801 - used as a context, like those of torch
    """Let no parameter ask for a gradient inside the block."""

    def __init__(self, network: nn.Module) -> None:
        self._asking = [p for p in network.parameters() if p.requires_grad]

    def __enter__(self) -> None:
        for parameter in self._asking:
            parameter.requires_grad_(False)

    def __exit__(self, *_: object) -> None:
        for parameter in self._asking:
            parameter.requires_grad_(True)
