"""What the reliability score is worth, for people and for the bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np

from models.hippocampus.quality.reliability import LOWEST, Reliability
from models.hippocampus.validation.reliability.fitting import (
    Correlation,
    Scored,
    correlation,
    cross_validated,
    fit,
    was_looked_at,
)
from models.hippocampus.validation.robustness.suite import CLEAN
from models.hippocampus.validation.robustness.trial import read_trials
from models.terms import Grade

GOOD_DICE = LOWEST[Grade.A]
"""Of the whole; the table says which share of each grade reaches it."""

UNALTERED, NEW, ALTERED = "unaltered", "unaltered, not looked at", "altered"
"""Shares of the readings: all as they are, those of them on which no choice was made
where one was made on others, and all perturbed ones."""


@dataclass(frozen=True, slots=True)
class Row:
    """The true Dice of the readings that a report grades so, or scores so."""

    grade: Grade
    readings: int
    mean: float
    good: float
    lowest: float


@dataclass(frozen=True, slots=True)
class Share:
    """The score on some of the readings.

    Attributes
    ----------
    score, dice
        Means: where they differ, the score promises too much or too little.
    grades
        As a report prints it: of the score and of every flag.
    scores
        Of the score alone, which is what the report quotes beside it.
    """

    name: str
    readings: int
    subjects: int
    score: float
    dice: float
    spearman: Correlation
    pearson: Correlation
    grades: tuple[Row, ...]
    scores: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """Constants fitted on everything, and what such constants do on other subjects."""

    constants: Reliability
    folds: int
    shares: tuple[Share, ...]


def judge(path: Path, data_sha256: str) -> Judged:
    """Fit on the trials in a file, and measure with each fold left out.

    Parameters
    ----------
    data_sha256
        Of the data that the folds were trained on.

    Raises
    ------
    ValueError
        The file holds no trials, or too few.
    """
    trials = read_trials(path)
    scored = cross_validated(trials)
    clean = [one for one in scored if one.trial.entry == CLEAN.key]
    new = [one for one in clean if not was_looked_at(one.trial, data_sha256)]
    perturbed = [one for one in scored if one.trial.entry != CLEAN.key]
    apart = new if len(new) < len(clean) else []
    by_name = {UNALTERED: clean, NEW: apart, ALTERED: perturbed}
    shares = tuple(_share(name, chosen) for name, chosen in by_name.items() if chosen)
    constants = replace(fit(trials), promise=promise(shares), limit=limit(shares))
    return Judged(constants, len({trial.fold for trial in trials}), shares)


def promise(shares: Sequence[Share]) -> dict[str, str]:
    """Return for each range of the score what held-out readings of it were worth."""
    known = [share for share in shares if share.name != NEW]
    return {grade.value: _found(grade, known) for grade in Grade}


def _range(grade: Grade) -> str:
    """Return the scores of a grade in words."""
    better = [lowest for other, lowest in LOWEST.items() if other < grade]
    if not better:
        return f"of {LOWEST[grade]:.2f} or more"
    if LOWEST[grade]:
        return f"of {LOWEST[grade]:.2f} to {min(better):.2f}"
    return f"below {min(better):.2f}"


def _found(grade: Grade, shares: Sequence[Share]) -> str:
    found = []
    for share in shares:
        row = next((row for row in share.scores if row.grade == grade), None)
        count = row.readings if row else "none"
        dice = f" (mean Dice {row.mean:.2f}, lowest {row.lowest:.2f})" if row else ""
        found.append(f"{count} of {share.readings} {share.name}{dice}")
    return f"Scores {_range(grade)} on held-out images: {', '.join(found)}."


def limit(shares: Sequence[Share]) -> str:
    """Return what the score cannot tell; "" where it ranks ordinary images.

    Where there are images that no choice was made on, they decide.
    """
    by_name = {share.name: share for share in shares}
    share = by_name.get(NEW) or by_name[UNALTERED]
    found = share.spearman
    if found.low > 0:
        return ""
    return (
        "It tells failures, but does not rank ordinary images (rank correlation "
        f"{found.value:.2f}, 95 % {found.low:.2f} to {found.high:.2f}, "
        f"{share.readings} images)."
    )


def _share(name: str, scored: Sequence[Scored]) -> Share:
    return Share(
        name=name,
        readings=len(scored),
        subjects=len({one.trial.subject for one in scored}),
        score=float(np.mean([one.score for one in scored])),
        dice=float(np.mean([one.trial.dice["whole"] for one in scored])),
        spearman=correlation(scored, "spearman"),
        pearson=correlation(scored, "pearson"),
        grades=_rows(scored, lambda one: Grade(max(one.trial.grade, one.grade))),
        scores=_rows(scored, lambda one: one.grade),
    )


def _rows(
    scored: Sequence[Scored], grade_of: Callable[[Scored], Grade]
) -> tuple[Row, ...]:
    return tuple(
        Row(
            grade,
            dice.size,
            float(dice.mean()),
            float((dice >= GOOD_DICE).mean()),
            float(dice.min()),
        )
        for grade in Grade
        if (
            dice := np.array(
                [one.trial.dice["whole"] for one in scored if grade_of(one) == grade]
            )
        ).size
    )


WIDTH = 80
"""Columns of a terminal."""

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
            f"  mean score {share.score:.3f}, mean Dice {share.dice:.3f}",
            f"  Spearman {share.spearman}   Pearson {share.pearson}",
            HEAD,
        ]
        lines += [
            f"  {row.grade:<6}{row.readings:>6}{row.mean:>11.3f}{row.good:>13.0%}"
            f"{row.lowest:>8.2f}"
            for row in share.grades
        ]
    return "\n".join([*lines, "", *wrap(found.constants.limit, WIDTH)]).rstrip()


def as_json(found: Judged) -> dict[str, Any]:
    """Return the ``training.reliability`` object of a bundle."""
    return {
        "constants": found.constants.as_json(),
        "measured": {share.name: _measured(share) for share in found.shares},
        "folds": found.folds,
    }


def _measured(share: Share) -> dict[str, Any]:
    return {
        "readings": share.readings,
        "subjects": share.subjects,
        "mean_score": round(share.score, 3),
        "mean_dice": round(share.dice, 3),
        "spearman": str(share.spearman),
        "pearson": str(share.pearson),
    }
