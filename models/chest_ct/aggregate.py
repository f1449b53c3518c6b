"""One probability from several pieces of evidence, by a monotone, calibrated rule.

::

    logit P = bias + sum over what was looked at of w * logit p
                   + w_nodules * (logit p_nodules - logit middle)

Bias and weights are fitted on validation cases for each combination of evidence on its
own (the fast mode has no slice network), so that what is absent is not taken for 0. No
weight is negative: more of any evidence never lowers the probability. The evidence of
a nodule detector is optional: absent, its term is absent; present, it raises or lowers
the probability as it lies above or below its own middle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, logit

CNN = "cnn_3d"
SLICES = "slices"
Z_PROFILE = "z_profile"
NODULES = "nodules"

LEAST = 1e-3
"""Scores are taken no nearer to 0 and 1 than this: none is that sure, and one alone
must not outweigh all others."""

PENALTY = 0.5
"""Of the squared distance of the weights from equal shares while they are fitted."""


@dataclass(frozen=True, slots=True)
class NoduleEvidence:
    """What a nodule detector found; its model is another one's affair.

    Attributes
    ----------
    probability
        That there is a nodule, 0 to 1, calibrated by the detector's own bundle.
    middle
        Probability at which it says as much for as against.
    weight
        How much it counts beside the other evidence, at least 0.
    """

    probability: float
    middle: float = 0.5
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1 or not 0 < self.middle < 1:
            raise ValueError("probability and middle of nodules lie between 0 and 1")
        if self.weight < 0:
            raise ValueError("the weight of nodules is not negative")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence comes to.

    Attributes
    ----------
    probability
        Of the positive class.
    decided_by
        The evidence that pulls furthest towards the decision.
    """

    probability: float
    decided_by: str


@dataclass(frozen=True, slots=True)
class Rule:
    """The fitted rule of one combination of evidence.

    Attributes
    ----------
    threshold
        On the probability, of ``positive``.
    positive
        Class of labels, probability and threshold.
    weights
        Name of the evidence → its weight, not negative.
    """

    bias: float
    weights: Mapping[str, float]
    threshold: float
    positive: str

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Rule:
        """Read a rule from a bundle.

        Raises
        ------
        KeyError, ValueError
            Something is missing; a weight is negative; there is no threshold in 0 to 1.
        """
        weights = {str(name): float(w) for name, w in content["weights"].items()}
        bias = float(content["bias"])
        if not np.isfinite([bias, *weights.values()]).all():
            raise ValueError("a weight or the bias of a rule is no number")
        if not weights or min(weights.values()) < 0 or not any(weights.values()):
            raise ValueError("a rule needs a weight above 0, and none below")
        if not 0 < (threshold := float(content["threshold"]["value"])) < 1:
            raise ValueError(f"the threshold {threshold} does not lie between 0 and 1")
        positive = str(content["threshold"]["positive"])
        return cls(bias, MappingProxyType(weights), threshold, positive)

    def plain(self) -> dict[str, Any]:
        """Return what `of` reads."""
        return {
            "bias": self.bias,
            "weights": dict(self.weights),
            "threshold": {"value": self.threshold, "positive": self.positive},
        }

    def combine(
        self, scores: Mapping[str, float], nodules: NoduleEvidence | None = None
    ) -> Verdict:
        """Return the probability that the scores come to, and which decided.

        Raises
        ------
        ValueError
            The scores are not those that the rule was fitted to.
        """
        if set(scores) != set(self.weights):
            raise ValueError(
                f"the rule is of {sorted(self.weights)}, not of {sorted(scores)}"
            )
        logits = {name: _logit(score) for name, score in scores.items()}
        pulls = {name: self.weights[name] * value for name, value in logits.items()}
        total = self.bias + sum(pulls.values())
        if nodules is not None:
            from_middle = _logit(nodules.probability) - _logit(nodules.middle)
            pulls[NODULES] = nodules.weight * from_middle
            total += pulls[NODULES]
        probability = float(expit(total))
        sign = 1 if probability >= self.threshold else -1
        counted = [name for name in pulls if self.weights.get(name, 1.0) > 0]
        return Verdict(probability, max(counted, key=lambda name: sign * pulls[name]))


def fit_rule(
    scores: Mapping[str, Sequence[float] | npt.NDArray[np.floating]],
    labels: Sequence[int] | npt.NDArray[np.int_],
) -> tuple[float, dict[str, float]]:
    """Fit bias and weights to labelled cases by penalised likelihood.

    Parameters
    ----------
    scores
        Name of the evidence → ``(n,)`` scores, 0 to 1, of cases that none of it was
        trained on.
    labels
        ``(n,)``: 1 for the positive class.

    Raises
    ------
    ValueError
        There is only one class.
    """
    truth = np.asarray(labels, float)
    if truth.min() == truth.max():
        raise ValueError("cases of both classes are needed")
    names = sorted(scores)
    logits = np.stack([_logits(np.asarray(scores[name])) for name in names], axis=1)
    equal = 1 / len(names)

    def loss(theta: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        total = theta[0] + logits @ theta[1:]
        error = expit(total) - truth
        away = theta[1:] - equal
        value = (np.logaddexp(0.0, total) - truth * total).sum() + PENALTY * away @ away
        slope = np.concatenate([[error.sum()], logits.T @ error + 2 * PENALTY * away])
        return float(value), slope

    start = np.array([0.0, *[equal] * len(names)])
    bounds = [(None, None), *[(0.0, None)] * len(names)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return float(found.x[0]), dict(zip(names, found.x[1:].tolist(), strict=True))


def _logit(score: float) -> float:
    return float(logit(min(max(score, LEAST), 1 - LEAST)))


def _logits(scores: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    return np.asarray(logit(np.clip(scores, LEAST, 1 - LEAST)), np.float64)
