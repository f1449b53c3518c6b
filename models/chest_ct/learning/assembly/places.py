"""From which chance on a place is told, by kind: so that those that are told are right.

The maps of evidence of held-out cases are cut at each of `LEVELS`; cells that touch
make one place, as in service, and it is right where it reaches a cell in which the
kind is known to be. Only cases that are called positive count: in others no place is
told. In service the mean of several networks is cut, which is calmer than each alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from models.chest_ct.build import load_network
from models.chest_ct.cases.cache import Kept
from models.chest_ct.cases.journal import Journal
from models.chest_ct.cases.records import Record
from models.chest_ct.kinds import Kind
from models.chest_ct.learning.loss import cells_of
from models.chest_ct.locate import WHOLE_NEIGHBOURHOOD
from models.chest_ct.preprocess import Prepared, View, field_of, placed
from models.chest_ct.reading import read_chest

LEVELS = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Chances that are tried."""

FEWEST_TOLD = 5
"""Places that must be told for their precision to mean anything."""

Counts = dict[str, list[list[int]]]
"""Name of a kind → ``[told, right]`` at each of `LEVELS`."""

Told = Callable[[int, int], None]


def count_places(
    records: Sequence[Record],
    cases: Mapping[str, Kept],
    called: Iterable[str],
    folder: Path,
    told: Told | None = None,
) -> list[Counts]:
    """Return the counts of every held-out case that is called positive.

    Parameters
    ----------
    cases
        By name, for the 3D networks' view.
    called
        Names of the cases that are called positive.
    folder
        Where the counts are kept: a broken-off run goes on from there.
    """
    wanted = set(called)
    found: list[Counts] = []
    for record in records:
        names = [score.name for score in record.validation if score.name in wanted]
        path = folder / f"{record.name}.places.jsonl"
        journal = Journal(path, {"network": record.sha256})
        _fill(journal, record, [cases[name] for name in names], told)
        found += [journal.found[name]["places"] for name in names]
    return found


def least_chances(counts: Sequence[Counts], precision: float) -> dict[str, float]:
    """Return the lowest chance at which enough of the told places are right.

    Returns
    -------
    dict
        Name of a kind, in small letters → chance. A kind that never comes to the
        precision is absent: its places are not told.
    """
    chosen = {}
    for kind in Kind:
        total = sum(
            (np.array(each[kind.name]) for each in counts),
            start=np.zeros((len(LEVELS), 2), int),
        )
        for level, (told, right) in zip(LEVELS, total, strict=True):
            if told >= FEWEST_TOLD and right >= precision * told:
                chosen[kind.name.lower()] = level
                break
    return chosen


def counts_of(
    chances: npt.NDArray[np.floating], truth: npt.NDArray[np.bool_]
) -> list[list[int]]:
    """Return how many places are told at each level, and how many of them are right.

    Parameters
    ----------
    chances, truth
        ``(D, H, W)`` of one kind.
    """
    found = []
    for level in LEVELS:
        pieces, told = ndimage.label(chances >= level, WHOLE_NEIGHBOURHOOD)
        right = np.setdiff1d(pieces[truth], [0]).size
        found.append([int(told), int(right)])
    return found


def _fill(
    journal: Journal, record: Record, cases: Sequence[Kept], told: Told | None
) -> None:
    missing = [kept for kept in cases if kept.case.name not in journal.found]
    if not missing:
        return
    network = load_network(record.settings, record.weights, record.sha256)
    for number, kept in enumerate(missing, start=1):
        counts = _counts(network, kept.prepared(), record.settings.view)
        journal.add(kept.case.name, {"places": counts})
        if told is not None:
            told(number, len(missing))


def _counts(network: Any, prepared: Prepared, view: View) -> Counts:
    d, h, w = prepared.hu.shape
    chest = placed(prepared, field_of((d, h, w)))
    truth = cells_of(torch.from_numpy(chest.truth)[None])[0].numpy() > 0
    evidence = read_chest(network, prepared, view).evidence
    if evidence is None:
        raise ValueError("the 3D network does not say where: no bundle is made of it")
    return {
        kind.name: counts_of(evidence.chances[kind - 1], truth[kind - 1])
        for kind in Kind
    }
