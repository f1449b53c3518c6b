"""What became of jobs and of their objects, for a person and for a machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from node.jobs.job import JobState
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow

DELIVERY_WORDS = {"sent": "sent", "pending": "on its way", "failed": "not sent"}
"""State of a delivery in the ledger → what a person reads."""


def lines(row: JobRow, deliveries: Sequence[Delivery]) -> Iterator[tuple[str, str]]:
    """Yield label and text: the result or why there is none, then what was sent.

    Objects of one fate share a line, in the order of their making.
    """
    if row.state in {JobState.FAILED, JobState.NOT_APPLICABLE}:
        first, *others = row.detail.splitlines() or [""]
        yield row.reason, first
        yield from (("", line) for line in others)
    else:
        yield from row.summary.items()
    fates: dict[tuple[str, str, str], list[str]] = {}
    for delivery in deliveries:
        fate = (delivery.state, delivery.destination, delivery.detail)
        fates.setdefault(fate, []).append(delivery.kind)
    for (state, destination, detail), kinds in fates.items():
        text = f"{', '.join(kinds)} to {destination}"
        yield DELIVERY_WORDS[state], f"{text}: {detail}" if detail else text


def plain(row: JobRow, deliveries: Sequence[Delivery]) -> dict[str, object]:
    """Return a job as JSON holds it."""
    return {
        "job": row.job_id,
        "study_instance_uid": row.study_instance_uid,
        "model": row.model,
        "state": row.state,
        "version": row.version,
        "attempts": row.attempts,
        "reason": row.reason,
        "detail": row.detail,
        "summary": dict(row.summary),
        "timings_s": dict(row.timings_s),
        "queued_at": row.queued_at.isoformat(),
        "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        "deliveries": [_plain_delivery(delivery) for delivery in deliveries],
    }


def _plain_delivery(delivery: Delivery) -> dict[str, object]:
    return {
        "kind": delivery.kind,
        "sop_instance_uid": delivery.sop_instance_uid,
        "destination": delivery.destination,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "status": None if delivery.status is None else f"0x{delivery.status:04X}",
        "detail": delivery.detail,
    }
