"""Small findings, put into other places of other chests.

A few hundred studies hold a few hundred nodules, each in one surrounding only, and a
network that sees them again and again learns the surroundings. Put elsewhere, they are
told by what they are themselves (Ghiasi et al. 2021, "Simple copy-paste is a strong
data augmentation method"). The prepared chests share one point spread, so what is
denser at each point is what would be seen there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from models.chest_ct.kinds import Kind
from models.chest_ct.preprocess import KIND, SIDE, Prepared

PASTED = (Kind.NODULE, Kind.CONSOLIDATION)
"""The kinds that are like something else in a lung, and may lie anywhere in it. Of
ground-glass a network sees enough where it is: it is spread, and like nothing else."""

LARGEST = (12, 20, 20)
"""Points ``(d, h, w)`` of what is still small, its border included: 3 cm about."""

SEEN_HU = 100
"""By how much a point becomes denser where something is seen to have come."""

FEWEST_SEEN = 0.5
"""Share of a finding that has to be seen where it is put."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A small finding with its border.

    Attributes
    ----------
    hu
        ``(d, h, w)`` int16.
    mask
        ``(d, h, w)``, the finding.
    border
        ``(d, h, w)``, the finding and what it blurs into.
    """

    kind: Kind
    hu: npt.NDArray[np.int16]
    mask: npt.NDArray[np.bool_]
    border: npt.NDArray[np.bool_]


Patches = list[list[Patch]]
"""Those of each kind of which there are any."""


def patches_of(chests: Iterable[Prepared]) -> Patches:
    """Return the small findings of chests whose findings are drawn."""
    patches = [patch for chest in chests for patch in _patches(chest)]
    each = ([patch for patch in patches if patch.kind == kind] for kind in PASTED)
    return [alike for alike in each if alike]


def pasted(part: Prepared, patches: Patches, generator: torch.Generator) -> Prepared:
    """Return a part of a chest with one of the findings in its lungs.

    Kinds come equally often. The part is returned as it is where the finding would not
    be seen.
    """
    alike = patches[_below(len(patches), generator)]
    patch = _turned(alike[_below(len(alike), generator)], generator)
    lungs = np.flatnonzero(part.lungs)
    if not len(lungs):
        return part
    place = int(lungs[_below(len(lungs), generator)])
    box = _box(np.unravel_index(place, part.hu.shape), patch.hu.shape, part.hu.shape)
    if box is None:
        return part
    there = part.hu[box]
    denser = np.where(patch.border, np.maximum(there, patch.hu), there)
    if ((denser - there)[patch.mask] > SEEN_HU).mean() < FEWEST_SEEN:
        return part
    hu, labels = part.hu.copy(), part.labels.copy()
    hu[box] = denser
    is_free = patch.mask & (labels[box] & KIND == 0)
    labels[box][is_free] += np.uint8(patch.kind)
    return Prepared(hu, labels, part.affine)


def _patches(chest: Prepared) -> Iterator[Patch]:
    truth = chest.truth
    for kind in PASTED:
        pieces, _ = ndimage.label(truth == kind)
        for number, box in enumerate(ndimage.find_objects(pieces), start=1):
            wide = _widened(box, truth.shape)
            edges = (side.stop - side.start for side in wide)
            if any(e > most for e, most in zip(edges, LARGEST, strict=True)):
                continue
            mask = pieces[wide] == number
            around = ndimage.binary_dilation(mask) & (chest.labels[wide] >= SIDE)
            yield Patch(kind, chest.hu[wide].copy(), mask, mask | around)


def _widened(box: tuple[slice, ...], shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(
        slice(max(0, side.start - 1), min(size, side.stop + 1))
        for side, size in zip(box, shape, strict=True)
    )


def _turned(patch: Patch, generator: torch.Generator) -> Patch:
    """Return it mirrored along some axes, and turned about that of the body."""
    axes = tuple(axis for axis in range(3) if _below(2, generator))
    turns = _below(4, generator)
    return Patch(
        patch.kind,
        np.rot90(np.flip(patch.hu, axes), turns, (1, 2)),
        np.rot90(np.flip(patch.mask, axes), turns, (1, 2)),
        np.rot90(np.flip(patch.border, axes), turns, (1, 2)),
    )


def _box(
    place: Iterable[np.intp], size: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[slice, ...] | None:
    """Return where an array lies about a place, moved so that all of it is inside."""
    if any(edge > within for edge, within in zip(size, shape, strict=True)):
        return None
    starts = (
        min(max(0, int(at) - edge // 2), within - edge)
        for at, edge, within in zip(place, size, shape, strict=True)
    )
    return tuple(
        slice(start, start + edge) for start, edge in zip(starts, size, strict=True)
    )


def _below(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))
