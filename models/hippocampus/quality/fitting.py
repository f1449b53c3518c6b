"""The constants of the reliability score, and how well it does on other subjects.

The score is fitted on readings whose truth is known, clean and perturbed, each by a
network that never saw the subject. What is reported of it is always measured on a
fold that it was not fitted on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from models.contract import Grade
from models.hippocampus.quality.reliability import BETTER, Numbers, Reliability, merits
from models.hippocampus.validation.robustness.suite import CLEAN
from models.hippocampus.validation.robustness.trial import Trial

Floats = npt.NDArray[np.float64]

USED = tuple(BETTER)
"""Signs of the mask and its rim. Those of the whole image (noise, sharpness,
skewness) made the score worse on subjects that it was not fitted on."""

NOT_LEARNED = ("other hand", "no anatomy")
"""Not fitted on: whether the score notices them is a question, not an answer."""

CLEAN_WEIGHT = 10.0
"""A clean reading counts as many perturbed ones, of which there are thirty to each."""

RIDGE = 0.01
"""Pull of every weight towards 0, relative to the sum of the cases' weights."""

EASE = 0.02
"""Keeps the logit of a Dice of 0 or 1 finite."""

EXPECTED = {Grade.A: 0.88, Grade.B: 0.70}
"""Grade → the Dice of the whole that readings of its lowest score have on average."""

SPREAD_FLOOR = {"lost_share": 0.01, "border_share": 0.002}
"""Signs that are 0 on clean cases, and what counts as one step away from it."""

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
        There are fewer than ten clean readings.
    """
    used = [t for t in trials if t.signs and t.entry not in NOT_LEARNED]
    clean = [t for t in used if t.entry == CLEAN.key]
    if len(clean) < 10:
        raise ValueError(f"{len(clean)} clean readings are too few to fit a score on")
    values = np.array([[t.signs[name] for name in USED] for t in clean])
    centre: Numbers = tuple(np.median(values, axis=0).tolist())
    floor = np.array([SPREAD_FLOOR.get(name, 1e-4) for name in USED])
    spread: Numbers = tuple(np.maximum(values.std(axis=0), floor).tolist())
    found = np.array([merits(t.signs, USED, centre, spread) for t in used])
    intercept, *weights = _solve(found, used)
    draft = Reliability(USED, centre, spread, tuple(weights), intercept, 1, 1, PROMISE)
    scores = np.array([draft.score(t.signs) for t in used])
    truths = np.array([t.dice["whole"] for t in used])
    a, b = (lowest_score(scores, truths, EXPECTED[g]) for g in (Grade.A, Grade.B))
    return replace(draft, grade_a=a, grade_b=b)


PROMISE = {
    Grade.A.value: (
        "Grade A: held-out readings with such a score have a mean Dice of "
        f"{EXPECTED[Grade.A]:.2f} or more."
    ),
    Grade.B.value: (
        "Grade B: held-out readings with such a score have a mean Dice between "
        f"{EXPECTED[Grade.B]:.2f} and {EXPECTED[Grade.A]:.2f}."
    ),
    Grade.C.value: (
        "Grade C: held-out readings with such a score have a mean Dice below "
        f"{EXPECTED[Grade.B]:.2f}."
    ),
}


def _solve(found: Floats, used: Sequence[Trial]) -> list[float]:
    """Return the intercept, then the weight of each merit, none below 0.

    A weighted ridge on the logit of the Dice.
    """
    dice = np.array([t.dice["whole"] for t in used])
    logit = np.log((dice + EASE) / (1 + EASE - dice))
    share = np.array([CLEAN_WEIGHT if t.entry == CLEAN.key else 1.0 for t in used])
    share = np.sqrt(share / share.sum())
    ones = np.ones((len(found), 1))
    terms = np.hstack([ones, -ones, found]) * share[:, None]
    pull = np.sqrt(RIDGE) * np.eye(terms.shape[1])[2:]
    weights, _ = optimize.nnls(
        np.vstack([terms, pull]), np.concatenate([logit * share, np.zeros(len(pull))])
    )
    return [float(weights[0] - weights[1]), *map(float, weights[2:])]


def lowest_score(scores: Floats, truths: Floats, least: float) -> float:
    """Return the lowest score at which the mean truth is ``least`` or more.

    The mean is the isotonic one: it never falls as the score grows. 1 when it never
    gets there.
    """
    order = np.argsort(scores, kind="stable")
    mean = optimize.isotonic_regression(truths[order]).x
    good = np.flatnonzero(mean >= least)
    return float(scores[order[good[0]]]) if good.size else 1.0


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
                scored.append(Scored(trial, score, constants.grade(score)))
    return scored


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
