"""The pool with real worker processes, and with every way in which one can fail."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.config import JobsSettings
from node.jobs.job import Failed, JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.pool import Pool
from tests.node.jobs.ledger_stories import T0, complete, instance, queue, request
from tests.node.jobs.performers import act

MakePool = Callable[..., Pool]


def jobs_settings(**settings: float) -> JobsSettings:
    """Return settings for one worker and short waits, changed by ``settings``."""
    given = {"workers": 1, "backoff_s": 0.05, "device": "cpu"} | settings
    return JobsSettings.model_validate(given)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return an empty ledger."""
    ledger = Ledger(tmp_path)
    yield ledger
    ledger.close()


@pytest.fixture
def build_pool(ledger: Ledger, tmp_path: Path) -> Iterator[MakePool]:
    """Return a maker of pools over the ledger; they are stopped at the end."""
    pools: list[Pool] = []

    def build(**settings: float) -> Pool:
        pool = Pool(
            jobs_settings(**settings),
            ledger,
            make_request=lambda job: request(job, ledger, tmp_path / "results"),
            destinations=["ARCHIVE@127.0.0.1:4242"],
            perform=act,
        )
        pools.append(pool)
        return pool

    yield build
    for pool in pools:
        pool.stop(patience_s=0)


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for something that other threads bring about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def ended(ledger: Ledger) -> bool:
    """Return whether every job has an outcome."""
    open_states = {JobState.QUEUED, JobState.RUNNING}
    return all(job.state not in open_states for job in ledger.jobs.listing())


def finish(ledger: Ledger, pool: Pool) -> dict[str, JobRow]:
    """Run the pool until every job has an outcome; return them by model."""
    pool.start()
    wait_until(lambda: ended(ledger))
    return {job.model: job for job in ledger.jobs.listing()}


def outcomes(ledger: Ledger, job: JobRow) -> list[str]:
    """Return how each attempt of a job ended."""
    return [attempt["outcome"] for attempt in ledger.jobs.attempts(job.job_id)]


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

    step(pool, lambda: pool.slots[0].job is None)

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


def step(
    pool: Pool, condition: Callable[[], bool], now: datetime | None = None
) -> None:
    """Step the pool by hand until something has come about."""

    def stepped() -> bool:
        pool.tick(now or datetime.now(UTC))
        return condition()

    wait_until(stepped)


def test_waits_double_between_attempts(ledger: Ledger, build_pool: MakePool) -> None:
    """5 s, then 10 s, then the job has failed: stepped in frozen time."""
    queue(ledger, models=["transient"])
    pool = build_pool(backoff_s=5.0, attempts=3)
    pool.open()
    now, waits = T0, []
    for _ in range(2):
        now = tick_until_idle(ledger, pool, now)
        due = ledger.jobs.next_due()
        assert due is not None
        waits.append((due - now).total_seconds())
        now = due
    tick_until_idle(ledger, pool, now)

    assert waits == [5.0, 10.0]
    assert ledger.jobs.listing()[0].state is JobState.FAILED


def tick_until_idle(ledger: Ledger, pool: Pool, now: datetime) -> datetime:
    """Tick at one moment until the claimed job has ended; return the moment."""
    pool.tick(now)
    assert ledger.jobs.listing()[0].state is JobState.RUNNING
    step(pool, lambda: pool.slots[0].job is None, now)
    return now


def test_a_job_that_is_not_due_is_left_alone(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """Time is an argument: a second earlier nothing happens."""
    queue(ledger, models=["fine"])
    pool = build_pool()
    pool.open()

    pool.tick(T0 - timedelta(seconds=1))

    assert pool.slots[0].job is None


def test_jobs_of_a_dead_process_are_tried_again_at_start(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """What was running when the node died is done by the next one."""
    queue(ledger, models=["fine"])
    ledger.jobs.claim(T0)

    job = finish(ledger, build_pool())["fine"]

    assert outcomes(ledger, job) == ["interrupted", "report"]


def test_a_job_that_ends_the_node_every_time_fails(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """It does not take the node down for ever."""
    [job] = queue(ledger, models=["poison"])
    now = datetime.now(UTC)
    for _ in range(3):
        build_pool(attempts=3).recover(now)
        ledger.jobs.claim(now)

    build_pool(attempts=3).recover(now)

    job = ledger.jobs.get(job.job_id)
    assert (job.state, job.reason) == (JobState.FAILED, "interrupted")
    assert len(ledger.jobs.attempts(job.job_id)) == 3


def test_stopping_waits_for_a_running_job(ledger: Ledger, build_pool: MakePool) -> None:
    """A job that ends in time is recorded."""
    queue(ledger, models=["brief"])
    pool = build_pool()
    pool.start()
    wait_until(lambda: ledger.jobs.listing()[0].state is JobState.RUNNING)

    pool.stop(patience_s=20)

    assert ledger.jobs.listing()[0].state is JobState.REPORTED


def test_stopping_ends_a_job_that_takes_too_long(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """Its worker is gone; the job is queued again with no attempt spent."""
    queue(ledger, models=["hang"])
    pool = build_pool()
    pool.start()
    wait_until(lambda: bool(pool.slots) and pool.slots[0].job is not None)
    wait_until(lambda: pool.slots[0].pid is not None)
    pid = pool.slots[0].pid
    assert pid is not None

    pool.stop(patience_s=0.1)

    wait_until(lambda: not Path(f"/proc/{pid}").exists())
    [job] = ledger.jobs.listing()
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert outcomes(ledger, job) == ["stopped"]


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
    wait_until(lambda: pool.slots != () and pool.slots[0].job is not None)
    ledger.studies.record([instance(number=2)], T0)
    complete(ledger, models=["brief"])

    wait_until(lambda: ledger.jobs.listing()[0].version == 2)
