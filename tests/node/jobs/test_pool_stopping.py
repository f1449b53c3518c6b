"""The pool at its end, and at its next start."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import time
from datetime import UTC, datetime
from multiprocessing import forkserver
from pathlib import Path

import pytest

from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from node.signals import STOP_SIGNALS
from tests.node.jobs.ledger_stories import T0, queue
from tests.node.jobs.performers import load_for_ever
from tests.node.jobs.pools import MakePool, ended, finish, outcomes, wait_until


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
    wait_until(lambda: pool.slots[0].is_warm)

    pool.stop(patience_s=20)

    assert ledger.jobs.listing()[0].state is JobState.REPORTED


def test_stopping_ends_a_job_that_takes_too_long(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """Its worker is gone; the job is queued again with no attempt spent."""
    queue(ledger, models=["hang"])
    pool = build_pool()
    pool.start()
    wait_until(lambda: bool(pool.slots) and pool.slots[0].task is not None)
    wait_until(lambda: pool.slots[0].pid is not None)
    pid = pool.slots[0].pid
    assert pid is not None

    pool.stop(patience_s=0.1)

    wait_until(lambda: not Path(f"/proc/{pid}").exists())
    [job] = ledger.jobs.listing()
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert outcomes(ledger, job) == ["stopped"]


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_to_the_whole_group_costs_a_running_job_no_attempt(
    ledger: Ledger, build_pool: MakePool, number: signal.Signals
) -> None:
    """Service managers and Ctrl-C reach the server of the workers, too."""
    queue(ledger, models=["brief"])
    pool = build_pool()
    pool.start()
    wait_until(lambda: ledger.jobs.listing()[0].state is JobState.RUNNING)
    server = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]  # private

    os.kill(server, number)
    wait_until(lambda: ended(ledger))

    assert outcomes(ledger, ledger.jobs.listing()[0]) == ["report"]


def test_stopping_does_not_wait_for_a_worker_that_loads_its_models(
    ledger: Ledger, build_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process is killed; the job that waited for it has begun nothing."""
    monkeypatch.setattr("node.jobs.slot.warm", load_for_ever)
    queue(ledger, models=["fine"])
    pool = build_pool()
    pool.start()
    wait_until(lambda: ledger.jobs.listing()[0].state is JobState.RUNNING)
    workers = multiprocessing.active_children()
    assert workers

    started = time.monotonic()
    pool.stop(patience_s=20)

    assert time.monotonic() - started < 5
    wait_until(lambda: not any(worker.is_alive() for worker in workers))
    [job] = ledger.jobs.listing()
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)


def test_stopping_ends_the_workers_although_nothing_can_be_recorded(
    ledger: Ledger, build_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full: the next start finds the jobs, one ended and one not."""
    queue(ledger, models=["fine", "hang"])
    pool = build_pool(workers=2)
    pool.open()
    wait_until(lambda: all(slot.is_warm for slot in pool.slots))
    pool.tick(datetime.now(UTC))
    pids = [slot.pid for slot in pool.slots]

    def full(durable: bool = True) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as fault:
        fault.setattr(ledger.database, "write", full)
        pool.stop(patience_s=1)

    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))
    assert len(ledger.jobs.interrupted()) == 2
