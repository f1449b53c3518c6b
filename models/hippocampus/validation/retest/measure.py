"""Read every held-out case again and again, and say how much the readings vary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from models.hippocampus.cases.data import Case
from models.hippocampus.findings import STRUCTURES
from models.hippocampus.interpretation.progression.noise import Noise
from models.hippocampus.validation.readers import Read
from models.hippocampus.validation.retest.rescan import rescan
from models.hippocampus.validation.retest.sem import spread
from models.over_processes import over_processes

REPEATS = 12
"""Readings of each case: its own variance is then known to a factor of 1.5, and the
pooled one of 200 cases to 2 %."""


def measure_noise(
    held_out: Sequence[tuple[Case, Read]],
    repeats: int = REPEATS,
    seed: int = 0,
    told: Callable[[str], None] = lambda _: None,
    processes: int = 1,
) -> tuple[Noise, list[str]]:
    """Return the SEM of every structure, and the names of cases without one.

    A case of which a structure was not found in each reading has none.

    Parameters
    ----------
    held_out
        Each case with what reads it: a network that never saw its subject.
    seed
        With the number of the case it makes the draws: equal seeds, equal noise,
        in whatever order the cases come.
    told
        Is told the name of each case that is done.

    Raises
    ------
    ValueError
        There is no case that was read each time.
    """
    found: dict[str, dict[str, list[list[float]]]] = {
        structure.name: defaultdict(list) for structure in STRUCTURES
    }
    unread = []
    work = partial(_readings, repeats=repeats, seed=seed)
    read_again = over_processes(work, held_out, processes)
    for (case, _), volumes in zip(held_out, read_again, strict=True):
        told(case.name)
        if min(map(min, volumes.values())) <= 0:
            unread.append(case.name)
            continue
        for name, values in volumes.items():
            found[name][str(case.subject)].append(values)
    if len(unread) == len(held_out):
        raise ValueError("no held-out case to read again that is found each time")
    spreads = {name: spread(readings, seed) for name, readings in found.items()}
    subjects = len(found[STRUCTURES[0].name])
    return Noise(spreads, len(held_out) - len(unread), subjects, repeats), unread


def _readings(
    held_out: tuple[Case, Read], repeats: int, seed: int
) -> dict[str, list[float]]:
    """Return the volumes of one case by structure, ``repeats`` of each."""
    case, read = held_out
    rng = np.random.default_rng([seed, *case.name.encode()])
    readings = [read(rescan(case.image, case.labels, rng)) for _ in range(repeats)]
    return {s.name: [reading[s.name] for reading in readings] for s in STRUCTURES}
