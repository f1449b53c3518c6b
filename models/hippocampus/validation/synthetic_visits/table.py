"""Pairs and their summary, in a file and on the terminal."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from models.hippocampus.validation.synthetic_visits.judgement import (
    Interval,
    Judged,
    Row,
    Summary,
)

DIGITS = 4
"""Of every number in the file."""

HEAD = f"{'':23} {'pairs':>5} {'mean error, %/year':>22} {'SD':>5} {'coverage':>14}"


def write_pairs(path: Path, found: Sequence[Judged]) -> None:
    """Write one row per structure and pair as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [_cells(one) for one in found]
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def _cells(one: Judged) -> dict[str, object]:
    cells = asdict(one.pair) | {
        "error": one.pair.error,
        "margin": one.margin,
        "covered": int(one.covered),
    }
    return {
        name: round(value, DIGITS) if isinstance(value, float) else value
        for name, value in cells.items()
    }


def lines(found: Sequence[Summary]) -> Iterator[str]:
    """Yield the lines of the table; intervals are 95 % over subjects."""
    yield HEAD
    for summary in found:
        yield (
            f"{summary.structure}: {summary.subjects} subjects, "
            f"response {summary.response:.2f}"
        )
        for row in summary.rows:
            yield _line(row)


def _line(row: Row) -> str:
    error = f"{row.error['mean']:+.2f} {_interval(row.error, '+.2f')}"
    coverage = f"{row.covered['mean']:.0%} {_interval(row.covered, '.0%')}"
    return f"  {row.name:21} {row.pairs:5} {error:>22} {row.sd:5.2f} {coverage:>14}"


def _interval(found: Interval, digits: str) -> str:
    """Return the interval in brackets; "" where too few subjects give none."""
    if math.isnan(found["low"] + found["high"]):
        return ""
    low, high = (f"{found[end]:{digits}}" for end in ("low", "high"))
    if high.endswith("%"):
        return f"({low[:-1]}-{high[:-1]})"
    return f"({low} to {high})"


def goals(found: Sequence[Summary]) -> Iterator[str]:
    """Yield a line for each goal of docs/validation_plan.md: met, or not met."""
    for summary in found:
        everything, *thirds = summary.rows
        goals = {
            "|mean error| at most 0.3 % per year": abs(everything.error["mean"]) <= 0.3,
            "coverage 90 to 98 %": 0.90 <= everything.covered["mean"] <= 0.98,
            "coverage of every third 90 % or more": all(
                row.covered["mean"] >= 0.90 for row in thirds
            ),
        }
        for goal, is_met in goals.items():
            yield f"{summary.structure}: {goal}: {'met' if is_met else 'not met'}"
