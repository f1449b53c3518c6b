"""Jobs in the ledger: claimed once, recorded once, queued again by a change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from node.errors import LedgerError
from node.jobs.job import Failed, JobState, NotApplicable, Unchanged
from node.jobs.ledger import Ledger
from tests.node.jobs.ledger_stories import T0, complete, instance, queue, result

LATER = T0 + timedelta(seconds=10)
LOST = Failed("worker_died", "the worker process died", permanent=False)
ARCHIVE = "ARCHIVE@127.0.0.1:4242"


def claim(ledger: Ledger) -> int:
    """Claim the next job; return its id."""
    job = ledger.jobs.claim(LATER)
    assert job is not None
    return job.job_id


def send_all(ledger: Ledger, job_id: int) -> None:
    """Deliver what is pending of a job."""
    for delivery in ledger.deliveries.of_job(job_id):
        if delivery.state == "pending":
            ledger.deliveries.sent(delivery, 0, LATER)


def test_a_claim_can_be_for_one_study(tmp_path: Path) -> None:
    """Whoever reads one folder does not begin with another one."""
    ledger = Ledger(tmp_path)
    queue(ledger, "1.1")
    (second,) = queue(ledger, "1.2")

    claimed = ledger.jobs.claim(LATER, "1.2")

    assert claimed is not None
    assert claimed.job_id == second.job_id
    assert ledger.jobs.claim(LATER, "1.2") is None
    ledger.close()


def test_a_complete_study_has_one_job_per_model(ledger: Ledger) -> None:
    """Completing it twice makes no second one."""
    queue(ledger, models=["a", "b"])
    complete(ledger, models=["a", "b"])

    assert [(j.model, j.state) for j in ledger.jobs.listing("1.1")] == [
        ("a", JobState.QUEUED),
        ("b", JobState.QUEUED),
    ]


def test_a_job_is_claimed_once(ledger: Ledger) -> None:
    """A second worker gets nothing."""
    queue(ledger)

    first, second = ledger.jobs.claim(LATER), ledger.jobs.claim(LATER)

    assert first is not None
    assert (first.state, first.attempts) == (JobState.RUNNING, 1)
    assert second is None


def test_the_oldest_due_job_comes_first(ledger: Ledger) -> None:
    """A postponed one lets the others pass until it is due."""
    queue(ledger, "1.1", now=T0)
    queue(ledger, "1.2", now=T0 + timedelta(seconds=1))
    first = claim(ledger)
    ledger.jobs.try_again(first, LOST, LATER + timedelta(seconds=5), LATER)

    second = ledger.jobs.get(claim(ledger))

    assert second.study_instance_uid == "1.2"
    assert ledger.jobs.claim(LATER) is None
    assert ledger.jobs.next_due() == LATER + timedelta(seconds=5)


def test_a_result_is_kept_with_its_objects_and_deliveries(ledger: Ledger) -> None:
    """All of it in one transaction."""
    queue(ledger)
    job_id = claim(ledger)

    ledger.jobs.report(job_id, result(), [ARCHIVE], LATER)

    job = ledger.jobs.get(job_id)
    assert (job.state, job.version, job.identity) == (
        JobState.REPORTED,
        1,
        "identity 1",
    )
    assert job.summary["Hippocampus volume"] == "3370 mm3"
    assert job.sr_uid == "2.25.2.1"
    assert {d.kind for d in ledger.deliveries.of_job(job_id)} == {"SEG", "SR", "SC"}
    assert ledger.studies.is_own("2.25.1.1")


def test_a_result_that_cannot_be_kept_leaves_nothing_behind(ledger: Ledger) -> None:
    """A UID that another result has: no half of the new one, the job still runs."""
    queue(ledger, "1.1")
    queue(ledger, "1.2")
    ledger.jobs.report(claim(ledger), result("same"), [ARCHIVE], LATER)
    second = claim(ledger)

    with pytest.raises(Exception, match="UNIQUE"):
        ledger.jobs.report(second, result("same"), [ARCHIVE], LATER)

    assert ledger.jobs.get(second).state is JobState.RUNNING
    assert ledger.jobs.get(second).version == 0
    assert ledger.deliveries.of_job(second) == []


Record = Callable[[Ledger, int], None]
ENDINGS: list[Record] = [
    lambda ledger, job: ledger.jobs.report(job, result("2"), [], LATER),
    lambda ledger, job: ledger.jobs.unchanged(job, Unchanged("identity 1"), LATER),
    lambda ledger, job: ledger.jobs.refuse(job, NotApplicable("none", ""), LATER),
    lambda ledger, job: ledger.jobs.fail(job, LOST, LATER),
    lambda ledger, job: ledger.jobs.try_again(job, LOST, LATER, LATER),
]


@pytest.mark.parametrize("record", ENDINGS)
def test_an_outcome_is_recorded_exactly_once(ledger: Ledger, record: Record) -> None:
    """A second record of the same attempt is an error and changes nothing."""
    queue(ledger)
    job_id = claim(ledger)
    ledger.jobs.report(job_id, result(), [ARCHIVE], LATER)
    before = ledger.jobs.get(job_id)

    with pytest.raises(LedgerError):
        record(ledger, job_id)

    assert ledger.jobs.get(job_id) == before


@pytest.mark.parametrize("record", ENDINGS)
def test_a_study_that_changed_while_running_is_queued_again(
    ledger: Ledger, record: Record
) -> None:
    """However the attempt ended; its attempts count anew unless it was lost."""
    queue(ledger)
    job_id = claim(ledger)
    ledger.studies.record([instance(number=2)], LATER)
    complete(ledger, now=LATER)
    assert ledger.jobs.get(job_id).state is JobState.RUNNING

    record(ledger, job_id)

    assert ledger.jobs.get(job_id).state is JobState.QUEUED


def test_an_attempt_that_saw_the_change_is_not_repeated(ledger: Ledger) -> None:
    """The attempt was lost, the next one reads the late image: that is enough."""
    queue(ledger)
    job_id = claim(ledger)
    complete(ledger, now=LATER)
    ledger.jobs.try_again(job_id, LOST, LATER, LATER)

    ledger.jobs.report(claim(ledger), result(), [], LATER)

    assert ledger.jobs.get(job_id).state is JobState.REPORTED


def test_a_job_waits_while_its_study_is_receiving_again(ledger: Ledger) -> None:
    """What is known of its completeness is no longer true."""
    queue(ledger)
    ledger.studies.record([instance(number=2)], LATER)

    assert ledger.jobs.claim(LATER) is None
    assert ledger.jobs.next_due() is None

    complete(ledger, now=LATER)
    assert claim(ledger)


@pytest.mark.parametrize("record", ENDINGS[:4])
def test_a_change_after_the_end_queues_the_job_anew(
    ledger: Ledger, record: Record
) -> None:
    """With all its attempts, and without the old reason."""
    queue(ledger)
    job_id = claim(ledger)
    record(ledger, job_id)

    complete(ledger, now=LATER)

    job = ledger.jobs.get(job_id)
    assert (job.state, job.attempts, job.reason) == (JobState.QUEUED, 0, "")
    assert job.ended_at is None


def test_a_late_image_makes_a_second_version(ledger: Ledger) -> None:
    """It knows the SR that it replaces; the first one's deliveries stay."""
    queue(ledger)
    job_id = claim(ledger)
    ledger.jobs.report(job_id, result("1"), [ARCHIVE], LATER)
    complete(ledger, now=LATER)
    again = ledger.jobs.get(claim(ledger))
    assert (again.version, again.sr_uid) == (1, "2.25.2.1")

    ledger.jobs.report(job_id, result("2"), [ARCHIVE], LATER)

    assert ledger.jobs.get(job_id).version == 2
    assert len(ledger.deliveries.of_job(job_id)) == 6


