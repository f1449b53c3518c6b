"""The constants of the reliability score, and how well it does on other subjects.

The score is fitted on readings whose truth is known, clean and perturbed, each by a
network that never saw the subject. What is reported of it is measured on folds that
its constants were not fitted on. What is no constant was chosen by looking at readings:
the signs and their directions, every number in capitals here and in
``quality/reliability.py``, the bounds of the grades too. On the shared data
`was_looked_at` tells these readings, and ``worth.py`` gives the figure of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, stats

from models.hippocampus.cases.data import TASK04_SHA256
from models.hippocampus.quality.reliability import (
    BETTER,
    Floats,
    Numbers,
    Reliability,
    grade_of,
    logit_of,
    merits,
)
from models.hippocampus.validation.robustness.suite import CLEAN
from models.hippocampus.validation.robustness.trial import Trial
from models.terms import Grade

USED = tuple(BETTER)
"""The signs, in the order of their constants."""

FOLDS_LOOKED_AT, SUBJECTS_LOOKED_AT = frozenset({0, 1}), frozenset({2, 3, 9, 21})
"""Of `TASK04_SHA256`: what was chosen was chosen on readings of these folds, and of
four subjects of the others, by networks of an earlier recipe. On nothing else."""

NOT_LEARNED = ("other hand", "no anatomy")
"""Not fitted on: whether the score notices them is a question, not an answer."""

CLEAN_SHARE = 0.5
"""Of the weight of all readings; the perturbed have the rest, thirty to a clean one."""

RIDGE = 0.01
"""Pull of every weight towards 0, relative to the sum of the cases' weights."""

SPREAD_FLOOR = {"lost_share": 0.01, "border_share": 0.002}
"""Signs that are 0 on clean cases, and what counts as one step away from it."""

FEWEST_CLEAN = 10
"""Readings of a fit."""

GROUPS = 5
"""Parts that subjects are dealt into where only one fold is at hand."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A trial with the score of constants that were not fitted on its group."""

    trial: Trial
    score: float
    grade: Grade


def fit(trials: Sequence[Trial]) -> Reliability:
    """Return the constants that trials with known truth give.

    Raises
    ------
    ValueError
        There are fewer than `FEWEST_CLEAN` clean readings.
    """
    used = [t for t in trials if t.signs and t.entry not in NOT_LEARNED]
    clean = [t for t in used if t.entry == CLEAN.key]
    if len(clean) < FEWEST_CLEAN:
        raise ValueError(f"too few clean readings to fit a score on: {len(clean)}")
    values = np.array([[t.signs[name] for name in USED] for t in clean])
    centre: Numbers = tuple(np.median(values, axis=0).tolist())
    floor = np.array([SPREAD_FLOOR.get(name, 1e-4) for name in USED])
    spread: Numbers = tuple(np.maximum(values.std(axis=0), floor).tolist())
    found = np.array([merits(t.signs, USED, centre, spread) for t in used])
    intercept, *weights = _solve(found, used)
    return Reliability(USED, centre, spread, tuple(weights), intercept, {})


def _solve(found: Floats, used: Sequence[Trial]) -> list[float]:
    """Return the intercept, then the weight of each merit, none below 0.

    A weighted ridge on the logit of the Dice.
    """
    logit = logit_of([t.dice["whole"] for t in used])
    clean = np.array([t.entry == CLEAN.key for t in used])
    among = np.where(clean, CLEAN_SHARE / clean.sum(), 0.0)
    if not clean.all():
        among[~clean] = (1 - CLEAN_SHARE) / (~clean).sum()
    share = np.sqrt(among / among.sum())
    ones = np.ones((len(found), 1))
    terms = np.hstack([ones, -ones, found]) * share[:, None]
    pull = np.sqrt(RIDGE) * np.eye(terms.shape[1])[2:]
    weights, _ = optimize.nnls(
        np.vstack([terms, pull]), np.concatenate([logit * share, np.zeros(len(pull))])
    )
    return [float(weights[0] - weights[1]), *map(float, weights[2:])]


def was_looked_at(trial: Trial, data_sha256: str) -> bool:
    """Return whether a choice was made in view of a reading of this case.

    Parameters
    ----------
    data_sha256
        Of the data that the folds were trained on; on any other nothing was chosen.
    """
    return data_sha256 == TASK04_SHA256 and (
        trial.fold in FOLDS_LOOKED_AT or trial.subject in SUBJECTS_LOOKED_AT
    )


def cross_validated(trials: Sequence[Trial]) -> list[Scored]:
    """Score each trial by constants fitted without its fold.

    Of a single fold, subjects are dealt into groups that take the place of folds.
    """
    folds = {trial.fold for trial in trials}
    group: Callable[[Trial], int] = (
        (lambda t: t.fold) if len(folds) > 1 else (lambda t: t.subject % GROUPS)
    )
    scored = []
    for part in sorted({group(trial) for trial in trials}):
        constants = fit([t for t in trials if group(t) != part])
        for trial in trials:
            if group(trial) == part and not trial.refused:
                score = constants.score(trial.signs)
                scored.append(Scored(trial, score, grade_of(score)))
    return scored


def graded(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials as a bundle with a score would grade them.

    Each by constants that were fitted without its fold; a refused one stays so.

    Raises
    ------
    ValueError
        As `fit`.
    """
    found = {
        (one.trial.case, one.trial.entry): one.grade for one in cross_validated(trials)
    }
    return [
        replace(t, grade=max(t.grade, found.get((t.case, t.entry), Grade.A)))
        for t in trials
    ]


@dataclass(frozen=True, slots=True)
class Correlation:
    """A coefficient with its 95 % interval over subjects."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def correlation(
    scored: Sequence[Scored], kind: str, seed: int = 0, rounds: int = 1000
) -> Correlation:
    """Return ``"spearman"`` or ``"pearson"`` of score and true Dice of the whole.

    The interval is a bootstrap over subjects: all readings of one are drawn together.
    """
    pairs = np.array([[one.score, one.trial.dice["whole"]] for one in scored])
    if kind == "spearman":
        pairs = np.apply_along_axis(stats.rankdata, 0, pairs)
    by_subject: dict[int, list[int]] = {}
    for index, one in enumerate(scored):
        by_subject.setdefault(one.trial.subject, []).append(index)
    subjects = [np.array(indices) for indices in by_subject.values()]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(rounds):
        drawn = rng.integers(0, len(subjects), len(subjects))
        found.append(_pearson(pairs[np.concatenate([subjects[i] for i in drawn])]))
    low, high = np.percentile(found, [2.5, 97.5])
    return Correlation(_pearson(pairs), float(low), float(high))


def _pearson(pairs: Floats) -> float:
    return float(np.asarray(np.corrcoef(pairs.T))[0, 1])
