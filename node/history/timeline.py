"""The decisions about a study in the order in which they were made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from node.history.story import Attempt, JobStory, Story, made_objects
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_history import ResultRow
from node.moments import clock, day, lasting

STUDY = "study"
"""Whom a decision is about, when it is not one model."""

OUTCOMES = {
    "report": "reported",
    "unchanged": "nothing that it reads has changed, the earlier result stands",
    "notice_failed": "the notice could not be made",
}
"""Outcome of an attempt → words; any other is a reason code and says itself."""


@dataclass(frozen=True, slots=True)
class Event:
    """One decision: when, about whom (``study`` or a model), what."""

    at: datetime
    subject: str
    text: str


def timeline(story: Story) -> list[Event]:
    """Return the decisions in order of time; equal times keep the order of the story.

    Each job is queued when it was queued last: the ledger keeps no earlier moment.
    """
    events = [*_receipt(story)]
    for job in story.jobs:
        events += _of_job(job)
    return sorted(events, key=lambda event: event.at)


def count(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> count(1, "image"), count(2, "attempt"), count(3, "series")
    ('1 image', '2 attempts', '3 series')
    """
    ending = "" if number == 1 or noun.endswith("s") else "s"
    return f"{number} {noun}{ending}"


def _receipt(story: Story) -> Iterator[Event]:
    """Yield what was received, from whom, and why that was all."""
    study, received = story.study, story.received
    amount = f"{count(received.images, 'image')} in {count(received.series, 'series')}"
    sender = (
        f"from {study.calling_ae_title}" if study.calling_ae_title else "from files"
    )
    if study.first_received_at == study.last_received_at:
        yield Event(study.first_received_at, STUDY, f"received {amount} {sender}")
    else:
        yield Event(study.first_received_at, STUDY, "first image received")
        yield Event(
            study.last_received_at, STUDY, f"last image received: {amount} {sender}"
        )
    if study.completed_at is not None:
        words = f"complete, {study.completeness}: {study.completeness_reason}"
        yield Event(study.completed_at, STUDY, words)
    if study.state == "receiving":
        yield Event(study.last_received_at, STUDY, "not complete: images may come")


def _of_job(story: JobStory) -> Iterator[Event]:
    job = story.job
    again = any(attempt.started_at < job.queued_at for attempt in story.attempts)
    yield Event(job.queued_at, job.model, "queued again" if again else "queued")
    for number, attempt in enumerate(story.attempts, start=1):
        yield Event(attempt.started_at, job.model, _attempt(number, attempt))
    for result in story.results:
        yield Event(result.reported_at, job.model, _result(result))
        yield from _retraction(job.model, result)
    for notice in story.notices:
        words = "notice made: the study was not read"
        yield Event(notice.reported_at, STUDY, words)
    for version in (*story.notices, *story.results):
        subject = job.model if version.version else STUDY
        sent = story.deliveries_of(version)
        yield from _sendings(subject, sent, version.reported_at)


def _attempt(number: int, attempt: Attempt) -> str:
    """Return how an attempt went; series by series it stands in the table below."""
    if attempt.seconds is None:
        return f"attempt {number}: running"
    words = OUTCOMES.get(attempt.outcome, attempt.outcome)
    if attempt.detail and not attempt.detail.startswith("series "):
        words = f"{words}: {'; '.join(attempt.detail.splitlines())}"
    return f"attempt {number}, {lasting(attempt.seconds)}: {words}"


def _result(result: ResultRow) -> str:
    grade = result.summary.get("grade")
    graded = f", grade {grade}" if grade else ""
    objects = count(len(made_objects(result)), "object")
    return f"result {result.version}{graded}, {objects}, {result.precision}"


def _retraction(model: str, result: ResultRow) -> Iterator[Event]:
    taken = result.taken_back
    if taken is None:
        return
    reason = f": {taken.reason}" if taken.reason else ""
    gone = f"; {count(taken.deleted, 'object')} deleted" if taken.deleted else ""
    words = f"result {result.version} taken back (DCM {taken.code}){reason}{gone}"
    yield Event(taken.at, model, words)


def _sendings(
    subject: str, deliveries: Sequence[Delivery], made_at: datetime
) -> Iterator[Event]:
    """Yield what became of deliveries; those made together share a line, if alike."""
    fates: dict[tuple[str, str, datetime], list[Delivery]] = {}
    for delivery in deliveries:
        fate = (delivery.destination, sending(delivery), delivery.created_at)
        fates.setdefault(fate, []).append(delivery)
    for (destination, words, _), alike in fates.items():
        kinds = ", ".join(delivery.kind for delivery in alike)
        is_over = alike[-1].state != "pending"
        at = alike[-1].ended_at if is_over else None
        again = "offered again: " if _is_offered_again(alike[0], made_at) else ""
        text = f"{kinds} to {destination}: {again}{words}"
        yield Event(at or alike[-1].created_at, subject, text)


def _is_offered_again(delivery: Delivery, made_at: datetime) -> bool:
    """Tell whether somebody asked for it later; when it was sent before is not kept."""
    return delivery.kind not in {"KO", "NOTICE"} and delivery.created_at > made_at


def sending(delivery: Delivery) -> str:
    """Return what became of one delivery, its last answer included."""
    tried = count(delivery.attempts, "attempt")
    answer = "" if delivery.status is None else f", answer 0x{delivery.status:04X}"
    detail = f": {delivery.detail}" if delivery.detail else ""
    if delivery.state == "sent":
        return f"sent, {tried}{answer}"
    if delivery.state == "failed":
        return f"not sent, {tried}{answer}{detail}"
    if delivery.not_before is not None and delivery.attempts:
        due = f"{day(delivery.not_before)} {clock(delivery.not_before)}"
        return f"on its way, {tried}{answer}{detail}; next {due}"
    return f"on its way{detail}"
