"""What the reliability score is worth, for people and for the bundle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.contract import Grade
from models.hippocampus.quality.fitting import (
    Correlation,
    Scored,
    correlation,
    cross_validated,
    fit,
)
from models.hippocampus.quality.reliability import Reliability
from models.hippocampus.validation.robustness.suite import CLEAN
from models.hippocampus.validation.robustness.trial import read_trials
from models.volume.bundle import BUNDLE_FILE, load_bundle

GOOD_DICE = 0.85
"""Of the whole; the table says which share of each grade reaches it."""


@dataclass(frozen=True, slots=True)
class GradeRow:
    """The true Dice of the readings of one grade."""

    grade: Grade
    readings: int
    mean: float
    good: float
    lowest: float


@dataclass(frozen=True, slots=True)
class Share:
    """The score on some of the readings: clean ones, or all."""

    name: str
    readings: int
    subjects: int
    spearman: Correlation
    pearson: Correlation
    grades: tuple[GradeRow, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """Constants fitted on everything, and what such constants do on other subjects."""

    constants: Reliability
    folds: int
    shares: tuple[Share, ...]


def judge(path: Path) -> Judged:
    """Fit on the trials in a file, and measure with each fold left out.

    Raises
    ------
    ValueError
        The file holds no trials, or too few.
    """
    trials = read_trials(path)
    scored = cross_validated(trials)
    clean = [one for one in scored if one.trial.entry == CLEAN.key]
    shares = (_share("clean", clean), _share("clean and perturbed", scored))
    return Judged(fit(trials), len({trial.fold for trial in trials}), shares)


def _share(name: str, scored: Sequence[Scored]) -> Share:
    grades = [_grade(grade, scored) for grade in Grade]
    return Share(
        name=name,
        readings=len(scored),
        subjects=len({one.trial.subject for one in scored}),
        spearman=correlation(scored, "spearman"),
        pearson=correlation(scored, "pearson"),
        grades=tuple(row for row in grades if row is not None),
    )


def _grade(grade: Grade, scored: Sequence[Scored]) -> GradeRow | None:
    dice = np.array([x.trial.dice["whole"] for x in scored if x.grade == grade])
    if not dice.size:
        return None
    good = float((dice >= GOOD_DICE).mean())
    return GradeRow(grade, dice.size, float(dice.mean()), good, float(dice.min()))


HEAD = (
    f"  {'grade':<6}{'n':>6}{'mean Dice':>11}{f'Dice ≥ {GOOD_DICE}':>13}{'lowest':>8}"
)


def as_text(found: Judged) -> str:
    """Return the correlations and the grades for a terminal."""
    how = (
        f"{found.folds} folds, each scored by constants from the others"
        if found.folds > 1
        else "1 fold, its subjects dealt into groups scored by the others"
    )
    lines = [f"Score and true Dice of the whole, 95 % by subject;\n{how}"]
    for share in found.shares:
        lines += [
            "",
            f"{share.name}: {share.readings} readings of {share.subjects} subjects",
            f"  Spearman {share.spearman}   Pearson {share.pearson}",
            HEAD,
        ]
        lines += [
            f"  {row.grade:<6}{row.readings:>6}{row.mean:>11.3f}{row.good:>13.0%}"
            f"{row.lowest:>8.2f}"
            for row in share.grades
        ]
    return "\n".join(lines)


def as_json(found: Judged) -> dict[str, Any]:
    """Return the ``training.reliability`` object of a bundle."""
    return {
        "constants": found.constants.as_json(),
        "measured": {
            share.name: {
                "readings": share.readings,
                "subjects": share.subjects,
                "spearman": str(share.spearman),
                "pearson": str(share.pearson),
            }
            for share in found.shares
        },
        "folds": found.folds,
    }


def write(found: Judged, folder: Path) -> None:
    """Write the constants into the ``bundle.json`` of a folder.

    Raises
    ------
    models.volume.bundle.BundleError
        The folder holds no intact bundle.
    """
    load_bundle(folder)
    path = folder / BUNDLE_FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    content["training"]["reliability"] = as_json(found)
    text = json.dumps(content, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
