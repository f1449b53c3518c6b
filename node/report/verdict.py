"""What a classification says, in words: for the page and for the SR alike.

Never that something is normal: a probability below a threshold is just that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.contract import Findings
from models.evidence import Classification
from models.terms import Code, Measurement

PROBABILITY = Code("122157", "DCM", "Probability")
NO_UNITS = Code("1", "UCUM", "no units")

DECIMALS = 3
"""As `Classification.printed`, whose digits the SR takes over."""

SUSPECTED = Code("415684004", "SCT", "Suspected")
"""Reaches the threshold (PS3.16 CID 3770)."""
UNDETERMINED = Code("373068000", "SCT", "Undetermined")
"""Does not (PS3.16 CID 240): that a model saw nothing excludes nothing."""

EVIDENCE = {
    "cnn_3d": "3D network",
    "slices": "Slice network",
    "z_profile": "Lung profile",
    "nodules": "Nodule detector",
}
"""Evidence → what a reader calls it; another one is called by its own name."""


@dataclass(frozen=True, slots=True)
class Score:
    """One piece of evidence: its name, and its score as a number and as printed."""

    name: str
    value: float
    decided: bool

    @property
    def printed(self) -> str:
        """The score with the digits of a probability."""
        return f"{self.value:.{DECIMALS}f}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A classification as a reader sees it.

    Attributes
    ----------
    structure, question
        What it is about, and what was asked.
    positive
        The class of probability and threshold.
    decision
        In words, beginning with where the probability lies to the threshold.
    caution
        What nobody may conclude; "" for a positive answer.
    """

    structure: str
    question: str
    positive: str
    value: float
    threshold: float
    probability: str
    limit: str
    decision: str
    caution: str
    is_positive: bool
    decided_by: str
    evidence: tuple[Score, ...]


def verdicts(findings: Findings) -> tuple[Verdict, ...]:
    """Return every classification as a reader sees it, the answer first."""
    return tuple(map(_verdict, findings.classifications))


def words(verdict: Verdict) -> Iterator[str]:
    """Yield what a verdict says, as sentences of the SR."""
    yield (
        f"{verdict.structure}: probability of {verdict.positive} "
        f"{verdict.probability}, threshold {verdict.limit}; {verdict.decision}"
    )
    if verdict.caution:
        yield f"{verdict.structure}: {verdict.caution}"
    if verdict.decided_by:
        yield f"Decided by: {verdict.decided_by}"
    for score in verdict.evidence:
        yield f"Evidence, {score.name}: {score.printed}"


def decision_code(answer: Classification) -> Code:
    """Return the decision as a code: never one that says absent or normal."""
    return SUSPECTED if answer.is_positive else UNDETERMINED


def probability_of(answer: Classification) -> Measurement:
    """Return the probability as a number of the SR, with its printed digits."""
    return Measurement(
        answer.structure, PROBABILITY, answer.probability, NO_UNITS, answer.decimals
    )


def evidence_name(code: str) -> str:
    """Return what a reader calls a piece of evidence.

    >>> evidence_name("z_profile"), evidence_name("bone_age")
    ('Lung profile', 'Bone age')
    """
    return EVIDENCE.get(code) or code.replace("_", " ").capitalize()


def _verdict(answer: Classification) -> Verdict:
    return Verdict(
        structure=answer.structure,
        question=answer.name.meaning,
        positive=answer.positive,
        value=answer.probability,
        threshold=answer.threshold,
        probability=answer.printed,
        limit=answer.printed_threshold,
        decision=_decision(answer),
        caution="" if answer.is_positive else f"Does not exclude {answer.positive}.",
        is_positive=answer.is_positive,
        decided_by=evidence_name(answer.decided_by) if answer.decided_by else "",
        evidence=tuple(
            Score(evidence_name(name), value, name == answer.decided_by)
            for name, value in answer.evidence.items()
        ),
    )


def _decision(answer: Classification) -> str:
    if answer.is_positive:
        return f"at or above threshold: {answer.positive} suspected"
    return "below threshold"
