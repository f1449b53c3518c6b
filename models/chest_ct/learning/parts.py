"""Parts of a chest to learn from: around what is drawn, and anywhere in the lungs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from models.chest_ct.cases.cache import DRAWN, Kept
from models.chest_ct.preprocess import Prepared, Shape, placed
from models.chest_ct.settings import ChestSettings, Parts

AT_FINDING = 0.8
"""Chance that a part of a chest with findings is taken around one of them. Kinds are
drawn alike, so that a nodule is seen as often as a lobe."""

ASIDE = 0.3
"""How far from the middle of the part its place may come to lie, of its edges."""


def drawn_size(sizes: Sequence[Parts], generator: torch.Generator) -> Parts:
    """Return one of several, by their weights."""
    weights = torch.tensor([each.weight for each in sizes])
    return sizes[int(torch.multinomial(weights, 1, generator=generator))]


def drawn_parts(
    seen: Prepared, part: Shape, count: int, generator: torch.Generator
) -> list[Prepared]:
    """Return parts of a chest, others each time.

    Parameters
    ----------
    part
        ``(D, H, W)`` points; where it reaches beyond the chest, it is filled.
    """
    findings = _findings(seen)
    lungs = np.flatnonzero(seen.lungs)
    drawn = []
    for _ in range(count):
        places = lungs
        if findings and _uniform(generator) < AT_FINDING:
            places = findings[_chosen(len(findings), generator)]
        place = places[_chosen(len(places), generator)]
        drawn.append(_around(seen, int(place), part, generator))
    return drawn


def whole_where_undrawn(
    settings: ChestSettings, cases: Sequence[Kept]
) -> ChestSettings:
    """Return settings of whole chests where a finding is known of, and not its place.

    What a part of such a study shows is known to nobody. A step still learns from as
    many cases, half of them at a time: a whole chest takes the memory of several parts.
    """
    if not settings.parts or all(
        kept.facts().get(DRAWN) for kept in cases if kept.case.is_positive
    ):
        return settings
    loop = settings.loop
    if loop.batch % 2 == 0:
        halved = {"batch": loop.batch // 2, "accumulate": 2 * loop.accumulate}
        loop = loop.model_copy(update=halved)
    return settings.model_copy(update={"parts": (), "loop": loop})


def _findings(seen: Prepared) -> list[npt.NDArray[np.intp]]:
    """Return the places of each kind that is there, as numbers of flat points."""
    truth = seen.truth.ravel()
    places = np.flatnonzero(truth)
    kinds = truth[places]
    return [places[kinds == kind] for kind in np.unique(kinds)]


def _around(
    seen: Prepared, place: int, part: Shape, generator: torch.Generator
) -> Prepared:
    """Return the part with a place about its middle."""
    shift = [
        edge // 2 - int(at) - (edge - size) // 2 + _aside(edge, generator)
        for at, edge, size in zip(
            np.unravel_index(place, seen.hu.shape), part, seen.hu.shape, strict=True
        )
    ]
    return placed(seen, part, (shift[0], shift[1], shift[2]))


def _aside(edge: int, generator: torch.Generator) -> int:
    return round((2 * _uniform(generator) - 1) * ASIDE * edge)


def _uniform(generator: torch.Generator) -> float:
    return float(torch.rand((), generator=generator))


def _chosen(count: int, generator: torch.Generator) -> int:
    return int(torch.randint(count, (), generator=generator))
