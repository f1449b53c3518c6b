"""Many pairs of visits with a known change, read and judged against their intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.hippocampus.findings import STRUCTURES
from models.hippocampus.interpretation.progression.change import annual_change, margin
from models.hippocampus.interpretation.progression.noise import Noise
from models.hippocampus.learning.dataset import Case
from models.hippocampus.validation.synthetic_visits.acquisition import acquire
from models.hippocampus.validation.synthetic_visits.atrophy import atrophy
from models.hippocampus.validation.volumes import Read

RATES = (-8.0, 2.0)
"""True change of the whole hippocampus, per cent per year: fast disease to growth."""

YEARS = (0.5, 5.0)
"""Between the visits."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One structure of one pair of visits.

    Attributes
    ----------
    true_rate, measured_rate
        In per cent per year, from the warp and from the two readings.
    margin
        Half the 95 % interval that a report would print.
    """

    number: int
    case: str
    subject: int
    structure: str
    years: float
    true_rate: float
    measured_rate: float
    margin: float

    @property
    def error(self) -> float:
        """Measured less true, per cent per year."""
        return self.measured_rate - self.true_rate

    @property
    def covered(self) -> bool:
        """Whether the printed interval holds the true rate."""
        return abs(self.error) <= self.margin


@dataclass(frozen=True, slots=True)
class Summary:
    """What a set of pairs says of one structure; rates in per cent per year.

    Attributes
    ----------
    response
        Slope of measured on true change of the logarithm of the volume: 1 when the
        network follows a change in full.
    coverage, coverage_low, coverage_high
        Share of intervals that hold the truth, with its 95 % interval (Wilson).
    """

    structure: str
    pairs: int
    mean_error: float
    mean_absolute_error: float
    sd: float
    response: float
    coverage: float
    coverage_low: float
    coverage_high: float


def pairs(
    held_out: Sequence[tuple[Case, Read]],
    noise: Noise,
    count: int,
    seed: int = 0,
    told: Callable[[str], None] = lambda _: None,
) -> Iterator[Pair]:
    """Yield the structures of each pair; the cases take turns.

    Parameters
    ----------
    held_out
        Each case with what reads it: a network that never saw its subject.
    noise
        As the bundle states it; never of these pairs.
    seed
        With the number of the pair it makes the draws.
    """
    for number in range(count):
        case, read = held_out[number % len(held_out)]
        rng = np.random.default_rng([seed, number])
        yield from _pair(number, case, read, noise, rng)
        told(case.name)


def _pair(
    number: int, case: Case, read: Read, noise: Noise, rng: np.random.Generator
) -> Iterator[Pair]:
    rate, years = float(rng.uniform(*RATES)), float(rng.uniform(*YEARS))
    warp = atrophy(case.labels, (1 + rate / 100) ** years)
    then = read(acquire(case.image, None, rng))
    now = read(acquire(case.image, warp.field, rng))
    for name in (structure.name for structure in STRUCTURES):
        yield Pair(
            number,
            case.name,
            case.subject,
            name,
            years,
            annual_change(1, warp.ratios[name], years),
            annual_change(then[name], now[name], years),
            margin(noise.spreads[name].sem, years),
        )


def summarise(found: Sequence[Pair], structure: str) -> Summary:
    """Return errors and coverage of one structure."""
    chosen = [pair for pair in found if pair.structure == structure]
    errors = np.array([pair.error for pair in chosen])
    years = np.array([pair.years for pair in chosen])
    true = years * np.log1p(np.array([pair.true_rate for pair in chosen]) / 100)
    seen = years * np.log1p(np.array([pair.measured_rate for pair in chosen]) / 100)
    coverage = float(np.mean([pair.covered for pair in chosen]))
    low, high = wilson(coverage, len(chosen))
    return Summary(
        structure,
        len(chosen),
        float(errors.mean()),
        float(np.abs(errors).mean()),
        float(errors.std(ddof=1)),
        float(np.polyfit(true, seen, 1)[0]),
        coverage,
        low,
        high,
    )


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share that was seen in ``count`` trials.

    >>> [round(bound, 3) for bound in wilson(0.95, 200)]
    [0.91, 0.973]
    """
    z2 = 1.96**2
    middle = share + z2 / (2 * count)
    half = 1.96 * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    scale = 1 + z2 / count
    return float((middle - half) / scale), float((middle + half) / scale)
