"""When a study is complete: what is known about it, and what follows from that.

Nothing here waits, asks or writes: ``decide`` is a function of its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from node.config import InboundSettings
from node.jobs.job import Completeness


@dataclass(frozen=True, slots=True)
class Answer:
    """What the archive said about one study.

    Attributes
    ----------
    counts
        Instances by Series Instance UID; None when it does not know the study or
        could not be asked.
    error
        Why it could not be asked; empty when it could.
    """

    counts: Mapping[str, int] | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is known about one receiving study at one moment.

    Attributes
    ----------
    held
        Instances by Series Instance UID that the node has received.
    answer
        The archive's, to a question after the last image; None before it came.
    sending
        Whether an association is open that has sent to this study.
    aborted
        Whether the last association that sent to it was aborted or lost.
    since
        Last image, last end of an association, or start of the node, whichever is
        latest.
    """

    held: Mapping[str, int]
    answer: Answer | None
    sending: bool
    aborted: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """A study is complete: how sure that is, and why."""

    completeness: Completeness
    reason: str
    archive_counts: Mapping[str, int] = field(default_factory=dict)


def decide(
    evidence: Evidence, settings: InboundSettings, now: datetime
) -> Verdict | None:
    """Return the verdict on a study, or None: wait.

    An association that ended, in order or not, proves nothing: the archive's count
    does, or a quiet time. The association must have ended, though, since what it
    has not yet sent is not missing.
    """
    waited_s = (now - evidence.since).total_seconds()
    overdue = waited_s >= settings.max_wait_s
    if evidence.sending:
        return _unconfirmed(evidence, "the association is open but silent", overdue)
    counts = evidence.answer.counts if evidence.answer else None
    missing = _missing(evidence.held, counts)
    if counts is not None and not any(missing.values()):
        return Verdict(
            Completeness.CONFIRMED,
            f"the archive counts the same images in {len(missing)} series",
            _of(evidence.held, counts),
        )
    awaited = sum(n for n in missing.values() if n > 0)
    if awaited and evidence.answer and not evidence.answer.error:
        reason = f"{awaited} images of the archive did not come in time"
        return _unconfirmed(evidence, reason, overdue)
    quiet = waited_s >= min(settings.quiet_s, settings.max_wait_s)
    return _unconfirmed(evidence, _why_not_asked(evidence.answer), quiet)


def _missing(
    held: Mapping[str, int], counts: Mapping[str, int] | None
) -> dict[str, int]:
    """Return, per held series, how many instances more the archive has."""
    return {uid: (counts or {}).get(uid, 0) - number for uid, number in held.items()}


def _of(held: Mapping[str, int], counts: Mapping[str, int]) -> dict[str, int]:
    return {uid: counts[uid] for uid in held if uid in counts}


def _why_not_asked(answer: Answer | None) -> str:
    if answer is None:
        return "the archive has not answered"
    if answer.error:
        return answer.error
    if answer.counts is None:
        return "the archive does not know the study"
    return "the archive has fewer images than came"


def _unconfirmed(evidence: Evidence, reason: str, due: bool) -> Verdict | None:
    if not due:
        return None
    if evidence.aborted:
        reason += "; the last association was aborted"
    counts = evidence.answer.counts if evidence.answer else None
    return Verdict(Completeness.UNCONFIRMED, reason, _of(evidence.held, counts or {}))
