"""Pairs and their summary, in a file and on the terminal."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from models.hippocampus.visits.trial import Pair, Summary

DIGITS = 4
"""Of every number in the file."""

HEAD = (
    f"{'%/year':21} {'pairs':>5} {'mean error':>10} {'SD':>5} "
    f"{'|error|':>7} {'response':>8} {'coverage':>18}"
)


def write_pairs(path: Path, found: Sequence[Pair]) -> None:
    """Write one row per structure and pair as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        names = [*(field.name for field in fields(Pair)), "error", "covered"]
        table = csv.DictWriter(stream, names)
        table.writeheader()
        for pair in found:
            row = asdict(pair) | {"error": pair.error, "covered": int(pair.covered)}
            table.writerow(
                {
                    name: round(value, DIGITS) if isinstance(value, float) else value
                    for name, value in row.items()
                }
            )


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
