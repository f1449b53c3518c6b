"""Made pairs against the intervals that a report would print.

An interval holds the noise of two readings (``validation/retest``) and what the
network makes wrong of the change itself, its response. The response can only be
measured where the change is known, on pairs like these; so that no pair sets its own
interval, subjects are dealt into two halves, and each half is judged by the response
of the other: other persons, other draws.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize

from models.hippocampus.findings import STRUCTURES
from models.hippocampus.interpretation.progression.change import margin
from models.hippocampus.interpretation.progression.noise import Noise
from models.hippocampus.interpretation.progression.response import Following, Response
from models.hippocampus.validation.synthetic_visits.trial import Pair
from models.training.metrics import bootstrap_mean

Interval = Mapping[str, float]
"""``mean``, ``low``, ``high``: 95 % over subjects."""

FEWEST_PAIRS = 5
"""Of a half, below which no response is fitted."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair and half the 95 % intervals of its measured rate, per cent per year.

    Attributes
    ----------
    noise_margin
        Of the noise alone, as a bundle without a response prints it.
    margin
        With the response of the other half of the subjects.
    """

    pair: Pair
    noise_margin: float
    margin: float

    @property
    def covered(self) -> bool:
        """Whether the interval holds the true rate."""
        return abs(self.pair.error) <= self.margin

    @property
    def covered_by_noise(self) -> bool:
        """Whether the interval of the noise alone holds it."""
        return abs(self.pair.error) <= self.noise_margin


@dataclass(frozen=True, slots=True)
class Row:
    """What some pairs of one structure say; errors in per cent per year."""

    name: str
    pairs: int
    error: Interval
    sd: float
    covered_by_noise: float
    covered: Interval


@dataclass(frozen=True, slots=True)
class Summary:
    """One structure: all pairs first, then thirds by true change and by time."""

    structure: str
    subjects: int
    following: Following
    rows: tuple[Row, ...]


def measured_response(found: Sequence[Pair]) -> Response:
    """Return the response of every structure over all pairs."""
    return Response(
        {s.name: following(_of(found, s.name)) for s in STRUCTURES},
        len({pair.number for pair in found}),
        len({pair.subject for pair in found}),
    )


def following(found: Sequence[Pair]) -> Following:
    """Return the response of one structure: the most likely one.

    Measured changes are normal about ``response · true`` with the variance
    ``noise² + (sd · true)²``: noise is there without a change, too, and what differs
    between persons grows with it.

    Raises
    ------
    ValueError
        There are too few pairs, or the network follows no change.
    """
    if len(found) < FEWEST_PAIRS:
        raise ValueError(
            f"too few pairs to measure a response, {len(found)} in a half of the "
            "subjects: more --pairs, or data of more subjects"
        )
    true = np.array([pair.true_change for pair in found])
    seen = np.array([pair.measured_change for pair in found])
    slope = float(true @ seen / (true @ true))
    noise = max(float(np.std(seen - slope * true)), 1e-3)

    def unlikely(at: npt.NDArray[np.float64]) -> float:
        response, log_noise, sd = at
        variance = np.exp(2 * log_noise) + (sd * true) ** 2
        return float(
            np.sum(np.log(variance) + (seen - response * true) ** 2 / variance)
        )

    best = optimize.minimize(
        unlikely, [slope, np.log(noise), 0.05], method="Nelder-Mead"
    ).x
    return Following(float(best[0]), abs(float(best[2])))


def judged(found: Sequence[Pair], noise: Noise) -> list[Judged]:
    """Return each pair with its intervals, by number and structure.

    Raises
    ------
    ValueError
        There are too few pairs.
    """
    first = set(sorted({pair.subject for pair in found})[::2])
    done = []
    for structure in STRUCTURES:
        chosen = _of(found, structure.name)
        one = [pair for pair in chosen if pair.subject in first]
        two = [pair for pair in chosen if pair.subject not in first]
        for half, other in ((one, two), (two, one)):
            known, sem = following(other), noise.spreads[structure.name].sem
            for pair in half:
                unsure = known.unsure_percent(pair.measured_change)
                alone = margin(sem, pair.years)
                done.append(Judged(pair, alone, margin(sem, pair.years, unsure)))
    order = [structure.name for structure in STRUCTURES]
    return sorted(done, key=lambda x: (x.pair.number, order.index(x.pair.structure)))


def summaries(found: Sequence[Judged]) -> list[Summary]:
    """Return `summarised` of every structure."""
    return [summarised(structure.name, found) for structure in STRUCTURES]


def summarised(structure: str, found: Sequence[Judged]) -> Summary:
    """Return errors, response and coverage of one structure."""
    chosen = [one for one in found if one.pair.structure == structure]
    return Summary(
        structure,
        len({one.pair.subject for one in chosen}),
        following([one.pair for one in chosen]),
        (
            _row("all", chosen),
            *_thirds(chosen, "{:+.0f} to {:+.0f} %", _percent),
            *_thirds(chosen, "{:.1f} to {:.1f} years", lambda p: p.years),
        ),
    )


def _percent(pair: Pair) -> float:
    """Return the true change over the whole time in per cent of the first volume."""
    return 100 * math.expm1(pair.true_change / 100)


def _thirds(
    found: Sequence[Judged], name: str, value: Callable[[Pair], float]
) -> Iterator[Row]:
    """Yield the rows of the lowest third of a value, the middle and the highest."""
    ordered = sorted(found, key=lambda one: value(one.pair))
    for third in np.array_split(np.arange(len(ordered)), 3):
        chosen = [ordered[index] for index in third]
        ends = value(chosen[0].pair), value(chosen[-1].pair)
        yield _row(name.format(*ends), chosen)


def _row(name: str, found: Sequence[Judged]) -> Row:
    errors = [one.pair.error for one in found]
    return Row(
        name,
        len(found),
        _by_subject(found, errors),
        float(np.std(errors, ddof=1)),
        float(np.mean([one.covered_by_noise for one in found])),
        _share(found, [float(one.covered) for one in found]),
    )


def _by_subject(found: Sequence[Judged], values: Sequence[float]) -> Interval:
    """Return the mean with its interval; pairs of one subject are drawn together."""
    subjects: dict[str, list[float]] = defaultdict(list)
    for one, value in zip(found, values, strict=True):
        subjects[str(one.pair.subject)].append(value)
    return bootstrap_mean(subjects)


def _share(found: Sequence[Judged], values: Sequence[float]) -> Interval:
    """Return the share of ones with its interval; all or none is no certainty.

    Draws of equal subjects are equal, so the bound is then exact: the share that n
    subjects would show all alike once in forty times.
    """
    share = dict(_by_subject(found, values))
    rare = 0.025 ** (1 / len({one.pair.subject for one in found}))
    if share["mean"] == 1:
        share["low"] = rare
    elif share["mean"] == 0:
        share["high"] = 1 - rare
    return share


def _of(found: Sequence[Pair], structure: str) -> list[Pair]:
    return [pair for pair in found if pair.structure == structure]
