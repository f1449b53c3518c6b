"""Many pairs of visits with a known change, and what is read of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from models.hippocampus.cases.data import Case
from models.hippocampus.findings import STRUCTURES
from models.hippocampus.interpretation.progression.change import annual_change
from models.hippocampus.validation.readers import Read
from models.hippocampus.validation.synthetic_visits.acquisition import acquire
from models.hippocampus.validation.synthetic_visits.atrophy import atrophy
from models.over_processes import over_processes

RATES = (-8.0, 2.0)
"""True change of the whole hippocampus, per cent per year: fast disease to growth."""

YEARS = (0.5, 5.0)
"""Between the visits."""


class Skipped(NamedTuple):
    """A case of which no pair was made, and why."""

    case: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One structure of one pair of visits.

    Attributes
    ----------
    true_rate, measured_rate
        In per cent per year, from the warp and from the two readings.
    """

    number: int
    case: str
    subject: int
    structure: str
    years: float
    true_rate: float
    measured_rate: float

    @property
    def error(self) -> float:
        """Measured less true, per cent per year."""
        return self.measured_rate - self.true_rate

    @property
    def true_change(self) -> float:
        """100 times the logarithm of the true ratio of the volumes."""
        return 100 * self.years * float(np.log1p(self.true_rate / 100))

    @property
    def measured_change(self) -> float:
        """100 times the logarithm of the measured ratio of the volumes."""
        return 100 * self.years * float(np.log1p(self.measured_rate / 100))


def pairs(
    held_out: Sequence[tuple[Case, Read]],
    count: int,
    seed: int = 0,
    processes: int = 1,
) -> Iterator[list[Pair] | Skipped]:
    """Yield the structures of each pair, or why there is none.

    Parameters
    ----------
    held_out
        Each case with what reads it: a network that never saw its subject.
    count
        Pairs, spread evenly over all cases: no fold is left out for being the last.
    seed
        With the number of the pair it makes the draws.
    """
    cases = len(held_out)
    turns = [(number, *held_out[number * cases // count]) for number in range(count)]
    yield from over_processes(partial(_pair, seed=seed), turns, processes)


def _pair(turn: tuple[int, Case, Read], seed: int) -> list[Pair] | Skipped:
    """Make and read one pair; none of a case that no warp fits or nobody finds."""
    try:
        return _made(*turn, seed)
    except ValueError as error:
        return Skipped(turn[1].name, str(error))


def _made(number: int, case: Case, read: Read, seed: int) -> list[Pair]:
    rng = np.random.default_rng([seed, number])
    rate, years = float(rng.uniform(*RATES)), float(rng.uniform(*YEARS))
    warp = atrophy(case.labels, (1 + rate / 100) ** years)
    then = read(acquire(case.image, None, rng))
    now = read(acquire(case.image, warp.field, rng))
    return [
        Pair(
            number,
            case.name,
            case.subject,
            name,
            years,
            annual_change(1, warp.ratios[name], years),
            annual_change(then[name], now[name], years),
        )
        for name in (structure.name for structure in STRUCTURES)
    ]
