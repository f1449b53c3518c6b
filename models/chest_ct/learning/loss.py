"""What a wrong answer costs: for the study, and for places where they are known.

A chest has thousands of empty cells for each one that shows something. So what is
there counts as the mean over its cells, for each study and kind alike, a nodule of one
cell as much as a lobe; what is not there counts many times as the mean over the empty
cells, in a small part of a chest as in a whole one, focused on those that are taken for
something (Lin et al. 2017). A cell beside a finding is asked nothing: its border is
nobody's truth.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.chest_ct.kinds import Kind
from models.chest_ct.network import STRIDE, Reading
from models.chest_ct.settings import LossSettings
from models.chest_ct.slice_network import CELL, SliceReading
from models.training.binary_loss import focal

EMPTY = 100.0
"""How much the mean over empty cells counts beside that over the cells of a finding."""

Targets = tuple[Tensor, Tensor, Tensor]
"""Label ``(N,)``, what is where, and whether that is known ``(N,)``."""


class ChestLoss:
    """Of a `Reading`; targets as `models.chest_ct.learning.dataset` gives them."""

    def __init__(self, settings: LossSettings) -> None:
        self._settings = settings

    def __call__(self, reading: Reading, targets: Targets) -> Tensor:
        """Return the loss of a batch."""
        label, cells, known = targets
        loss = self._settings.study(reading.study, label)
        if self._settings.places and reading.evidence.shape[1]:
            of_places = evidence_loss(
                reading.evidence, cells, known, self._settings.focus
            )
            loss = loss + self._settings.places * of_places
        return loss


class SlicesLoss:
    """Of a `SliceReading`."""

    def __init__(self, settings: LossSettings) -> None:
        self._settings = settings

    def __call__(self, reading: SliceReading, targets: Targets) -> Tensor:
        """Return the loss of a batch: of the study, its slices, and their cells."""
        label, cells, known = targets
        loss = self._settings.study(reading.study, label)
        if self._settings.places:
            shown = cells.flatten(2).amax(dim=2)
            each = focal(reading.slices, shown, self._settings.focus)
            of_places = (each.mean(dim=1) * known).mean() + evidence_loss(
                reading.evidence.flatten(0, 1)[:, :, None],
                cells.flatten(0, 1)[:, :, None],
                known.repeat_interleave(cells.shape[1]),
                self._settings.focus,
            )
            loss = loss + self._settings.places * of_places
        return loss


def evidence_loss(
    evidence: Tensor, cells: Tensor, known: Tensor, focus: float
) -> Tensor:
    """Return the mean over the studies whose places are known.

    Parameters
    ----------
    evidence
        Logits ``(N, K, D, H, W)``.
    cells
        Of the same shape: 1 where the kind is in a cell, else 0.
    known
        ``(N,)``, 1 where that is known, else 0.
    """
    beside = functional.max_pool3d(cells, 3, stride=1, padding=1) - cells
    costs = focal(evidence, cells, focus)
    axes = (2, 3, 4)
    there = (costs * cells).sum(axes) / cells.sum(axes).clamp(min=1)
    absent = (costs * (1 - cells) * (1 - beside)).mean(axes)
    return torch.as_tensor(((there + EMPTY * absent).sum(dim=1) * known).mean())


def cells_of(truth: Tensor) -> Tensor:
    """Return which cells of the map hold each kind, ``(N, K, D', H', W')`` float32.

    Parameters
    ----------
    truth
        ``(N, D, H, W)`` of `Kind`.
    """
    cells = [_cells(truth == kind) for kind in Kind]
    return torch.stack(cells, dim=1)


def plane_cells_of(truth: Tensor) -> Tensor:
    """Return which cells of slices hold each kind, ``(N, S, K, H', W')`` float32.

    Parameters
    ----------
    truth
        ``(N, S, H, W)`` of `Kind`.
    """
    masks = torch.stack([truth == kind for kind in Kind], dim=2).float()
    reached = functional.max_pool2d(masks.flatten(0, 1), CELL + 1, CELL, CELL // 2)
    return reached.reshape(*truth.shape[:2], *reached.shape[1:])


def _cells(mask: Tensor) -> Tensor:
    """Return which cells a mask ``(N, D, H, W)`` reaches; most kinds are nowhere."""
    if not mask.any():
        return torch.zeros(len(mask), *(-(-edge // STRIDE) for edge in mask.shape[1:]))
    reached = mask.float()
    for axis in range(3):  # one after the other: a fifteenth of the comparisons
        one = [axis == other for other in range(3)]
        reached = functional.max_pool3d(
            reached,
            [1 + STRIDE * each for each in one],
            [STRIDE if each else 1 for each in one],
            [STRIDE // 2 * each for each in one],
        )
    return reached
