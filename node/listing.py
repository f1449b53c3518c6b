"""What became of jobs and of their objects, for a person and for a machine."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from node.jobs.job import JobState
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow
from node.moments import span

DELIVERY_WORDS = {"sent": "sent", "pending": "on its way", "failed": "not sent"}
"""State of a delivery in the ledger → what a person reads."""

TITLES = (
    f"{'job':>4}  {'state':<14}  {'model':<11}  {'queued to ended':<31}  tries  grade"
)
"""Over the lines of ``row_line``."""

INDENT = "      "


def row_line(row: JobRow) -> str:
    """Return a job on one line of 80 columns, under ``TITLES``."""
    times = span(row.queued_at, row.ended_at)
    graded = row.summary.get("grade", "") if row.state in WITH_RESULT else ""
    line = (
        f"{row.job_id:>4}  {row.state:<14}  {row.model:<11}  {times:<31}  "
        f"{row.attempts:>5}  {graded}"
    )
    return line.rstrip()


WITH_RESULT = frozenset({JobState.REPORTED, JobState.SENT})


def study_line(row: JobRow, study_hash: str) -> str:
    """Return the study of a job as the log names it, and its UID."""
    return f"  {study_hash}  {row.study_instance_uid}"


def folded(row: JobRow, deliveries: Sequence[Delivery], width: int) -> Iterator[str]:
    """Yield ``lines`` between an indent and ``width``; a UID is left whole."""
    for label, text in lines(row, deliveries):
        yield from textwrap.wrap(
            f"{label}: {text}" if label and text else label or text,
            max(width, 40),
            initial_indent=INDENT,
            subsequent_indent=f"{INDENT}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def lines(row: JobRow, deliveries: Sequence[Delivery]) -> Iterator[tuple[str, str]]:
    """Yield label and text: why there is no result, then what is not sent and why.

    Objects of one fate share a line, in the order of their making; what was sent as
    it should says nothing.
    """
    if row.reason and row.state not in WITH_RESULT:
        first, *others = row.detail.splitlines() or [""]
        yield row.reason, first
        yield from (("", line) for line in others)
    if row.retracted_at is not None:
        yield "taken back", f"result {row.version}"
    fates: dict[tuple[str, str, str], list[str]] = {}
    for delivery in deliveries:
        if delivery.state != "sent":
            fate = (delivery.state, delivery.destination, delivery.detail)
            fates.setdefault(fate, []).append(delivery.kind)
    for (state, destination, detail), kinds in fates.items():
        text = f"{', '.join(kinds)} to {destination}"
        yield DELIVERY_WORDS[state], f"{text}: {detail}" if detail else text


def plain(
    row: JobRow, deliveries: Sequence[Delivery], study_hash: str
) -> dict[str, object]:
    """Return a job as JSON holds it."""
    return {
        "job": row.job_id,
        "study_instance_uid": row.study_instance_uid,
        "study_hash": study_hash,
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
