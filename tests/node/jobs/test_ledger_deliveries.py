"""Deliveries in the ledger: every object, every destination, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from tests.node.jobs.ledger_stories import T0, queue, result

LATER = T0 + timedelta(seconds=10)
ARCHIVE, WORKSTATION = "ARCHIVE@127.0.0.1:4242", "VIEW@127.0.0.1:104"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger with two reported jobs of three objects, two destinations."""
    ledger = Ledger(tmp_path)
    for study in ("1.1", "1.2"):
        queue(ledger, study)
        job = ledger.jobs.claim(LATER)
        assert job is not None
        ledger.jobs.report(job.job_id, result(study), [ARCHIVE, WORKSTATION], T0)
    yield ledger
    ledger.close()


def test_what_is_due_travels_study_by_study(ledger: Ledger) -> None:
    """One association carries the objects of one job, in the order of their making."""
    due = ledger.deliveries.due(ARCHIVE, LATER)

    assert [(d.kind, d.study_instance_uid) for d in due] == [
        ("SEG", "1.1"),
        ("SR", "1.1"),
        ("SC", "1.1"),
    ]


def test_one_destination_knows_nothing_of_another(ledger: Ledger) -> None:
    """What the archive postpones is due at the workstation."""
    postponed = ledger.deliveries.due(ARCHIVE, LATER)
    ledger.deliveries.postpone(postponed, None, "no answer", LATER + timedelta(days=1))

    assert ledger.deliveries.due(ARCHIVE, LATER)[0].study_instance_uid == "1.2"
    assert ledger.deliveries.due(WORKSTATION, LATER)[0].study_instance_uid == "1.1"


def test_a_postponed_delivery_keeps_its_history(ledger: Ledger) -> None:
    """Attempts, the last status and its words; due again when it says."""
    again = LATER + timedelta(days=1)
    first = ledger.deliveries.due(ARCHIVE, LATER)[0]
    everything = [
        *ledger.deliveries.of_job(first.job_id),
        *ledger.deliveries.of_job(first.job_id + 1),
    ]
    ledger.deliveries.postpone(everything, 0xA700, "out of resources", again)

    assert ledger.deliveries.due(ARCHIVE, LATER) == []
    assert ledger.deliveries.next_due(ARCHIVE) == again
    delivery = ledger.deliveries.due(ARCHIVE, again)[0]
    assert (delivery.attempts, delivery.status, delivery.detail) == (
        1,
        0xA700,
        "out of resources",
    )


def test_a_refused_delivery_is_shown_and_keeps_the_job_reported(
    ledger: Ledger,
) -> None:
    """It is not due again, and the job is not called sent."""
    job_id = ledger.deliveries.due(ARCHIVE, LATER)[0].job_id
    refused, *others = ledger.deliveries.of_job(job_id)
    ledger.deliveries.failed(refused, 0xA900, "class and data differ", LATER)
    for delivery in others:
        ledger.deliveries.sent(delivery, 0, LATER)

    assert ledger.jobs.get(job_id).state is JobState.REPORTED
    assert ledger.deliveries.of_job(job_id)[0].state == "failed"


def test_a_sent_job_needs_every_destination(ledger: Ledger) -> None:
    """Three objects at two destinations are six deliveries."""
    job_id = ledger.deliveries.due(ARCHIVE, LATER)[0].job_id
    *most, last = ledger.deliveries.of_job(job_id)
    for delivery in most:
        ledger.deliveries.sent(delivery, 0, LATER)
    assert ledger.jobs.get(job_id).state is JobState.REPORTED

    ledger.deliveries.sent(last, 0, LATER)

    assert ledger.jobs.get(job_id).state is JobState.SENT
    assert ledger.deliveries.due(ARCHIVE, LATER)[0].job_id != job_id


def test_nothing_due_is_an_empty_list(tmp_path: Path) -> None:
    """Not an error."""
    folder = tmp_path / "empty"
    folder.mkdir()
    empty = Ledger(folder)

    assert empty.deliveries.due(ARCHIVE, LATER) == []
    assert empty.deliveries.next_due(ARCHIVE) is None
    empty.close()
