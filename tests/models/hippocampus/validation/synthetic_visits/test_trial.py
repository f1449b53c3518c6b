"""Judging pairs: readers with known faults get the verdict they deserve."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.hippocampus.findings import STRUCTURES
from models.hippocampus.interpretation.progression.noise import Noise, Spread
from models.hippocampus.learning.dataset import Case
from models.hippocampus.phantom_image import phantom
from models.hippocampus.preprocess import FloatVolume, normalise
from models.hippocampus.validation.synthetic_visits.table import (
    lines,
    verdict,
    write_pairs,
)
from models.hippocampus.validation.synthetic_visits.trial import Pair, pairs, summarise
from models.hippocampus.validation.volumes import Volumes

NOISE = Noise({s.name: Spread(1.0, 0.9, 1.1) for s in STRUCTURES}, 43, 29, 12)


def blind(image: FloatVolume) -> Volumes:
    """Read every image alike: no change is ever seen."""
    return {structure.name: 3000.0 for structure in STRUCTURES}


def build_pairs(
    response: float = 1.0, noise_percent: float = 1.0, count: int = 400
) -> list[Pair]:
    """Return pairs whose logarithms are seen in part and with noise."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        years, rate = rng.uniform(0.5, 5), rng.uniform(-8, 2)
        noise = rng.normal(0, noise_percent / 100 * np.sqrt(2))
        seen = response * years * np.log1p(rate / 100) + noise
        measured = 100 * np.expm1(seen / years)
        margin = 1.96 * np.sqrt(2) / years
        found.append(Pair(number, "c", 1, "Hippocampus", years, rate, measured, margin))
    return found


def test_honest_noise_is_covered() -> None:
    """Nineteen of twenty, with no error on average and the whole response."""
    summary = summarise(build_pairs(), "Hippocampus")

    assert 0.92 < summary.coverage < 0.98
    assert abs(summary.mean_error) < 0.1
    assert summary.response == pytest.approx(1, abs=0.03)


def test_noise_that_was_underestimated_is_seen() -> None:
    """Twice the noise that the interval knows of."""
    assert summarise(build_pairs(noise_percent=2), "Hippocampus").coverage < 0.75


def test_a_change_that_is_seen_in_part_is_seen() -> None:
    """Four fifths of a change: a loss is understated."""
    summary = summarise(build_pairs(response=0.8), "Hippocampus")

    assert summary.response == pytest.approx(0.8, abs=0.03)
    assert summary.mean_error > 0.4


def test_pairs_of_phantoms_are_made_read_and_written(tmp_path: Path) -> None:
    """The same seed makes the same pairs; the file holds a row per structure."""
    image, labels = phantom(1)
    case = Case("phantom_001", 1, normalise(image), labels)

    found = list(pairs([(case, blind)], NOISE, 1))
    again = list(pairs([(case, blind)], NOISE, 1))
    assert write_pairs(tmp_path / "pairs.csv", found) == found

    assert found == again
    assert all(pair.measured_rate == 0 for pair in found)
    assert all(-8.5 < pair.true_rate < 2.5 for pair in found)
    with (tmp_path / "pairs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["structure"] for row in rows] == [s.name for s in STRUCTURES]
    assert float(rows[0]["error"]) == pytest.approx(found[0].error, abs=1e-3)


def test_the_table_fits_a_terminal() -> None:
    """Eighty columns, the head above its numbers."""
    shown = list(lines([summarise(build_pairs(), "Hippocampus")]))

    assert len({len(line) for line in shown}) == 1
    assert len(shown[0]) <= 80


def test_covered_means_within_the_margin() -> None:
    """Its edge counts."""
    pair = Pair(0, "c", 1, "Hippocampus", 1, -2.0, -1.0, 1.0)

    assert pair.covered
    assert not replace(pair, margin=0.99).covered


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (
            1.0,
            "|mean error| <= 0.3 met; coverage 90-98 % met; response 0.9-1.1 met",
        ),
        (
            0.8,
            (
                "|mean error| <= 0.3 not met; coverage 90-98 % not met; "
                "response 0.9-1.1 not met"
            ),
        ),
    ],
)
def test_the_goals_of_the_plan_are_judged_in_words(
    response: float, expected: str
) -> None:
    """What is not met is said, beside what is."""
    assert verdict(summarise(build_pairs(response), "Hippocampus")) == expected
