"""How attempts end, by the ledger: again after a while, failed, or waiting for room."""

from __future__ import annotations

from datetime import datetime

from node.config import JobsSettings
from node.jobs.job import NO_SPACE, Failed, JobState, Outcome
from node.jobs.ledger import Ledger
from node.jobs.outcomes import NO_SPACE_WAIT, Outcomes
from tests.node.jobs.ledger_stories import T0, queue, result

LOST = Failed("worker_died", "", permanent=False)
FULL = Failed(NO_SPACE, "OSError", permanent=False)


def outcomes_of(ledger: Ledger, **settings: float) -> Outcomes:
    """Return what writes into the ledger, and tells nobody."""
    return Outcomes(
        JobsSettings.model_validate(settings),
        ledger,
        destinations=(),
        on_reported=lambda: None,
        on_recorded=lambda _: None,
        notices=None,
    )


def attempt(
    ledger: Ledger, outcomes: Outcomes, outcome: Outcome, now: datetime
) -> datetime | None:
    """Claim a job at one moment and have its outcome recorded; return who is due."""
    job = ledger.jobs.claim(now)
    assert job is not None
    outcomes.record(job, outcome, now)
    return ledger.jobs.next_due()


def test_waits_double_between_attempts(ledger: Ledger) -> None:
    """And after the last attempt the job has failed."""
    queue(ledger)
    outcomes = outcomes_of(ledger, backoff_s=5.0, attempts=3)
    now, waits = T0, []
    while due := attempt(ledger, outcomes, LOST, now):
        waits.append((due - now).total_seconds())
        now = due

    assert waits == [5.0, 10.0]
    assert ledger.jobs.listing()[0].state is JobState.FAILED


def test_a_full_disk_costs_no_attempt(ledger: Ledger) -> None:
    """The study is sound: it waits for room, longer each time that there is none."""
    queue(ledger)
    outcomes = outcomes_of(ledger, attempts=1)
    now = T0
    for doubled in (1, 2, 4):
        due = attempt(ledger, outcomes, FULL, now)
        assert due is not None
        assert due - now == NO_SPACE_WAIT * doubled
        now = due

    [job] = ledger.jobs.listing()
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)


def test_a_result_that_was_written_ends_the_long_waits_for_room(
    ledger: Ledger,
) -> None:
    """The disk takes something again: the next full one is a new one."""
    queue(ledger)
    outcomes = outcomes_of(ledger)
    attempt(ledger, outcomes, FULL, T0)
    queue(ledger, "1.2")
    attempt(ledger, outcomes, result(), T0)
    now = T0 + NO_SPACE_WAIT

    assert attempt(ledger, outcomes, FULL, now) == now + NO_SPACE_WAIT
