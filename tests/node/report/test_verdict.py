"""What a classification says in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.contract import Findings
from node.report import verdict
from node.report.verdict import verdicts
from tests.node.report.classified import DECIDED, chest_labels
from tests.node.report.classified import STRUCTURES as ALL


def findings_of(probability: float, threshold: float = 0.5) -> Findings:
    """Return findings with one classification and nothing else."""
    answer = replace(DECIDED, probability=probability, threshold=threshold)
    return Findings(
        label_map=chest_labels((8, 16, 16)),
        structures=ALL,
        measurements=(),
        classifications=(answer,),
    )


@pytest.mark.parametrize(
    ("probability", "decision"),
    [
        (0.871, "at or above threshold: pathology suspected"),
        (0.5, "at or above threshold: pathology suspected"),
        (0.499, "below threshold"),
        (0.49996, "below threshold"),
    ],
)
def test_a_decision_names_its_threshold(probability: float, decision: str) -> None:
    """And the digits that are printed show on which side it lies."""
    (told,) = verdicts(findings_of(probability))

    assert told.decision == decision
    assert (float(told.probability) >= float(told.limit)) == told.is_positive


@pytest.mark.parametrize("probability", [0.0, 0.2, 0.5, 1.0])
def test_nothing_is_ever_called_normal(probability: float) -> None:
    """Whatever the probability (docs/promises.md 11)."""
    (told,) = verdicts(findings_of(probability))
    words = " ".join(verdict.words(told)).lower()

    assert "normal" not in words
    assert "healthy" not in words
    assert ("does not exclude" in words) == (probability < 0.5)


def test_evidence_that_was_not_looked_at_is_not_named() -> None:
    """Absent is not zero."""
    (told,) = verdicts(findings_of(0.3))

    assert "Nodule detector" not in " ".join(verdict.words(told))
    assert [score.decided for score in told.evidence] == [True, False, False]
