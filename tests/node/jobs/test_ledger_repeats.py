"""Jobs and deliveries that somebody wants once more."""

from __future__ import annotations

import pytest

from node.jobs.job import Failed, JobState, NotApplicable
from node.jobs.ledger import Ledger
from node.jobs.ledger_retractions import Retraction
from tests.node.jobs.ledger_stories import T0, instance, queue, result, spooled

ARCHIVE = "ARCHIVE@127.0.0.1:4242"


def ended(ledger: Ledger, state: JobState) -> int:
    """Bring a job into a state; return its number."""
    (job,) = queue(ledger)
    if state is not JobState.QUEUED:
        ledger.jobs.claim(T0)
    if state is JobState.FAILED:
        ledger.jobs.fail(job.job_id, Failed("worker_died", ""), T0)
    elif state is JobState.NOT_APPLICABLE:
        ledger.jobs.refuse(job.job_id, NotApplicable("none", ""), T0)
    elif state in {JobState.REPORTED, JobState.SENT}:
        ledger.jobs.report(job.job_id, result(), [ARCHIVE], T0)
    if state is JobState.SENT:
        deliver(ledger)
    assert ledger.jobs.get(job.job_id).state is state
    return job.job_id


def deliver(ledger: Ledger) -> None:
    """Let the archive take what is due."""
    for delivery in ledger.deliveries.due(ARCHIVE, T0):
        ledger.deliveries.sent(delivery, 0, T0)


@pytest.mark.parametrize(
    "state",
    [JobState.FAILED, JobState.NOT_APPLICABLE, JobState.REPORTED, JobState.SENT],
)
def test_a_job_that_ended_is_queued_anew(ledger: Ledger, state: JobState) -> None:
    """With all its attempts, and due at once."""
    job_id = ended(ledger, state)

    assert ledger.repeats.queue_again([job_id], T0) == [job_id]

    job = ledger.jobs.get(job_id)
    assert (job.state, job.attempts, job.reason) == (JobState.QUEUED, 0, "")
    claimed = ledger.jobs.claim(T0)
    assert claimed is not None


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
def test_a_job_that_is_under_way_is_left_alone(ledger: Ledger, state: JobState) -> None:
    """Whoever has it brings it to its end."""
    job_id = ended(ledger, state)

    assert ledger.repeats.queue_again([job_id], T0) == []
    assert ledger.jobs.get(job_id).state is state


def test_a_study_that_is_received_is_left_alone(ledger: Ledger) -> None:
    """Its jobs are queued when it is complete."""
    job_id = ended(ledger, JobState.FAILED)
    ledger.studies.record([spooled(ledger, instance(number=2))], T0)

    assert ledger.repeats.queue_again([job_id], T0) == []


def test_what_failed_is_offered_as_if_it_were_new(ledger: Ledger) -> None:
    """Due at once, with all its attempts; the others stay as they are."""
    job_id = ended(ledger, JobState.REPORTED)
    first, *_ = ledger.deliveries.due(ARCHIVE, T0)
    ledger.deliveries.failed(first, 0xA900, "refused", T0)

    assert ledger.repeats.offer_again([first.delivery_id], T0) == [first.delivery_id]

    again = ledger.deliveries.of_job(job_id)[0]
    assert (again.state, again.attempts, again.status) == ("pending", 0, None)
    assert ledger.deliveries.due(ARCHIVE, T0)[0].delivery_id == first.delivery_id


def test_a_job_that_was_sent_is_reported_until_all_is_there_again(
    ledger: Ledger,
) -> None:
    """Then it is sent, as before."""
    job_id = ended(ledger, JobState.SENT)
    numbers = [each.delivery_id for each in ledger.deliveries.of_job(job_id)]

    ledger.repeats.offer_again(numbers, T0)
    between = ledger.jobs.get(job_id).state
    deliver(ledger)

    assert between is JobState.REPORTED
    assert ledger.jobs.get(job_id).state is JobState.SENT


def test_what_was_taken_back_is_not_offered(ledger: Ledger) -> None:
    """Not even by somebody who saw it before it was."""
    job_id = ended(ledger, JobState.SENT)
    numbers = [each.delivery_id for each in ledger.deliveries.of_job(job_id)]
    ledger.retractions.take_back([(1, Retraction("113001", "", T0))], T0)

    assert ledger.repeats.offer_again(numbers, T0) == []
    assert ledger.jobs.get(job_id).state is JobState.SENT
