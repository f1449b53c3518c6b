"""From which chance on a place is told, by kind: so that those that are told are right.

What counts in service is the mean of all 3D networks, which is calmer than each alone.
So it is counted on cases that none of them was trained on, which are those of the test
part: figures of places on these are no test any more. Their maps of evidence are cut at
each of `LEVELS`; cells that touch make one place, as in service, and it is right where
it reaches a cell in which the kind is known to be. Only cases that are called positive
count: in others no place is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from torch import nn

from models.chest_ct.aggregate import CNN
from models.chest_ct.build import load_network
from models.chest_ct.cases.cache import Kept
from models.chest_ct.cases.journal import Journal
from models.chest_ct.cases.records import Record
from models.chest_ct.kinds import Kind
from models.chest_ct.learning.loss import cells_of
from models.chest_ct.locate import WHOLE_NEIGHBOURHOOD
from models.chest_ct.preprocess import Prepared, View, whole
from models.chest_ct.reading import READING
from models.chest_ct.scores import fast_scores

LEVELS = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Chances that are tried."""

COUNTED = f"the likeliest kind of a cell, at {LEVELS}"
"""What the counts are of; they are kept, and other ones are not taken for them."""

FEWEST_TOLD = 5
"""Places that must be told for their precision to mean anything."""

Counts = dict[str, list[list[int]]]
"""Name of a kind → ``[told, right]`` at each of `LEVELS`."""

Told = Callable[[int, int], None]


def count_places(
    records: Sequence[Record],
    cases: Sequence[Kept],
    called: Callable[[str, float], bool],
    folder: Path,
    told: Told | None = None,
) -> list[Counts]:
    """Return the counts of every case that is called positive.

    Parameters
    ----------
    records
        Of all 3D networks; none of them was trained on any of the cases.
    called
        Of a case's name, and of what the networks say of it, whether the answer that
        is given is positive.
    folder
        Where the counts are kept: a broken-off run goes on from there.
    """
    by = {f"network {record.name}": record.sha256 for record in records}
    by |= {"data": records[0].content["data"]["sha256"], "count": COUNTED}
    by["reading"] = str(READING)
    journal = Journal(folder / "places.jsonl", by)
    _fill(journal, records, cases, told)
    found = [(kept.case.name, journal.found[kept.case.name]) for kept in cases]
    return [line["places"] for name, line in found if called(name, line["probability"])]


def least_chances(
    counts: Sequence[Counts], precisions: Sequence[float]
) -> dict[str, float]:
    """Return the lowest chance at which enough of the told places are right.

    Parameters
    ----------
    precisions
        Shares of right places that are enough: the first that a kind comes to.

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
        enough = [
            level
            for precision in precisions
            for level, (told, right) in zip(LEVELS, total, strict=True)
            if told >= FEWEST_TOLD and right >= precision * told
        ]
        if enough:
            chosen[kind.name.lower()] = enough[0]
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
    journal: Journal,
    records: Sequence[Record],
    cases: Sequence[Kept],
    told: Told | None,
) -> None:
    missing = [kept for kept in cases if kept.case.name not in journal.found]
    if not missing:
        return
    networks = [load_network(r.settings, r.weights, r.sha256) for r in records]
    for number, kept in enumerate(missing, start=1):
        line = _line(networks, kept.prepared(), records[0].settings.view)
        journal.add(kept.case.name, line)
        if told is not None:
            told(number, len(missing))


def _line(
    networks: Sequence[nn.Module], prepared: Prepared, view: View
) -> dict[str, Any]:
    chest = whole(prepared)
    truth = cells_of(torch.from_numpy(chest.truth)[None])[0].numpy() > 0
    said = fast_scores(networks, prepared, view, "fp32", "cpu")
    places = {
        kind.name: counts_of(said.evidence.of(kind), truth[kind - 1]) for kind in Kind
    }
    return {"probability": said.by_name[CNN], "places": places}
