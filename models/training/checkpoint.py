"""Weights as safetensors, and checkpoints that a training goes on from.

Nothing that is served is ever unpickled; a checkpoint is read as plain tensors and
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import nn

from models.training.strategy import Strategy


def save_weights(network: nn.Module, path: Path) -> None:
    """Write the weights in half precision, which halves the file.

    The error is below one part in a thousand of each weight; the golden case of the
    bundle is computed from the file, so it holds for what is served. The node may run
    as another user than the training: the file may be read as any other can.
    """
    state = {
        name: _halved(tensor.detach()).contiguous().cpu()
        for name, tensor in network.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(save(state))  # save_file would keep it for its owner alone


def as_written(network: nn.Module) -> nn.Module:
    """Round the weights to what `save_weights` writes: figures are then of the file."""
    state = network.state_dict()
    network.load_state_dict({name: _halved(state[name]) for name in state})
    return network


def _halved(tensor: torch.Tensor) -> torch.Tensor:
    """Return what is written of a tensor: counters, which grow beyond it, stay."""
    return tensor.half() if tensor.is_floating_point() else tensor


def load_weights(network: nn.Module, path: Path) -> nn.Module:
    """Fill the network from a file, as fp32, and return it in evaluation mode.

    Raises
    ------
    RuntimeError
        Names or shapes are not those of the network, or a weight is no number.
    """
    state = {name: tensor.float() for name, tensor in load_file(path).items()}
    for name, tensor in state.items():
        if not tensor.isfinite().all():
            raise RuntimeError(f"{path.name}: {name} holds what is no number")
    network.load_state_dict(state)
    return network.eval()


class CheckpointError(ValueError):
    """A checkpoint cannot be gone on from; one line says what to do."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The file that a training goes on from, and what it must have been made by.

    Attributes
    ----------
    maker
        What shapes the weights, by what a person calls it: settings, data, fold.
    """

    path: Path
    maker: Mapping[str, Any]

    def read(self) -> dict[str, Any]:
        """Return the last state that was written whole; empty where there is none.

        Raises
        ------
        CheckpointError
            The file is damaged, or something of ``maker`` was another.
        """
        if not self.path.is_file():
            return {}
        place = f"{self.path.parent.name}/{self.path.name}"
        try:
            state: dict[str, Any] = torch.load(
                self.path, map_location="cpu", weights_only=True
            )
        except Exception:  # noqa: BLE001 - whatever torch makes of broken bytes
            raise CheckpointError(
                f"{place} is damaged: delete it to begin anew"
            ) from None
        found = state.get("maker", {})
        others = [name for name in self.maker if found.get(name) != self.maker[name]]
        if others:
            raise CheckpointError(
                f"{place} is of a training that differs in {' and '.join(others)}: "
                "choose another --output, or delete it to begin anew"
            )
        return state

    def write(self, state: Mapping[str, Any], strategy: Strategy) -> None:
        """Write the state, whole or not at all."""
        strategy.save({**state, "maker": dict(self.maker)}, self.path)


def random_state(device: torch.device) -> dict[str, Any]:
    """Return the state of torch's own generators, which layers such as dropout use."""
    state: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def restore_random_state(state: Mapping[str, Any], device: torch.device) -> None:
    """Set torch's own generators as `random_state` returned them."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and device.type == "cuda":
        torch.cuda.set_rng_state(state["cuda"], device)
