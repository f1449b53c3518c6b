"""Trials by perturbation: how good, how different, how often a reader is warned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from models.hippocampus.cases.scores import PARTS
from models.hippocampus.validation.robustness.suite import CLEAN, SUITE
from models.hippocampus.validation.robustness.trial import Trial
from models.terms import Grade


@dataclass(frozen=True, slots=True)
class Row:
    """One perturbation over all its cases.

    Attributes
    ----------
    cases, subjects
        How many were tried; ``refused`` of the cases gave no result.
    dice
        Part → mean over the cases that gave one; None where none did.
    volume_change
        Mean of the signed change of the whole against the same case as it is.
    flagged
        Share that was refused or is not of grade A; ``untrusted`` of grade C.
    """

    entry: str
    cases: int
    subjects: int
    refused: int
    dice: dict[str, float] | None
    volume_change: float | None
    flagged: float
    untrusted: float


def rows(trials: Sequence[Trial]) -> list[Row]:
    """Return a row for each perturbation that was tried, in the order of the suite."""
    clean = {trial.case: trial.mm3 for trial in trials if trial.entry == CLEAN.key}
    by_entry = {
        entry.key: [trial for trial in trials if trial.entry == entry.key]
        for entry in SUITE
    }
    return [_row(found, clean) for found in by_entry.values() if found]


def _row(found: Sequence[Trial], clean: dict[str, float]) -> Row:
    read = [trial for trial in found if not trial.refused]
    changes = [
        trial.mm3 / clean[trial.case] - 1 for trial in read if clean.get(trial.case)
    ]
    return Row(
        entry=found[0].entry,
        cases=len(found),
        subjects=len({trial.subject for trial in found}),
        refused=len(found) - len(read),
        dice={part: float(np.mean([t.dice[part] for t in read])) for part in PARTS}
        if read
        else None,
        volume_change=float(np.mean(changes)) if changes else None,
        flagged=float(np.mean([trial.flagged for trial in found])),
        untrusted=float(np.mean([trial.grade == Grade.C for trial in found])),
    )


HEAD = (
    f"{'':<24}{'n':>4} {'anterior':>8} {'posterior':>9} {'whole':>6} "
    f"{'volume':>7} {'flagged':>8} {'grade C':>8}"
)


def as_text(found: Sequence[Row]) -> str:
    """Return the table for a terminal of 80 columns."""
    return "\n".join([HEAD, *map(_line, found)])


def _line(row: Row) -> str:
    warned = f"{row.flagged:>8.0%} {row.untrusted:>8.0%}"
    if row.dice is None:
        return f"{row.entry:<24}{row.cases:>4} {'refused':>33} {warned}"
    anterior, posterior, whole = (row.dice[part] for part in PARTS)
    change = f"{row.volume_change:+.1%}" if row.volume_change is not None else ""
    return (
        f"{row.entry:<24}{row.cases:>4} {anterior:>8.3f} {posterior:>9.3f} "
        f"{whole:>6.3f} {change:>7} {warned}"
    )


def as_markdown(found: Sequence[Row]) -> str:
    """Return the table as Markdown, for a model card."""
    lines = [
        "| | n | anterior | posterior | whole | volume | flagged | grade C |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in found:
        dice = [f"{row.dice[part]:.3f}" if row.dice else "" for part in PARTS]
        change = "" if row.volume_change is None else f"{row.volume_change:+.1%}"
        cells = [row.entry, str(row.cases), *dice, change]
        cells += [f"{row.flagged:.0%}", f"{row.untrusted:.0%}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def write(found: Sequence[Row], folder: Path) -> None:
    """Write ``robustness.json`` and ``robustness.md``."""
    content = json.dumps([asdict(row) for row in found], indent=1)
    (folder / "robustness.json").write_text(content + "\n", encoding="utf-8")
    (folder / "robustness.md").write_text(as_markdown(found) + "\n", encoding="utf-8")
