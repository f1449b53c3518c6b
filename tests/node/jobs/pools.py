"""Pools to test with: short waits, and steps by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from node.config import JobsSettings
from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.pool import Pool

MakePool = Callable[..., Pool]


def jobs_settings(**settings: float) -> JobsSettings:
    """Return settings for one worker and short waits, changed by ``settings``."""
    given = {"workers": 1, "backoff_s": 0.05, "device": "cpu"} | settings
    return JobsSettings.model_validate(given)


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


def step(
    pool: Pool, condition: Callable[[], bool], now: datetime | None = None
) -> None:
    """Step the pool by hand until something has come about."""

    def stepped() -> bool:
        pool.tick(now or datetime.now(UTC))
        return condition()

    wait_until(stepped)
