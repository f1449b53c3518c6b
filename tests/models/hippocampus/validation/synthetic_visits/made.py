"""Pairs whose reader has known faults, in arithmetic: no image is read."""

from __future__ import annotations

import numpy as np

from models.hippocampus.findings import STRUCTURES
from models.hippocampus.interpretation.progression.noise import Noise, Spread
from models.hippocampus.validation.synthetic_visits.trial import Pair

NOISE = Noise({s.name: Spread(1.0, 0.9, 1.1) for s in STRUCTURES}, 43, 29, 12)
"""One per cent of the volume, of every structure."""


def made_pairs(
    response: float = 1.0,
    noise_percent: float = 1.0,
    count: int = 400,
) -> list[Pair]:
    """Return pairs of 100 subjects; changes are seen in part and with noise."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        years, rate = rng.uniform(0.5, 5), rng.uniform(-8, 2)
        noise = rng.normal(0, noise_percent / 100 * np.sqrt(2))
        seen = response * years * np.log1p(rate / 100) + noise
        measured = 100 * np.expm1(seen / years)
        found += [
            Pair(number, "c", number % 100, s.name, years, rate, measured)
            for s in STRUCTURES
        ]
    return found
