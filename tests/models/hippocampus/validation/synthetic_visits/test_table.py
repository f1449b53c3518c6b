"""The pairs in a file, the table on the terminal, the goals in words."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from models.hippocampus.interpretation.progression.change import interval
from models.hippocampus.validation.synthetic_visits.judgement import (
    Judged,
    judged,
    summaries,
)
from models.hippocampus.validation.synthetic_visits.table import (
    goals,
    lines,
    write_pairs,
)
from models.hippocampus.validation.synthetic_visits.trial import Pair
from tests.models.hippocampus.validation.synthetic_visits.made import (
    NOISE,
    made_pairs,
)


def test_the_file_holds_a_row_per_structure_and_pair(tmp_path: Path) -> None:
    """With the margin, so that coverage can be counted again."""
    found = judged(made_pairs(count=40), NOISE)

    write_pairs(tmp_path / "new" / "pairs.csv", found)

    with (tmp_path / "new" / "pairs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 3 * 40
    for row, one in zip(rows, found, strict=True):
        low, high = interval(float(row["measured_rate"]), float(row["margin"]))
        assert (low <= float(row["true_rate"]) <= high) == one.covered


def test_the_table_fits_a_terminal() -> None:
    """Eighty columns, and whole per cents in coverage."""
    shown = list(lines(summaries(judged(made_pairs(0.9), NOISE))))

    assert len(shown) == 1 + 3 * (1 + 1 + 3 + 3)
    assert max(map(len, shown)) <= 80
    assert "mean error" in shown[0]


def test_too_few_persons_have_no_interval() -> None:
    """Three of them: the figures stand alone."""
    few = [replace(p, subject=p.subject % 3) for p in made_pairs(count=60)]

    shown = list(lines(summaries(judged(few, NOISE))))

    assert not [line for line in shown if "nan" in line or "(" in line]


def test_covered_means_within_the_ends() -> None:
    """They lie unevenly about the rate: at -40 % -45.7 and -33.7."""
    pair = Pair(0, "c", 1, "Hippocampus", 1, true_rate=-45.6, measured_rate=-40.0)

    assert Judged(pair, 10.0).covered
    assert Judged(replace(pair, true_rate=-33.8), 10.0).covered
    assert not Judged(replace(pair, true_rate=-33.6), 10.0).covered


@pytest.mark.parametrize(("response", "missed"), [(1.0, 0), (0.7, 9)])
def test_the_goals_of_the_plan_are_judged_in_words(
    response: float, missed: int
) -> None:
    """Three of every structure: what is not met is said, beside what is."""
    found = summaries(judged(made_pairs(response), NOISE))

    said = list(goals(found))

    assert [line.startswith("Hippocampus: ") for line in said[-3:]] == [True] * 3
    assert [line.rpartition(": ")[2] for line in said] == (
        ["not met" if missed else "met"] * 9
    )
