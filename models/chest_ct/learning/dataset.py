"""Prepared cases as the training loop wants them: changed, in batches."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from models.chest_ct.cases.cache import Kept
from models.chest_ct.learning.augment import changed
from models.chest_ct.learning.loss import Targets, cells_of, plane_cells_of
from models.chest_ct.learning.parts import drawn_parts, drawn_size
from models.chest_ct.learning.pasting import Patches, pasted, patches_of
from models.chest_ct.preprocess import KIND, SIDE, Prepared, Shape, common_field, placed
from models.chest_ct.reading import chest_input, slice_input
from models.chest_ct.settings import ChestSettings, Parts
from models.training.sampling import balanced


class _KeptCases:
    """What both kinds of cases have in common.

    Attributes
    ----------
    weights
        By which both answers are drawn equally often.
    """

    def __init__(self, cases: Sequence[Kept], settings: ChestSettings) -> None:
        self.cases, self.settings = cases, settings
        self.weights = balanced([kept.case.is_positive for kept in cases])

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.cases)

    def labels(self, chosen: Sequence[int]) -> Tensor:
        """Return 1 for the positive class, ``(N,)``: here alone it becomes a number."""
        return torch.tensor([float(self.cases[n].case.is_positive) for n in chosen])

    def field(self, seen: Sequence[Prepared]) -> Shape:
        """Return the field of a batch."""
        shapes = [(d, h, w) for d, h, w in (each.hu.shape for each in seen)]
        return common_field(shapes, self.settings.view.field)

    def changed(
        self, parts: Sequence[Prepared], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return densities and labels of parts of a case, as they might have been."""
        hu = torch.from_numpy(np.stack([each.hu for each in parts]))
        labels = torch.from_numpy(np.stack([each.labels for each in parts]))
        settings = self.settings
        return changed(hu, labels, settings.augmentation, settings.view, generator)


class ChestCases(_KeptCases):
    """Chests, or parts of them, for a 3D network."""

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, Targets]:
        """Return inputs ``(N, C, D, H, W)``, and labels, cells, and what is known.

        A part of a chest is called what it shows.

        Raises
        ------
        ValueError
            Parts are wanted of a case of which nobody has drawn what it shows.
        """
        seen = [self.cases[index].prepared() for index in chosen]
        label = self.labels(chosen)
        if self.settings.parts:
            self._require_drawn(seen, chosen)
            size = drawn_size(self.settings.parts, generator)
            parts = [self._parts(each, size, generator) for each in seen]
        else:
            field = self.field(seen)
            parts = [[placed(each, field)] for each in seen]
        drawn = [self.changed(each, generator) for each in parts]
        hu, labels = (torch.cat(each) for each in zip(*drawn, strict=True))
        inputs = chest_input(hu, labels >= SIDE, self.settings.view.windows_hu)
        truth = labels & KIND
        if self.settings.parts:
            label = (truth > 0).flatten(1).any(dim=1).float()
            known = torch.ones_like(label)
        else:
            known = _known(seen, label)
        return inputs, (label, cells_of(truth), known)

    def _parts(
        self, seen: Prepared, wanted: Parts, generator: torch.Generator
    ) -> list[Prepared]:
        """Return parts of a chest; some get a small finding of another one."""
        parts = drawn_parts(seen, wanted.size, wanted.of_each, generator)
        share = self.settings.augmentation.pasted
        if not share or not self._patches:
            return parts
        gets_one = torch.rand(len(parts), generator=generator) < share
        return [
            pasted(part, self._patches, generator) if gets else part
            for part, gets in zip(parts, gets_one, strict=True)
        ]

    @cached_property
    def _patches(self) -> Patches:
        return patches_of(kept.prepared() for kept in self.cases)

    def _require_drawn(self, seen: Sequence[Prepared], chosen: Sequence[int]) -> None:
        for index, each in zip(chosen, seen, strict=True):
            case = self.cases[index].case
            if case.is_positive and not each.truth.any():
                raise ValueError(
                    f"{case.name}: nobody has drawn what it shows, so it cannot be "
                    "learned from in parts: leave out parts in the settings"
                )


class SliceCases(_KeptCases):
    """A few axial slices of each study for the slice network."""

    def batch(
        self, chosen: Sequence[int], generator: torch.Generator
    ) -> tuple[Tensor, Targets]:
        """Return inputs ``(N, S, C, H, W)``, and labels, cells, and what is known."""
        seen = [self.cases[index].prepared() for index in chosen]
        _, height, width = self.field(seen)
        drawn = [self._slices(each, (height, width), generator) for each in seen]
        hu, labels = (torch.stack(each) for each in zip(*drawn, strict=True))
        inputs = slice_input(hu, self.settings.view.windows_hu)
        label = self.labels(chosen)
        return inputs, (label, plane_cells_of(labels & KIND), _known(seen, label))

    def _slices(
        self, seen: Prepared, size: tuple[int, int], generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return the slices that are read this time, ``(S, *size)`` each.

        They are changed within their planes, all alike.
        """
        shown = torch.from_numpy(seen.truth.any(axis=(1, 2)).astype(np.float32))
        taken = drawn_slices(shown, self.settings.slices, generator).numpy()
        read = Prepared(seen.hu[taken], seen.labels[taken], seen.affine)
        chest = placed(read, (len(taken), *size))
        planes = [
            Prepared(chest.hu[n : n + 1], chest.labels[n : n + 1], chest.affine)
            for n in range(len(taken))
        ]
        hu, labels = self.changed(planes, generator)
        return hu[:, 0], labels[:, 0]


def drawn_slices(shown: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return the indices of slices, one at random of each of ``count`` equal parts.

    Where something is known to be shown and none of them shows it, one at random is
    replaced by one that does: the study would else be called positive for nothing.

    Parameters
    ----------
    shown
        ``(D,)``, 1 for slices that are known to show something.
    """
    edges = torch.linspace(0, len(shown), count + 1)
    part = edges[:-1] + torch.rand(count, generator=generator) * edges.diff()
    taken = part.long().clamp(max=len(shown) - 1)
    showing = shown.nonzero()[:, 0]
    if len(showing) and not shown[taken].any():
        which = torch.randint(count, (), generator=generator)
        taken[which] = showing[torch.randint(len(showing), (), generator=generator)]
    return taken.sort().values


def _known(seen: Sequence[Prepared], label: Tensor) -> Tensor:
    """Return 1 where it is known what is where: drawn, or nothing anywhere."""
    drawn = torch.tensor([float(each.truth.any()) for each in seen])
    return torch.maximum(drawn, 1 - label)
