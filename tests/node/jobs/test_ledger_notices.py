"""Which studies want a notice: as the ledger tells, and only once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from node.jobs.job import Failed, JobState, NotApplicable, ObjectFile
from node.jobs.ledger import Ledger
from node.jobs.ledger_notices import DueNotice
from tests.node.jobs.ledger_stories import T0, complete, instance, queue, result

ARCHIVE = "ARCHIVE@127.0.0.1:4242"
LATER = T0 + timedelta(minutes=1)
DAMAGED = Failed("pixels_damaged", "an image")

NOTICE = ObjectFile(
    kind="NOTICE",
    sop_class_uid="1.2.840.10008.5.1.4.1.1.88.11",
    sop_instance_uid="2.25.7",
    series_instance_uid="2.25.8",
    transfer_syntax_uid="1.2.840.10008.1.2.1",
    path=Path("results") / "notice.dcm",
    sha256="0" * 64,
)


def fail(ledger: Ledger, study: str = "1.1") -> int:
    """Claim the next job and let it fail for good."""
    job = ledger.jobs.claim(T0)
    assert job is not None
    assert job.study_instance_uid == study
    ledger.jobs.fail(job.job_id, DAMAGED, LATER)
    return job.job_id


def due(
    ledger: Ledger, expected: tuple[str, ...] = (), since: datetime = T0
) -> list[DueNotice]:
    """Return what is due, with three attempts for each."""
    return ledger.notices.due(expected, since, 3)


def test_a_failed_study_is_due_once_and_its_notice_is_delivered(ledger: Ledger) -> None:
    """The notice is an object of ours that goes where results go."""
    queue(ledger)
    job_id = fail(ledger)
    [notice] = due(ledger)
    assert notice.unread == ((job_id, "hippocampus", "pixels_damaged", 0),)
    assert notice.ended_at == LATER

    ledger.notices.made(job_id, NOTICE, [ARCHIVE], LATER)

    assert due(ledger) == []
    assert ledger.studies.is_own(NOTICE.sop_instance_uid)
    [delivery] = ledger.deliveries.of_job(job_id)
    assert (delivery.kind, delivery.destination) == ("NOTICE", ARCHIVE)


def test_a_notice_is_no_result(ledger: Ledger) -> None:
    """Its job stays failed when it is delivered, and the next result is the first."""
    queue(ledger)
    job_id = fail(ledger)
    ledger.notices.made(job_id, NOTICE, [ARCHIVE], LATER)
    [delivery] = ledger.deliveries.of_job(job_id)
    ledger.deliveries.sent(delivery, 0, LATER)
    job = ledger.jobs.get(job_id)
    assert (job.state, job.version) == (JobState.FAILED, 0)
    assert (job.identity, job.sr_uid) == (None, None)

    ledger.studies.record([instance(number=2)], LATER)
    complete(ledger, now=LATER)
    assert ledger.jobs.claim(LATER)
    ledger.jobs.report(job_id, result(), [], LATER)

    assert ledger.jobs.get(job_id).version == 1


def still_running(ledger: Ledger) -> None:
    """Another model of the study is not done yet."""
    queue(ledger, models=["hippocampus", "other"])
    fail(ledger)


def receiving_again(ledger: Ledger) -> None:
    """Another image came: the study is read anew."""
    queue(ledger)
    fail(ledger)
    ledger.studies.record([instance(number=2)], LATER)


def reported(ledger: Ledger) -> None:
    """Let it be read."""
    queue(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.report(job.job_id, result(), [], LATER)


def not_for_this_model(ledger: Ledger) -> None:
    """Nobody expected that the model reads it."""
    queue(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.refuse(job.job_id, NotApplicable("no_series_accepted", ""), LATER)


def tried_too_often(ledger: Ledger) -> None:
    """Three attempts to make it came to nothing."""
    queue(ledger)
    job_id = fail(ledger)
    for _ in range(3):
        ledger.notices.failed(job_id, "internal_error", LATER)


@pytest.mark.parametrize(
    "story",
    [still_running, receiving_again, reported, not_for_this_model, tried_too_often],
    ids=lambda story: story.__name__,
)
def test_no_notice_is_due(ledger: Ledger, story: Callable[[Ledger], None]) -> None:
    """As long as there may be a result, or where nobody waits for one."""
    story(ledger)

    assert due(ledger) == []


def test_a_model_that_was_expected_to_read_it_is_news(ledger: Ledger) -> None:
    """The setting ``expected`` of the model."""
    not_for_this_model(ledger)

    [notice] = due(ledger, expected=("hippocampus",))

    assert notice.unread[0].reason == "no_series_accepted"


def test_what_ended_long_ago_is_no_news(ledger: Ledger) -> None:
    """An upgrade of the node does not flood the archive."""
    queue(ledger)
    fail(ledger)

    assert due(ledger, since=LATER + timedelta(seconds=1)) == []


def test_a_later_failure_tells_of_the_result_that_stands(ledger: Ledger) -> None:
    """The notice does not say that the study was never read."""
    queue(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.report(job.job_id, result(), [], LATER)
    ledger.studies.record([instance(number=2)], LATER)
    complete(ledger, now=LATER)
    assert ledger.jobs.claim(LATER)
    ledger.jobs.fail(job.job_id, DAMAGED, LATER)

    [notice] = due(ledger)

    assert notice.unread[0].version == 1
