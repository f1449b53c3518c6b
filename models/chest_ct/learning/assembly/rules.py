"""How the evidence becomes one probability, fitted where none of it was trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from models.chest_ct.aggregate import CNN, SLICES, Z_PROFILE, Rule, fit_rule
from models.chest_ct.cases.records import Record
from models.chest_ct.cases.scores import CaseScore, scored
from models.chest_ct.kinds import POSITIVE
from models.chest_ct.settings import ThresholdSettings
from models.training.classification.results import RATES, results
from models.training.classification.threshold import Threshold, choose

TOLD = ("cases", "auc", *RATES, "confusion", "brier", "expected_calibration_error")
"""Of the figures of a classification, those that a bundle states."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A case and what each piece of evidence said that was not trained on it."""

    name: str
    patient: str
    is_positive: bool
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rule with its threshold, and how it does on the cases that made it.

    Attributes
    ----------
    cases
        What the rule says of each case that it was fitted to.
    """

    rule: Rule
    threshold: Threshold
    cases: tuple[CaseScore, ...]

    def plain(self) -> dict[str, Any]:
        """Return what a bundle states: the threshold with its class and its rule."""
        return self.rule.plain() | {"threshold": self.threshold.plain()}

    def figures(self) -> dict[str, Any]:
        """Return the figures of the cases; better than those of others will be."""
        found = results(scored(self.cases), self.threshold)
        return {name: found[name] for name in TOLD}


def witnessed(
    cnns: Sequence[Record], slices: Record, z_scores: Mapping[str, float]
) -> list[Witnessed]:
    """Put together what was said of each case that a 3D network holds out.

    Raises
    ------
    ValueError
        Two records tell different things of one case.
    """
    by_slices = {score.name: score for score in slices.validation}
    found = []
    for score in (score for record in cnns for score in record.validation):
        if score.name not in z_scores:
            continue  # no lungs with a height: in service it is refused
        scores = {CNN: score.probability, Z_PROFILE: z_scores[score.name]}
        if other := by_slices.get(score.name):
            _require_same(score, other)
            scores[SLICES] = other.probability
        found.append(
            Witnessed(
                score.name, score.patient, score.is_positive, MappingProxyType(scores)
            )
        )
    return found


def judgement(
    cases: Sequence[Witnessed], evidence: frozenset[str], settings: ThresholdSettings
) -> Judgement:
    """Fit the rule of some evidence to the cases that have all of it.

    Raises
    ------
    ValueError
        There are none, or of one class alone.
    """
    whole = [case for case in cases if evidence <= set(case.scores)]
    if not whole:
        raise ValueError(f"no case has a score of {' and of '.join(sorted(evidence))}")
    columns = {name: [case.scores[name] for case in whole] for name in evidence}
    bias, weights = fit_rule(columns, [int(case.is_positive) for case in whole])
    rule = Rule(bias, MappingProxyType(weights), 0.5, POSITIVE)  # not yet its own
    said = tuple(_said(case, rule) for case in whole)
    threshold = choose(scored(said), settings.rule, settings.sensitivity)
    final = Rule(bias, rule.weights, _inside(threshold), threshold.positive)
    return Judgement(final, threshold, said)


def _said(case: Witnessed, rule: Rule) -> CaseScore:
    scores = {name: case.scores[name] for name in rule.weights}
    probability = rule.combine(scores).probability
    return CaseScore(case.name, case.patient, case.is_positive, probability)


def _inside(threshold: Threshold) -> float:
    if not 0 < threshold.value < 1:
        raise ValueError(f"the threshold came out as {threshold.value}: too few cases")
    return threshold.value


def _require_same(one: CaseScore, other: CaseScore) -> None:
    if (one.patient, one.is_positive) != (other.patient, other.is_positive):
        raise ValueError("the networks were told different things of one case")


def fold_of(cnns: Sequence[Record]) -> dict[str, int]:
    """Return the fold that holds out each patient of the training.

    Raises
    ------
    ValueError
        Two folds hold out one patient.
    """
    folds: dict[str, int] = {}
    for number, record in enumerate(cnns):
        for score in record.validation:
            if folds.setdefault(score.patient, number) != number:
                raise ValueError("a patient is held out by two folds")
    return folds
