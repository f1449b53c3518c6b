"""Files are forgotten when every outcome and delivery is old, and not before."""

from __future__ import annotations

from datetime import timedelta

from node.jobs.ledger import Ledger
from node.jobs.ledger_retention import RetentionRecords
from tests.node.jobs.ledger_stories import T0, instance, queue, result

LATER = T0 + timedelta(seconds=10)
DAY = LATER + timedelta(days=1)


def test_files_are_removable_after_every_outcome_and_delivery(ledger: Ledger) -> None:
    """Not while a job waits or runs, a delivery is pending, or all was just now."""
    retention = RetentionRecords(ledger.database)
    queue(ledger)
    assert retention.removable(DAY) == []
    job = ledger.jobs.claim(LATER)
    assert job is not None
    assert retention.removable(DAY) == []
    ledger.jobs.report(job.job_id, result(), ["A@h:1"], LATER)
    assert retention.removable(DAY) == []
    for delivery in ledger.deliveries.of_job(job.job_id):
        ledger.deliveries.sent(delivery, 0, LATER)

    assert retention.removable(LATER) == []
    assert retention.removable(DAY) == ["1.1"]


def test_only_the_files_of_the_study_are_forgotten_once(ledger: Ledger) -> None:
    """They are returned to be removed; the second time there is nothing."""
    retention = RetentionRecords(ledger.database)
    queue(ledger)
    job = ledger.jobs.claim(LATER)
    assert job is not None
    ledger.jobs.report(job.job_id, result(), [], LATER)
    known = ledger.studies.files("1.1")

    assert retention.forget("9.9", DAY) == ()
    assert retention.forget("1.1", DAY) == known
    assert retention.forget("1.1", DAY) == ()
    assert ledger.studies.without_file("1.1") == 1


def test_what_is_forgotten_is_forced_to_disk(ledger: Ledger) -> None:
    """After a power cut no file is known that may be gone already."""
    queue(ledger)
    job = ledger.jobs.claim(LATER)
    assert job is not None
    ledger.jobs.report(job.job_id, result(), [], LATER)
    levels: list[str] = []

    def look(statement: str) -> None:
        if statement.startswith("PRAGMA synchronous = "):
            levels.clear()
            levels.append(statement.split()[-1])
        elif statement.startswith("UPDATE instances"):
            levels.append("forgotten")

    with ledger.database.write(durable=False) as connection:
        connection.set_trace_callback(look)
    assert RetentionRecords(ledger.database).forget("1.1", DAY)

    assert levels == ["FULL", "forgotten"]


def test_a_study_that_receives_again_keeps_its_files(ledger: Ledger) -> None:
    """Even when it was removable a moment ago."""
    retention = RetentionRecords(ledger.database)
    queue(ledger)
    job = ledger.jobs.claim(LATER)
    assert job is not None
    ledger.jobs.report(job.job_id, result(), [], LATER)
    assert retention.removable(DAY) == ["1.1"]
    ledger.studies.record([instance(number=2)], LATER)

    assert retention.forget("1.1", DAY) == ()
