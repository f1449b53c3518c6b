"""Files are forgotten when every outcome and delivery is old, and not before."""

from __future__ import annotations

from datetime import timedelta

from node.jobs.job import Failed
from node.jobs.ledger import Ledger
from node.jobs.ledger_notices import NEWS, NoticePolicy
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


def failed(ledger: Ledger) -> None:
    """Let the one job of a study fail; nobody has said so yet."""
    queue(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.fail(job.job_id, Failed("out_of_memory", ""), T0)


def test_files_stay_until_the_notice_is_made(ledger: Ledger) -> None:
    """It is made from their headers, however late a worker has time for it."""
    policy = NoticePolicy(expected=(), attempts=3)
    retention = RetentionRecords(ledger.database, policy)
    failed(ledger)
    [due] = ledger.notices.due(policy, LATER)
    assert retention.removable(LATER) == []
    assert retention.forget("1.1", LATER) == ()
    assert RetentionRecords(ledger.database).removable(LATER) == ["1.1"]

    for _ in range(3):
        ledger.notices.failed(due, "no_readable_images", LATER)

    assert retention.removable(LATER) == ["1.1"]


def test_files_go_when_a_notice_is_no_news_any_more(ledger: Ledger) -> None:
    """A node that stood still for weeks does not keep images for ever."""
    retention = RetentionRecords(ledger.database, NoticePolicy((), attempts=3))
    failed(ledger)

    assert retention.removable(T0 + NEWS) == []
    assert retention.removable(T0 + NEWS + timedelta(seconds=1)) == ["1.1"]
