"""The pool with real worker processes, and with every way in which one can fail."""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta

import pytest

from node.errors import JobError, StudyReopenedError
from node.jobs.job import Failed, JobRequest, JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from tests.node.jobs.ledger_stories import T0, complete, instance, queue
from tests.node.jobs.pools import (
    MakePool,
    ended,
    finish,
    outcomes,
    step,
    wait_until,
)


def test_a_queued_job_is_reported_with_one_delivery_per_destination(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """The way without trouble, in another process."""
    queue(ledger, models=["fine"])

    job = finish(ledger, build_pool())["fine"]

    assert job.state is JobState.REPORTED
    assert int(job.summary["pid"]) != os.getpid()
    assert [d.destination for d in ledger.deliveries.of_job(job.job_id)] == [
        "ARCHIVE@127.0.0.1:4242"
    ]


@pytest.mark.parametrize(
    ("model", "state", "reason"),
    [
        ("refuse", JobState.NOT_APPLICABLE, "no_series_accepted"),
        ("permanent", JobState.FAILED, "identity_conflict"),
        ("unchanged", JobState.REPORTED, "unchanged"),
    ],
)
def test_an_outcome_of_the_worker_is_recorded_after_one_attempt(
    ledger: Ledger, build_pool: MakePool, model: str, state: JobState, reason: str
) -> None:
    """What the worker says for good is not tried again."""
    queue(ledger, models=[model])

    job = finish(ledger, build_pool())[model]

    assert (job.state, job.reason, job.attempts) == (state, reason, 1)


@pytest.mark.parametrize(
    ("model", "reason", "limits"),
    [
        ("crash", "worker_died", {}),
        ("hang", "deadline_exceeded", {"deadline_s": 2.0}),
        ("eat", "out_of_memory", {"memory_limit_mib": 600}),
        ("raise", "internal_error", {}),
        ("transient", "out_of_memory", {}),
    ],
)
def test_a_fault_costs_only_its_own_job_an_attempt(
    ledger: Ledger,
    build_pool: MakePool,
    model: str,
    reason: str,
    limits: dict[str, float],
) -> None:
    """Two attempts with the fault's reason; the others are reported meanwhile."""
    queue(ledger, "1.1", models=["fine"])
    queue(ledger, "1.2", models=[model])
    queue(ledger, "1.3", models=["brief"])
    pool = build_pool(workers=2, attempts=2, **limits)

    jobs = finish(ledger, pool)

    assert jobs[model].state is JobState.FAILED
    assert jobs[model].reason == reason
    assert outcomes(ledger, jobs[model]) == [reason, reason]
    for other in ("fine", "brief"):
        assert jobs[other].state is JobState.REPORTED
        assert jobs[other].attempts == 1


def test_the_text_of_an_unforeseen_error_stays_in_the_worker(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """It may hold a patient's name; its type does not."""
    queue(ledger, models=["raise"])

    job = finish(ledger, build_pool(attempts=1))["raise"]

    assert job.detail == "PatientError"


def test_death_between_writing_and_recording_gives_one_result(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """The rebuilt objects take the place of the lost attempt's."""
    queue(ledger, models=["crash_once"])

    job = finish(ledger, build_pool())["crash_once"]

    assert outcomes(ledger, job) == ["worker_died", "report"]
    assert job.version == 1
    assert len(ledger.deliveries.of_job(job.job_id)) == 1


def test_a_result_that_the_ledger_refuses_fails_its_job(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """It does not hold up the slot for ever: the next job is reported."""
    for study, model in (("1.1", "clash"), ("1.2", "clash"), ("1.3", "fine")):
        queue(ledger, study, models=[model])

    finish(ledger, build_pool())

    assert [(job.state, job.reason) for job in ledger.jobs.listing()] == [
        (JobState.REPORTED, ""),
        (JobState.FAILED, "result_conflict"),
        (JobState.REPORTED, ""),
    ]


def test_an_outcome_of_a_job_that_has_ended_is_left_out(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """The first record stands, and the slot is free for the next job."""
    [job] = queue(ledger, models=["brief"])
    pool = build_pool()
    pool.open()
    pool.tick(datetime.now(UTC))
    ledger.jobs.fail(job.job_id, Failed("retracted", ""), datetime.now(UTC))

    step(pool, lambda: pool.slots[0].task is None)

    assert ledger.jobs.get(job.job_id).reason == "retracted"


def test_a_worker_killed_while_idle_costs_no_attempt(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """The next job finds a new worker."""
    queue(ledger, "1.1", models=["fine"])
    pool = build_pool()
    first = finish(ledger, pool)["fine"]
    os.kill(int(first.summary["pid"]), signal.SIGKILL)
    time.sleep(0.2)  # until the executor has seen it

    queue(ledger, "1.2", models=["other"])
    pool.wake()
    wait_until(lambda: ended(ledger))

    job = ledger.jobs.listing("1.2")[0]
    assert (job.state, job.attempts) == (JobState.REPORTED, 1)
    assert job.summary["pid"] != first.summary["pid"]


def test_a_worn_worker_is_replaced_between_jobs(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """After ``recycle_after`` jobs another process does the next."""
    pool = build_pool(recycle_after=2)
    pool.open()
    pids: list[str] = []
    for number in range(4):
        if number == 2:  # the successor stands by for a moment before it takes over
            step(pool, lambda: str(pool.slots[0].pid) not in {*pids, "None"})
        queue(ledger, f"1.{number}", models=["fine"])
        step(pool, lambda: ended(ledger))
        pids.append(ledger.jobs.listing(f"1.{number}")[0].summary["pid"])

    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_job_that_is_not_due_is_left_alone(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """Time is an argument: a second earlier nothing happens."""
    queue(ledger, models=["fine"])
    pool = build_pool()
    pool.open()

    pool.tick(T0 - timedelta(seconds=1))

    assert pool.slots[0].task is None


def test_a_job_whose_study_reopened_waits_without_losing_an_attempt(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """It runs when the study is complete again."""
    queue(ledger, models=["fine"])
    pool = build_pool()
    make_request = pool._make_request

    def reopened(job: JobRow) -> JobRequest:
        ledger.studies.record([instance(number=9)], T0)
        raise StudyReopenedError("an image arrived")

    pool._make_request = reopened
    pool.open()
    pool.tick(datetime.now(UTC))
    [job] = ledger.jobs.listing()
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)

    pool._make_request = make_request
    complete(ledger, models=["fine"])
    assert finish(ledger, pool)["fine"].state is JobState.REPORTED


def test_a_study_that_lacks_a_file_fails_by_name_after_its_attempts(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """A file may be there again at the next; the model is never asked."""
    queue(ledger, models=["fine"])
    pool = build_pool(attempts=3)

    def lacking(job: JobRow) -> JobRequest:
        raise JobError(
            "file_missing", "1 received images have no file", permanent=False
        )

    pool._make_request = lacking

    job = finish(ledger, pool)["fine"]

    assert (job.state, job.reason) == (JobState.FAILED, "file_missing")
    assert outcomes(ledger, job) == ["file_missing"] * 3


def test_waking_starts_a_job_in_milliseconds(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """A warm pool does not poll the ledger: it is told."""
    pool = build_pool()
    pool.start()
    wait_until(lambda: bool(pool.slots) and pool.slots[0].is_warm)
    queue(ledger, models=["fine"])

    started = time.monotonic()
    pool.wake()
    wait_until(lambda: ended(ledger))

    assert time.monotonic() - started < 1.0


def test_a_study_that_changes_while_it_is_read_is_read_again(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """The late image is in the second version."""
    queue(ledger, models=["brief"])
    pool = build_pool()
    pool.start()
    wait_until(lambda: pool.slots != () and pool.slots[0].task is not None)
    ledger.studies.record([instance(number=2)], T0)
    complete(ledger, models=["brief"])

    wait_until(lambda: ledger.jobs.listing()[0].version == 2)