def test_a_job_is_sent_when_everything_is_delivered(ledger: Ledger) -> None:
    """And not one object earlier."""
    queue(ledger)
    job_id = claim(ledger)
    ledger.jobs.report(job_id, result(), [ARCHIVE], LATER)
    first, *others = ledger.deliveries.of_job(job_id)
    for delivery in others:
        ledger.deliveries.sent(delivery, 0, LATER)
    assert ledger.jobs.get(job_id).state is JobState.REPORTED

    ledger.deliveries.sent(first, 0, LATER)

    assert ledger.jobs.get(job_id).state is JobState.SENT


def test_unchanged_after_delivery_is_sent_at_once(ledger: Ledger) -> None:
    """The earlier objects stand, and they were sent."""
    queue(ledger)
    job_id = claim(ledger)
    ledger.jobs.report(job_id, result(), [ARCHIVE], LATER)
    send_all(ledger, job_id)
    complete(ledger, now=LATER)

    ledger.jobs.unchanged(claim(ledger), Unchanged("identity 1"), LATER)

    assert ledger.jobs.get(job_id).state is JobState.SENT


def test_a_version_that_nobody_took_does_not_hold_up_the_next(ledger: Ledger) -> None:
    """v1 was refused for good; v2 is delivered everywhere: the job is sent."""
    queue(ledger)
    job_id = claim(ledger)
    ledger.jobs.report(job_id, result("1"), [ARCHIVE], LATER)
    for delivery in ledger.deliveries.of_job(job_id):
        ledger.deliveries.failed(delivery, 0xA900, "refused", LATER)
    complete(ledger, now=LATER)
    ledger.jobs.report(claim(ledger), result("2"), [ARCHIVE], LATER)

    send_all(ledger, job_id)

    assert ledger.jobs.get(job_id).state is JobState.SENT


def test_a_version_that_is_still_on_its_way_holds_the_job(ledger: Ledger) -> None:
    """v2 is there, v1 is not yet: something is still to be done."""
    queue(ledger)
    job_id = claim(ledger)
    ledger.jobs.report(job_id, result("1"), [ARCHIVE], LATER)
    earlier = ledger.deliveries.of_job(job_id)
    complete(ledger, now=LATER)
    ledger.jobs.report(claim(ledger), result("2"), [ARCHIVE], LATER)
    for delivery in ledger.deliveries.of_job(job_id)[3:]:
        ledger.deliveries.sent(delivery, 0, LATER)
    assert ledger.jobs.get(job_id).state is JobState.REPORTED

    for delivery in earlier:
        ledger.deliveries.sent(delivery, 0, LATER)

    assert ledger.jobs.get(job_id).state is JobState.SENT


def test_attempts_are_kept_in_order_with_their_reasons(ledger: Ledger) -> None:
    """Even when they fall into the same microsecond."""
    [job] = queue(ledger)
    for reason in ("worker_died", "deadline_exceeded", "out_of_memory"):
        lost = replace(LOST, reason=reason)
        ledger.jobs.try_again(claim(ledger), lost, LATER, LATER)
    ledger.jobs.report(claim(ledger), result(), [], LATER)

    assert [a["outcome"] for a in ledger.jobs.attempts(job.job_id)] == [
        "worker_died",
        "deadline_exceeded",
        "out_of_memory",
        "report",
    ]


def test_running_jobs_are_found_by_the_next_process(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Nothing but the file is needed."""
    queue(ledger)
    job_id = claim(ledger)

    reopened = Ledger(tmp_path)

    assert [job.job_id for job in reopened.jobs.interrupted()] == [job_id]
    reopened.close()
