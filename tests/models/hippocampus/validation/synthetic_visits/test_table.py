"""The pairs in a file, the table on the terminal, the goals in words."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

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
    """With both margins, so that coverage can be counted again."""
    found = judged(made_pairs(count=40), NOISE)

    write_pairs(tmp_path / "new" / "pairs.csv", found)

    with (tmp_path / "new" / "pairs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 3 * 40
    covered = [abs(float(row["error"])) <= float(row["margin"]) for row in rows]
    assert covered == [one.covered for one in found]


def test_the_table_fits_a_terminal() -> None:
    """Eighty columns, and whole per cents in coverage."""
    shown = list(lines(summaries(judged(made_pairs(0.9, 0.05), NOISE))))

    assert len(shown) == 1 + 3 * (1 + 1 + 3 + 3)
    assert max(map(len, shown)) <= 80
    assert "mean error" in shown[0]


def test_too_few_persons_have_no_interval() -> None:
    """Three of them: the figures stand alone."""
    few = [replace(p, subject=p.subject % 3) for p in made_pairs(count=60)]

    shown = list(lines(summaries(judged(few, NOISE))))

    assert not [line for line in shown if "nan" in line or "(" in line]


def test_covered_means_within_the_margin() -> None:
    """Its edge counts."""
    one = Judged(Pair(0, "c", 1, "Hippocampus", 1, -2.0, -1.0), 0.99, 1.0)

    assert one.covered
    assert not one.covered_by_noise
    assert not replace(one, margin=0.99).covered


@pytest.mark.parametrize(("response", "missed"), [(1.0, 0), (0.7, 2)])
def test_the_goals_of_the_plan_are_judged_in_words(
    response: float, missed: int
) -> None:
    """What is not met is said, beside what is."""
    found = summaries(judged(made_pairs(response), NOISE))

    said = list(goals(found[-1]))

    assert [line.startswith("Hippocampus: ") for line in said] == [True] * 4
    assert sum("not met" in line for line in said) >= missed
    assert ("not met" in said[-1]) == (missed > 0)
