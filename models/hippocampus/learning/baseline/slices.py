"""Sagittal slices of crops: what the baseline trains on and reads.

Sagittal, because the original cuts along the first axis of the stored array, which
in Task04 runs from left to right; here that is the last axis of ``(D, H, W)``. A slice
is ``(H, D)``: rows to the front, columns to the head, as the original has it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.hippocampus.cases.data import Case
from models.hippocampus.network import CLASSES
from models.hippocampus.preprocess import FloatVolume, windows
from models.training.precision import autocast

BATCH = 16
"""Slices that are read at once."""


def scaled(crop: npt.NDArray[np.generic]) -> FloatVolume:
    """Return the crop from 0 to 1, its own minimum and maximum.

    Raises
    ------
    ValueError
        The crop is constant or holds a value that is not finite.
    """
    values = crop.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low) or not np.isfinite(high) or low == high:
        raise ValueError("a constant or non-finite image cannot be scaled")
    return np.asarray((values - low) / (high - low), np.float32)


def to_slices(volume: npt.NDArray[np.generic], side: int) -> Tensor:
    """Return ``(W, 1, side, side)`` of a volume ``(D, H, W)``, zeros behind its ends.

    Raises
    ------
    ValueError
        A slice is larger than ``side``.
    """
    slices = torch.from_numpy(np.ascontiguousarray(volume.transpose(2, 1, 0)))
    missing = [side - size for size in slices.shape[1:]]
    if min(missing) < 0:
        raise ValueError(f"a slice of {tuple(slices.shape[1:])} exceeds {side}")
    return functional.pad(slices, (0, missing[1], 0, missing[0]))[:, None]


def from_slices(slices: Tensor, depth: int, height: int) -> FloatVolume:
    """Return ``(C, depth, height, W)`` of slices ``(W, C, side, side)``."""
    cut = slices[:, :, :height, :depth]  # (W, C, H, D)
    return np.asarray(cut.permute(1, 3, 2, 0).numpy(), np.float32)


class SliceCases:
    """Every slice of every case, as the training loop wants them; not augmented."""

    def __init__(self, cases: Sequence[Case], side: int) -> None:
        self.images = torch.cat([to_slices(scaled(c.image), side) for c in cases])
        self.labels = torch.cat([to_slices(c.labels, side) for c in cases])

    def __len__(self) -> int:
        """Return the number of slices."""
        return len(self.images)

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return images ``(N, 1, side, side)`` and truth ``(N, 3, side, side)``."""
        del generator  # nothing is random here
        index = torch.as_tensor(chosen)
        truth = functional.one_hot(self.labels[index, 0].long(), CLASSES)
        return self.images[index], truth.movedim(-1, 1).float()


def probabilities(
    network: nn.Module,
    crop: npt.NDArray[np.generic],
    side: int = 64,
    precision: str = "fp32",
    device: str = "cpu",
) -> FloatVolume:
    """Return ``(3, D, H, W)`` probabilities of background, anterior, posterior.

    Parameters
    ----------
    network
        In evaluation mode, on ``device``.
    crop
        ``(D, H, W)`` of any size: smaller slices are padded, larger ones read in
        overlapping parts.

    Raises
    ------
    ValueError
        The crop is constant or not finite.
    """
    image = scaled(crop)
    depth, height, width = image.shape
    total = np.zeros((CLASSES, depth, height, width), np.float32)
    seen = np.zeros((depth, height, width), np.float32)
    for place in windows((depth, height, width), (side, side, width)):
        part = image[place]
        chances = torch.cat(
            [
                _read(network, slices.to(device), precision)
                for slices in torch.split(to_slices(part, side), BATCH)
            ]
        )
        total[(slice(None), *place)] += from_slices(chances, *part.shape[:2])
        seen[place] += 1
    return total / seen


def _read(network: nn.Module, slices: Tensor, precision: str) -> Tensor:
    """Return ``(N, 3, side, side)`` probabilities, fp32, on the CPU."""
    with torch.inference_mode(), autocast(precision, slices.device.type):
        logits = network(slices)
    chances: Tensor = logits.float().softmax(dim=1).cpu()
    return chances
