"""Looks at the cases: turned, cut, ill, as the network sees them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from models.chest_ct.learning.lung_shape.body import other_body
from models.chest_ct.learning.lung_shape.cases import FULL, STORED_MM, ShapeCase, read
from models.chest_ct.learning.lung_shape.disease import made_ill
from models.chest_ct.learning.lung_shape.settings import ChangeSettings
from models.volume.lungs.shape import CELL_MM, OUTSIDE_HU, network_inputs

MISSED = 1.0
"""How much more a cell counts that is lung without air."""

Look = tuple[Tensor, Tensor, Tensor]
"""Inputs ``(5, D, H, W)``, shares of the answers ``(3, D, H, W)``, what counts."""


class ShapeCases:
    """What the training loop asks for."""

    def __init__(self, paths: Sequence[Path], wanted: ChangeSettings) -> None:
        self.cases = [read(path) for path in paths]
        self.wanted = wanted

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.cases)

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return inputs, and the shares and weights that the loss takes."""
        looks = [look(self.cases[n], self.wanted, generator) for n in chosen]
        inputs, shares, weights = (
            torch.stack(each) for each in zip(*looks, strict=True)
        )
        return inputs, (shares, weights)


class ShapeLoss:
    """Cross-entropy against shares, what disease hides counted more."""

    def __call__(self, answer: Tensor, targets: tuple[Tensor, Tensor]) -> Tensor:
        """Return the loss of a batch."""
        shares, weights = targets
        costs = -(shares * functional.log_softmax(answer.float(), dim=1)).sum(dim=1)
        return torch.as_tensor((costs * weights).mean())


def look(case: ShapeCase, wanted: ChangeSettings, generator: torch.Generator) -> Look:
    """Return a case as it might have been seen."""
    hu, air, lungs = _placed(case, wanted, generator)
    if _uniform(generator) < 0.5:
        hu, air, lungs = hu.flip(2), -air.flip(2), -lungs.flip(2)
    if _uniform(generator) < wanted.cut:
        _cut(hu, air, lungs, generator)
    both = torch.stack([-lungs, lungs]).clamp(0, 1)
    if _uniform(generator) < wanted.ill:
        hu, ill = made_ill(hu, both, wanted, generator)
        air = air * (1 - ill)
    hu = other_body(hu, lungs.abs(), generator)
    seen = network_inputs(
        hu.numpy(), (-air).clamp(0, 1).numpy(), air.clamp(0, 1).numpy()
    )
    lung = both.sum(dim=0)
    weights = 1 + MISSED * (lung - air.abs()).clamp(0, 1)
    return torch.from_numpy(seen), torch.cat([1 - lung[None], both]), weights


def _placed(
    case: ShapeCase, wanted: ChangeSettings, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Return density and signed shares in the field, scaled, turned and shifted."""
    stored = torch.stack(
        [
            torch.from_numpy(case.hu).float() - OUTSIDE_HU,
            torch.from_numpy(case.air).float() / FULL,
            torch.from_numpy(case.lungs).float() / FULL,
        ]
    )
    grid = functional.affine_grid(
        _affine(stored.shape[1:], wanted, generator)[None],
        [1, 3, *wanted.field],
        align_corners=False,
    )
    found = functional.grid_sample(stored[None], grid, align_corners=False)[0]
    return found[0] + OUTSIDE_HU, found[1], found[2]


def _affine(
    shape: Sequence[int], wanted: ChangeSettings, generator: torch.Generator
) -> Tensor:
    """Return ``(3, 4)`` as `affine_grid` takes it: from the field to the stored cells.

    Its axes are in reverse order, and both grids reach from -1 to 1.
    """
    angles = wanted.turn * (2 * torch.rand(3, generator=generator) - 1)
    scales = 1 + wanted.scale * (2 * torch.rand(4, generator=generator) - 1)
    turn = torch.linalg.matrix_exp(
        torch.tensor(
            [
                [0.0, -angles[0], angles[1]],
                [angles[0], 0.0, -angles[2]],
                [-angles[1], angles[2], 0.0],
            ]
        )
    )
    field = torch.tensor(wanted.field[::-1]) * CELL_MM
    stored = torch.tensor(list(shape)[::-1]) * STORED_MM
    linear = turn * (scales[:3] * scales[3])[None] * field[None] / stored[:, None]
    shift = 0.15 * (2 * torch.rand(3, 1, generator=generator) - 1)
    return torch.cat([linear, shift], dim=1)


def _cut(hu: Tensor, air: Tensor, lungs: Tensor, generator: torch.Generator) -> None:
    """End the scan within the chest, above or below."""
    count = int(hu.shape[0] * (0.1 + 0.4 * _uniform(generator)))
    gone = slice(None, count) if _uniform(generator) < 0.5 else slice(-count, None)
    hu[gone], air[gone], lungs[gone] = OUTSIDE_HU, 0, 0


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))
