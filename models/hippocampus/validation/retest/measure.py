"""Read every held-out case again and again, and say how much the readings vary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np

from models.hippocampus.findings import STRUCTURES
from models.hippocampus.interpretation.progression.noise import Noise
from models.hippocampus.learning.cases import Case
from models.hippocampus.validation.retest.rescan import Rescan, rescan
from models.hippocampus.validation.retest.sem import spread
from models.hippocampus.validation.volumes import Read

REPEATS = 12
"""Readings of each case: its own variance is then known to a factor of 1.5, and the
pooled one of 200 cases to 2 %."""


def measure_noise(
    held_out: Iterable[tuple[Case, Read]],
    repeats: int = REPEATS,
    seed: int = 0,
    how: Rescan | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> Noise:
    """Return the SEM of every structure.

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
        There is no case, or one is read as empty.
    """
    found: dict[str, dict[str, list[list[float]]]] = {
        structure.name: defaultdict(list) for structure in STRUCTURES
    }
    cases = 0
    for case, read in held_out:
        volumes = _readings(case, read, repeats, seed, how)
        for name, values in volumes.items():
            found[name][str(case.subject)].append(values)
        cases += 1
        told(case.name)
    if not cases:
        raise ValueError("no held-out case to read again")
    return Noise(
        {name: spread(readings, seed) for name, readings in found.items()},
        cases,
        len(found[STRUCTURES[0].name]),
        repeats,
    )


def _readings(
    case: Case, read: Read, repeats: int, seed: int, how: Rescan | None
) -> dict[str, list[float]]:
    """Return the volumes of one case by structure, ``repeats`` of each."""
    rng = np.random.default_rng([seed, *case.name.encode()])
    readings = [read(rescan(case.image, case.labels, rng, how)) for _ in range(repeats)]
    return {s.name: [reading[s.name] for reading in readings] for s in STRUCTURES}
