"""Pairs and their summary, in a file and on the terminal."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from models.hippocampus.validation.synthetic_visits.trial import Pair, Summary

DIGITS = 4
"""Of every number in the file."""

HEAD = (
    f"{'%/year':21} {'pairs':>5} {'mean error':>10} {'SD':>5} "
    f"{'|error|':>7} {'response':>8} {'coverage':>18}"
)


def write_pairs(path: Path, made: Iterable[Pair]) -> list[Pair]:
    """Write one row per structure and pair as CSV, each as it is made; return them.

    A run that is interrupted leaves what it had.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [*(field.name for field in fields(Pair)), "error", "covered"]
    found = []
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, names)
        table.writeheader()
        for pair in made:
            table.writerow(_row(pair))
            stream.flush()
            found.append(pair)
    return found


def _row(pair: Pair) -> dict[str, object]:
    row = asdict(pair) | {"error": pair.error, "covered": int(pair.covered)}
    return {
        name: round(value, DIGITS) if isinstance(value, float) else value
        for name, value in row.items()
    }


def lines(summaries: Sequence[Summary]) -> Iterator[str]:
    """Yield the lines of the table; rates in per cent per year."""
    yield HEAD
    for row in summaries:
        coverage = (
            f"{row.coverage:.1%} ({row.coverage_low:.0%}-{row.coverage_high:.0%})"
        )
        yield (
            f"{row.structure:21} {row.pairs:5} {row.mean_error:+10.2f} {row.sd:5.2f} "
            f"{row.mean_absolute_error:7.2f} {row.response:8.2f} {coverage:>18}"
        )


def verdict(row: Summary) -> str:
    """Return in one line which goals of docs/validation_plan.md a structure meets."""
    goals = {
        "|mean error| <= 0.3": abs(row.mean_error) <= 0.3,
        "coverage 90-98 %": 0.90 <= row.coverage <= 0.98,
        "response 0.9-1.1": 0.9 <= row.response <= 1.1,
    }
    words = (f"{goal} {'met' if met else 'not met'}" for goal, met in goals.items())
    return "; ".join(words)
