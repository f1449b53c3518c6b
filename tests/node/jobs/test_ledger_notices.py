"""Which studies want a notice: as the ledger tells, and only once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from node.jobs.job import Failed, JobState, NotApplicable, ObjectFile, Unchanged
from node.jobs.ledger import Ledger
from node.jobs.ledger_notices import NEWS, DueNotice, NoticePolicy
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
    return ledger.notices.due(NoticePolicy(expected, attempts=3), since + NEWS)


def make(ledger: Ledger, *destinations: str) -> None:
    """Have the notice made that is due."""
    [notice] = due(ledger)
    assert ledger.notices.made(notice, NOTICE, destinations or [ARCHIVE], LATER)


def read_again(ledger: Ledger, number: int = 2) -> int:
    """Let an image come and the study be complete; return the job that runs."""
    ledger.studies.record([instance(number=number)], LATER)
    complete(ledger, now=LATER)
    job = ledger.jobs.claim(LATER)
    assert job is not None
    return job.job_id


def on_their_way(ledger: Ledger) -> list[tuple[str, str]]:
    """Return kind and destination of every delivery that is pending."""
    return [
        (delivery.kind, delivery.destination)
        for deliveries in ledger.deliveries.by_job().values()
        for delivery in deliveries
        if delivery.state == "pending"
    ]


def test_a_failed_study_is_due_once_and_its_notice_is_delivered(ledger: Ledger) -> None:
    """The notice is an object of ours that goes where results go."""
    queue(ledger)
    job_id = fail(ledger)
    [notice] = due(ledger)
    assert notice.unread == ((job_id, "hippocampus", "pixels_damaged", 0),)
    assert notice.ended_at == LATER

    assert ledger.notices.made(notice, NOTICE, [ARCHIVE], LATER)

    assert due(ledger) == []
    assert ledger.studies.is_own(NOTICE.sop_instance_uid)
    [delivery] = ledger.deliveries.of_job(job_id)
    assert (delivery.kind, delivery.destination) == ("NOTICE", ARCHIVE)


def test_a_notice_is_no_result(ledger: Ledger) -> None:
    """Its job stays failed when it is delivered, and the next result is the first."""
    queue(ledger)
    job_id = fail(ledger)
    make(ledger)
    [delivery] = ledger.deliveries.of_job(job_id)
    ledger.deliveries.sent(delivery, 0, LATER)
    job = ledger.jobs.get(job_id)
    assert (job.state, job.version) == (JobState.FAILED, 0)
    assert (job.identity, job.sr_uid) == (None, None)

    ledger.jobs.report(read_again(ledger), result(), [], LATER)

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
    fail(ledger)
    for _ in range(3):
        ledger.notices.failed(due(ledger)[0], "internal_error", LATER)


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
    ledger.jobs.fail(read_again(ledger), DAMAGED, LATER)

    [notice] = due(ledger)

    assert notice.unread[0].version == 1


def is_received_again(ledger: Ledger) -> None:
    """Let an image come that may change everything."""
    ledger.studies.record([instance(number=2)], LATER)


def runs_again(ledger: Ledger) -> None:
    """Let the study be read once more."""
    read_again(ledger)


def has_a_result(ledger: Ledger) -> None:
    """Let the study be read after all."""
    ledger.jobs.report(read_again(ledger), result(), [ARCHIVE], LATER)


def failed_again(ledger: Ledger) -> None:
    """Let it fail for another reason than the notice says."""
    job_id = read_again(ledger)
    ledger.jobs.fail(job_id, Failed("gantry_tilt", ""), LATER + timedelta(minutes=1))


@pytest.mark.parametrize(
    "meanwhile",
    [is_received_again, runs_again, has_a_result, failed_again],
    ids=lambda story: story.__name__,
)
def test_what_is_not_due_any_more_is_not_delivered(
    ledger: Ledger, meanwhile: Callable[[Ledger], None]
) -> None:
    """A notice takes time to make, and the study may have gone on."""
    queue(ledger)
    fail(ledger)
    [notice] = due(ledger)
    meanwhile(ledger)
    before = on_their_way(ledger)

    assert not ledger.notices.made(notice, NOTICE, [ARCHIVE], LATER)

    assert on_their_way(ledger) == before
    assert not ledger.studies.is_own(NOTICE.sop_instance_uid)


@pytest.mark.parametrize("stands", [False, True], ids=["reported", "unchanged"])
def test_a_result_withdraws_the_notice_that_still_waits(
    ledger: Ledger, stands: bool
) -> None:
    """Nobody reads "not read" beside a result; nobody has seen it, so it never was."""
    queue(ledger)
    if stands:
        job = ledger.jobs.claim(T0)
        assert job is not None
        ledger.jobs.report(job.job_id, result(), [], T0)
        ledger.jobs.fail(read_again(ledger), DAMAGED, LATER)
    else:
        fail(ledger)
    make(ledger)

    job_id = read_again(ledger, number=3)
    if stands:
        ledger.jobs.unchanged(job_id, Unchanged("identity 1"), LATER)
    else:
        ledger.jobs.report(job_id, result(), [], LATER)

    assert on_their_way(ledger) == []
    ledger.jobs.fail(read_again(ledger, number=4), DAMAGED, LATER)
    assert len(due(ledger)) == 1


def test_a_notice_that_was_sent_stays(ledger: Ledger) -> None:
    """It is withdrawn where it still waits; there is no second one."""
    queue(ledger)
    job_id = fail(ledger)
    make(ledger, ARCHIVE, "VIEW@127.0.0.1:104")
    first, _ = ledger.deliveries.of_job(job_id)
    ledger.deliveries.sent(first, 0, LATER)

    ledger.jobs.report(read_again(ledger), result(), [], LATER)

    [notice] = ledger.deliveries.of_job(job_id)
    assert (notice.kind, notice.state) == ("NOTICE", "sent")
    assert ledger.studies.is_own(NOTICE.sop_instance_uid)
    ledger.jobs.fail(read_again(ledger, number=3), DAMAGED, LATER)
    assert due(ledger) == []


def test_only_the_notice_of_the_study_is_withdrawn(ledger: Ledger) -> None:
    """Results that wait, and the notices of others, are left alone."""
    queue(ledger)
    fail(ledger)
    make(ledger)
    queue(ledger, "1.2")
    job = ledger.jobs.claim(LATER)
    assert job is not None

    ledger.jobs.report(job.job_id, result(kinds=["SR"]), [ARCHIVE], LATER)

    assert on_their_way(ledger) == [("NOTICE", ARCHIVE), ("SR", ARCHIVE)]


def test_it_is_known_whether_another_model_has_read_the_study(ledger: Ledger) -> None:
    """The notice must not say that the study was not read at all."""
    queue(ledger, models=["other", "hippocampus"])
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.report(job.job_id, result(), [], T0)
    fail(ledger)
    queue(ledger, "1.2")
    fail(ledger, "1.2")

    assert [notice.read_by_others for notice in due(ledger)] == [True, False]


def test_an_earlier_result_of_the_same_model_is_none_of_another(ledger: Ledger) -> None:
    """The notice says of it that it is out of date."""
    queue(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    ledger.jobs.report(job.job_id, result(), [], T0)
    ledger.jobs.fail(read_again(ledger), DAMAGED, LATER)

    [notice] = due(ledger)

    assert not notice.read_by_others
