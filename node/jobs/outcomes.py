"""How attempts ended, written into the ledger: reported, again later, or failed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from node import log
from node.config import JobsSettings
from node.errors import LedgerError
from node.jobs.backoff import Backoff
from node.jobs.job import (
    NO_SPACE,
    Failed,
    NotApplicable,
    Outcome,
    Reported,
    Unchanged,
)
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.notices import Notices

NO_SPACE_WAIT = timedelta(seconds=30)
"""Until a job for whose objects the disk had no room is tried again, at first."""

NO_SPACE_LONGEST = timedelta(minutes=10)
"""The same while the disk goes on to take nothing: each try is a whole inference."""


class Outcomes:
    """Writes down how an attempt ended, and tells those who wait for it.

    Parameters
    ----------
    settings
        How often and after which time a job is tried again.
    destinations, on_reported, on_recorded, notices
        As in ``Pool``.
    """

    def __init__(
        self,
        settings: JobsSettings,
        ledger: Ledger,
        *,
        destinations: Sequence[str],
        on_reported: Callable[[], None],
        on_recorded: Callable[[int], None],
        notices: Notices | None,
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._destinations = tuple(destinations)
        self._on_reported = on_reported
        self._on_recorded = on_recorded
        self._notices = notices
        self._room = Backoff(NO_SPACE_WAIT, NO_SPACE_LONGEST)

    def record(self, job: JobRow, outcome: Outcome, now: datetime) -> None:
        """Write the outcome; one that the ledger will never take fails the job.

        Raises
        ------
        sqlite3.Error
            The ledger cannot be written; the job runs on by its word.
        """
        try:
            self._write(job, outcome, now)
        except sqlite3.IntegrityError as error:  # such as a UID that is taken
            self.lost(job, Failed("result_conflict", type(error).__name__), now)
        except LedgerError as error:  # not running: somebody ended it meanwhile
            about(job).error("outcome_not_recorded", reason=str(error))
        if self._notices is not None:
            self._notices.job_ended()
        self._on_recorded(job.job_id)

    def lost(
        self,
        job: JobRow,
        outcome: Failed,
        now: datetime,
        wait: timedelta | None = None,
    ) -> None:
        """Try again later, unless it is of no use or the attempts are spent.

        Parameters
        ----------
        wait
            Until the next attempt; None: as the settings say.
        """
        event = about(job).bind(reason=outcome.reason)
        if outcome.reason == NO_SPACE:  # the study is sound, and the disk is watched
            due = now + self._room.wait(now)
            self._ledger.jobs.give_back(job.job_id, NO_SPACE, now, not_before=due)
            event.error("job_waits_for_room")
            return
        if outcome.permanent or job.attempts >= self._settings.attempts:
            self._ledger.jobs.fail(job.job_id, outcome, now)
            event.error("job_failed", attempts=job.attempts)
            return
        if wait is None:
            wait = timedelta(seconds=self._settings.backoff_s) * 2 ** (job.attempts - 1)
        self._ledger.jobs.try_again(job.job_id, outcome, now + wait, now)
        event.warning("job_postponed", attempts=job.attempts)

    def _write(self, job: JobRow, outcome: Outcome, now: datetime) -> None:
        jobs = self._ledger.jobs
        match outcome:
            case Reported():
                jobs.report(job.job_id, outcome, self._destinations, now)
                self._room.reset()
                about(job).info("job_reported", **_millis(outcome))
                self._on_reported()
            case Unchanged():
                jobs.unchanged(job.job_id, outcome, now)
                about(job).info("job_unchanged")
            case NotApplicable():
                jobs.refuse(job.job_id, outcome, now)
                about(job).info("job_not_applicable", reason=outcome.reason)
            case Failed():
                self.lost(job, outcome, now)


def about(job: JobRow) -> structlog.stdlib.BoundLogger:
    """Return a logger that names a job, and its study by a hash."""
    study = log.hashed(job.study_instance_uid)
    return log.get("jobs").bind(job=job.job_id, study=study)


def _millis(outcome: Reported) -> dict[str, int]:
    return {f"{k}_ms": round(v * 1000) for k, v in outcome.timings_s.items()}
