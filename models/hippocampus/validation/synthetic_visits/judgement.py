"""Made pairs against the intervals that a report prints: those of the noise alone.

How much of a change is measured, the response, is an observation beside them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.hippocampus.findings import STRUCTURES
from models.hippocampus.interpretation.progression.change import interval, margin
from models.hippocampus.interpretation.progression.noise import Noise
from models.hippocampus.interpretation.progression.response import Response
from models.hippocampus.validation.synthetic_visits.trial import Pair
from models.training.metrics import bootstrap_mean

Interval = Mapping[str, float]
"""``mean``, ``low``, ``high``: 95 % over subjects."""

FEWEST_PAIRS = 100
"""Below which a response is printed, and not written into a bundle."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair, and the margin of its measured rate.

    Attributes
    ----------
    margin
        Of the noise: half the 95 % interval of the logarithm, per cent per year.
    """

    pair: Pair
    margin: float

    @property
    def covered(self) -> bool:
        """Whether the interval holds the true rate."""
        low, high = interval(self.pair.measured_rate, self.margin)
        return low <= self.pair.true_rate <= high


@dataclass(frozen=True, slots=True)
class Row:
    """What some pairs of one structure say; errors in per cent per year."""

    name: str
    pairs: int
    error: Interval
    sd: float
    covered: Interval


@dataclass(frozen=True, slots=True)
class Summary:
    """One structure: all pairs first, then thirds by true change and by time."""

    structure: str
    subjects: int
    response: float
    rows: tuple[Row, ...]


def measured_response(found: Sequence[Pair]) -> Response | None:
    """Return the response of every structure; None of fewer than `FEWEST_PAIRS`."""
    numbers = {pair.number for pair in found}
    if len(numbers) < FEWEST_PAIRS:
        return None
    of = {s.name: [p for p in found if p.structure == s.name] for s in STRUCTURES}
    return Response(
        {name: slope(chosen) for name, chosen in of.items()},
        len(numbers),
        len({pair.subject for pair in found}),
    )


def slope(found: Sequence[Pair]) -> float:
    """Return the slope of measured on true changes: least squares through 0."""
    true = np.array([pair.true_change for pair in found])
    seen = np.array([pair.measured_change for pair in found])
    return float(true @ seen / (true @ true))


def judged(found: Sequence[Pair], noise: Noise) -> list[Judged]:
    """Return each pair with the margin that a report would use."""
    return [
        Judged(pair, margin(noise.spreads[pair.structure].sem, pair.years))
        for pair in found
    ]


def summaries(found: Sequence[Judged]) -> list[Summary]:
    """Return `summarised` of every structure."""
    return [summarised(structure.name, found) for structure in STRUCTURES]


def summarised(structure: str, found: Sequence[Judged]) -> Summary:
    """Return errors, response and coverage of one structure."""
    chosen = [one for one in found if one.pair.structure == structure]
    return Summary(
        structure,
        len({one.pair.subject for one in chosen}),
        slope([one.pair for one in chosen]),
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
