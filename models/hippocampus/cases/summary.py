"""From scores of cases to the figures that are printed, with their intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.hippocampus.cases.scores import (
    METRICS,
    PARTS,
    CaseScores,
    Stage,
)
from models.training.metrics import bootstrap_mean

DIGITS = 4

INTERVAL = "95 %, bootstrap over subjects, of these networks"

TOLD = ("network", "epochs", "minutes", "precision", "processor", "settings_sha256")
"""What of the baseline's training stands beside its figures."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Another network on the same held-out cases, and how it was trained.

    Attributes
    ----------
    record
        What its training wrote: ``network``, ``epochs``, ``minutes``, ``processor``.
    """

    scores: Sequence[CaseScores]
    record: Mapping[str, Any]


def metrics_object(
    scores: Sequence[CaseScores], split: str, baseline: Baseline | None
) -> dict[str, Any]:
    """Return the ``metrics`` object of a bundle.

    Parameters
    ----------
    scores
        Of all folds that are there; their subjects are pooled.
    split
        In words, with its seed.

    Returns
    -------
    dict
        Beside the figures ``largest_entropy``, the limit for cases to come.
    """
    folds = sorted({each.fold for each in scores})
    content = {
        "split": split,
        "interval": INTERVAL,
        "post_processing": "none; `served` is after small pieces are removed",
        "largest_entropy": round(max(each.entropy for each in scores), DIGITS),
        **summarise(scores),
        "served": summarise(scores, "served"),
        "by_fold": [
            {"fold": fold, **summarise([s for s in scores if s.fold == fold])}
            for fold in folds
        ],
    }
    if baseline:
        content["baseline"] = _beside(scores, baseline)
    return content


def mean_dice(scores: Sequence[CaseScores]) -> dict[str, float]:
    """Return the mean Dice over cases, by part, as the network gives them."""
    return {
        part: round(float(np.mean([s.network[part]["dice"] for s in scores])), DIGITS)
        for part in PARTS
    }


def summarise(scores: Sequence[CaseScores], stage: Stage = "network") -> dict[str, Any]:
    """Return ``cases``, ``subjects`` and part → metric → ``{mean, low, high}``."""
    table = {each.case: each.at(stage) for each in scores}
    return counts(scores) | _intervals(scores, table)


def differences(
    ours: Sequence[CaseScores], theirs: Sequence[CaseScores]
) -> dict[str, Any]:
    """Return ours minus theirs, paired by case, in the form of `summarise`.

    Raises
    ------
    ValueError
        They are not the same cases.
    """
    one, other = ({each.case: each.network for each in part} for part in (ours, theirs))
    if one.keys() != other.keys():
        odd = sorted(one.keys() ^ other.keys())[0]
        raise ValueError(f"not the same cases are compared: {odd} is in one of two")
    table = {
        case: {
            part: {
                name: one[case][part][name] - other[case][part][name]
                for name in METRICS
            }
            for part in PARTS
        }
        for case in one
    }
    return counts(ours) | _intervals(ours, table)


def _beside(scores: Sequence[CaseScores], baseline: Baseline) -> dict[str, Any]:
    folds = {each.fold for each in baseline.scores}
    ours = [each for each in scores if each.fold in folds]
    return {
        **{key: baseline.record[key] for key in TOLD if key in baseline.record},
        "folds": sorted(folds),
        **summarise(baseline.scores),
        "shipped_recipe": summarise(ours),
        "difference": differences(ours, baseline.scores),
    }


def counts(scores: Sequence[CaseScores]) -> dict[str, int]:
    """Return the numbers of ``cases`` and ``subjects``."""
    return {"cases": len(scores), "subjects": len({each.subject for each in scores})}


def _intervals(
    scores: Sequence[CaseScores], table: Mapping[str, Mapping[str, Mapping[str, float]]]
) -> dict[str, dict[str, dict[str, float | None]]]:
    return {
        part: {
            name: interval(scores, {case: t[part][name] for case, t in table.items()})
            for name in METRICS
        }
        for part in PARTS
    }


def interval(
    scores: Sequence[CaseScores], values: Mapping[str, float]
) -> dict[str, float | None]:
    """Return ``mean``, ``low`` and ``high`` of a value per case; None of few subjects.

    Parameters
    ----------
    values
        Name of a case → its value.
    """
    by_subject: dict[str, list[float]] = defaultdict(list)
    for each in scores:
        by_subject[str(each.subject)].append(values[each.case])
    found = bootstrap_mean(by_subject)
    return {
        name: round(value, DIGITS) if np.isfinite(value) else None
        for name, value in found.items()
    }
