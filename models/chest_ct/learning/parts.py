"""Parts of a chest to learn from: around what is drawn, and anywhere in the lungs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from models.chest_ct.cases.cache import DRAWN, Kept
from models.chest_ct.preprocess import Prepared, Shape, placed
from models.chest_ct.settings import ChestSettings

AT_FINDING = 0.8
"""Chance that a part of a chest with findings is taken around one of them. Kinds are
drawn alike, so that a nodule is seen as often as a lobe."""

ASIDE = 0.3
"""How far from the middle of the part its place may come to lie, of its edges."""


def drawn_part(seen: Prepared, part: Shape, generator: torch.Generator) -> Prepared:
    """Return a part of a chest, another one each time.

    Parameters
    ----------
    part
        ``(D, H, W)`` points; where it reaches beyond the chest, it is filled.
    """
    truth = seen.truth
    kinds = np.unique(truth[truth > 0])
    if len(kinds) and _uniform(generator) < AT_FINDING:
        place = _some_place(truth == kinds[_chosen(len(kinds), generator)], generator)
    else:
        place = _some_place(seen.lungs, generator)
    shift = [
        edge // 2 - at - (edge - size) // 2 + _aside(edge, generator)
        for at, edge, size in zip(place, part, seen.hu.shape, strict=True)
    ]
    return placed(seen, part, (shift[0], shift[1], shift[2]))


def whole_where_undrawn(
    settings: ChestSettings, cases: Sequence[Kept]
) -> ChestSettings:
    """Return settings of whole chests where a finding is known of, and not its place.

    What a part of such a study shows is known to nobody. A step still learns from as
    many cases, half of them at a time: a whole chest takes the memory of several parts.
    """
    if settings.part is None or all(
        kept.facts().get(DRAWN) for kept in cases if kept.case.is_positive
    ):
        return settings
    loop = settings.loop
    if loop.batch % 2 == 0:
        halved = {"batch": loop.batch // 2, "accumulate": 2 * loop.accumulate}
        loop = loop.model_copy(update=halved)
    return settings.model_copy(update={"part": None, "loop": loop})


def _some_place(mask: npt.NDArray[np.bool_], generator: torch.Generator) -> list[int]:
    places = np.flatnonzero(mask)
    place = places[_chosen(len(places), generator)]
    return [int(each) for each in np.unravel_index(place, mask.shape)]


def _aside(edge: int, generator: torch.Generator) -> int:
    return round((2 * _uniform(generator) - 1) * ASIDE * edge)


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))


def _chosen(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))
