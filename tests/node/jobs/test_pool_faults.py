"""Errors between a job's claim and its outcome: none leaves it running for nobody."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from node.jobs.slot import Worker
from tests.node.jobs.ledger_stories import T0, queue
from tests.node.jobs.pools import MakePool, finish, outcomes


def failing_first(call: Callable[..., Any], error: Exception) -> Callable[..., Any]:
    """Return a function whose first call raises."""
    errors = [error]

    def called(*arguments: Any) -> Any:
        if errors:
            raise errors.pop()
        return call(*arguments)

    return called


def test_a_job_that_no_worker_took_is_tried_again(
    ledger: Ledger, build_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit of threads, which passes."""
    error = RuntimeError("can't start new thread")
    monkeypatch.setattr(Worker, "submit", failing_first(Worker.submit, error))
    queue(ledger, models=["fine"])

    job = finish(ledger, build_pool())["fine"]

    assert outcomes(ledger, job) == ["no_worker", "report"]


def test_a_job_whose_study_could_not_be_looked_up_is_tried_again(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """The ledger could be read again a second later, by the same process."""
    queue(ledger, models=["fine"])
    pool = build_pool()
    error = sqlite3.OperationalError("disk I/O error")
    pool._make_request = failing_first(pool._make_request, error)

    job = finish(ledger, pool)["fine"]

    assert outcomes(ledger, job) == ["interrupted", "report"]


def test_a_job_that_was_lost_waits_before_its_next_attempt(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """The look that finds it does not claim it: what was wrong may be so still."""
    [job] = queue(ledger, models=["fine"])
    pool = build_pool(backoff_s=5.0)
    pool.open()
    error = sqlite3.OperationalError("disk I/O error")
    pool._make_request = failing_first(pool._make_request, error)
    with pytest.raises(sqlite3.OperationalError):
        pool.tick(T0)

    pool.tick(T0)

    assert ledger.jobs.get(job.job_id).state is JobState.QUEUED
    assert ledger.jobs.next_due() == T0 + timedelta(seconds=5)


def test_a_job_of_which_no_request_can_be_made_fails_by_name(
    ledger: Ledger, build_pool: MakePool
) -> None:
    """It holds up no other, and an error of ours is not repeated for ever."""
    queue(ledger, "1.1", models=["fine"])
    queue(ledger, "1.2", models=["other"])
    pool = build_pool(attempts=2)
    make = pool._make_request

    def stumble(job: Any) -> Any:
        if job.model == "fine":
            raise ValueError("Doe^John")
        return make(job)

    pool._make_request = stumble

    jobs = finish(ledger, pool)

    assert outcomes(ledger, jobs["fine"]) == ["internal_error"] * 2
    assert jobs["fine"].detail == "ValueError"
    assert jobs["other"].state is JobState.REPORTED


def test_a_worker_that_cannot_be_started_keeps_no_job_from_the_others(
    ledger: Ledger, build_pool: MakePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process too many for the machine: the rest of the pool works."""
    pool = build_pool(workers=2)
    pool.open()
    without, other = pool.slots
    without.close()

    def refuse() -> Worker:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(without, "_start", refuse)
    queue(ledger, models=["fine"])

    with pytest.raises(BlockingIOError):
        pool.tick(T0)

    assert without.task is None
    assert other.task is not None
