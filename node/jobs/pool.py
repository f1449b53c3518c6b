"""The dispatcher: claims jobs, has workers do them, has it recorded how each ended.

A thread steps ``tick``. The ledger alone knows the state of a job: what is claimed
is advanced only when its outcome is there, so that whatever dies, the job is found
again.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from node import log
from node.config import JobsSettings
from node.errors import JobError, LedgerError, StudyReopenedError
from node.jobs import worker
from node.jobs.forkserver import START_PATIENCE_S, kill_server, start_context
from node.jobs.job import Failed, JobRequest, Noticed, NoticeRequest
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.notices import Notices
from node.jobs.notify import notify
from node.jobs.outcomes import Outcomes, about
from node.jobs.pool_size import threads_of, usable_cores, workers_of
from node.jobs.slot import Ending, Perform, Slot, Worker
from node.processes import START_ERRORS, spared_from_signals

WATCH_S = 0.1
"""Seconds between two looks at the deadline and the memory of running jobs."""

IDLE_S = 60.0
"""Longest sleep when nothing runs and nothing is due."""

RETRY_S = 1.0
"""Pause after the ledger could not be written or no worker be started."""


class Pool:
    """Worker processes and the thread that feeds them.

    Parameters
    ----------
    make_request
        What a worker needs for the next attempt of a job.
    destinations
        Names under which each object is to be delivered.
    on_reported
        Called when there are new objects to deliver.
    models
        Models that the workers load at start, with their bundle folders.
    perform
        What a worker does with a request; a function of a module.
    notices
        Tells which studies want a notice; None: none do.
    on_recorded
        Called with a job's number when the ledger knows how an attempt ended.
    """

    def __init__(
        self,
        settings: JobsSettings,
        ledger: Ledger,
        *,
        make_request: Callable[[JobRow], JobRequest],
        destinations: Sequence[str] = (),
        on_reported: Callable[[], None] = lambda: None,
        models: Mapping[str, Path | None] | None = None,
        perform: Perform = worker.perform,
        notices: Notices | None = None,
        on_recorded: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._ledger = ledger
        self._make_request = make_request
        self._on_reported = on_reported
        self._models = dict(models or {})
        self._perform = perform
        self._notices = notices
        threads = threads_of(settings, usable_cores())
        self._settings = settings.model_copy(update={"threads": threads})
        self._slots: list[Slot] = []
        self._outcomes = Outcomes(
            self._settings,
            ledger,
            destinations=destinations,
            on_reported=on_reported,
            on_recorded=on_recorded,
            notices=notices,
        )
        self._log = log.get("jobs")
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._starting = threading.Lock()  # held while a worker is started
        self._thread = threading.Thread(target=self._run, name="pool")

    def start(self) -> None:
        """Recover what an earlier process left, and start the workers."""
        self.recover(datetime.now(UTC))
        self._thread.start()

    def wake(self) -> None:
        """Look at the ledger now: there may be a new job."""
        self._wake.set()

    def stop(self, patience_s: float = 10.0) -> None:
        """Take no new job, wait for the running ones, then end the workers.

        A job that does not end within ``patience_s`` is queued again, and this is
        none of its attempts. Workers that still start are not waited for.
        """
        self._stopping.set()
        self.wake()
        try:
            self._end_thread()
            self._drain(patience_s)
        finally:
            with ExitStack() as ends:
                for slot in self._slots:
                    ends.callback(self._end, slot)
            self._slots.clear()

    def recover(self, now: datetime) -> None:
        """Count a lost attempt for each job that a dead process left running."""
        lost = Failed("interrupted", "the node ended meanwhile", permanent=False)
        for job in self._nobodys():
            self._outcomes.lost(job, lost, now, wait=timedelta(0))

    def open(self) -> None:
        """Start the workers that are not there yet."""
        count = workers_of(self._settings, usable_cores())
        if len(self._slots) == count:
            return
        context = start_context(self._settings, self._models)

        def start() -> Worker:
            with self._starting, spared_from_signals():
                return Worker(context, self._models, self._settings, self.wake)

        while len(self._slots) < count and not self._stopping.is_set():
            self._slots.append(Slot(start, self._settings))

    @property
    def slots(self) -> Sequence[Slot]:
        """The places of the pool; none before ``open``."""
        return tuple(self._slots)

    def tick(self, now: datetime) -> None:
        """Record what ended, then give due jobs to idle slots, warm ones first.

        Raises
        ------
        sqlite3.Error
            The ledger cannot be written; nothing is lost, call again.
        OSError, EOFError, RuntimeError
            A worker cannot be started; the other slots were served, call again.
        """
        self._collect(now)
        self._find_lost(now)
        idle, failures = self._renewed()
        for slot in sorted(idle, key=lambda slot: not slot.is_warm):
            if self._submit_notice(slot, now):  # reads headers only
                continue
            job = self._ledger.jobs.claim(now)
            if job is None:
                break
            self._submit(slot, job, now)
        if failures:
            raise failures[0]

    def _renewed(self) -> tuple[list[Slot], list[Exception]]:
        """Return the idle slots that have a worker, and why the others have none."""
        idle: list[Slot] = []
        failures: list[Exception] = []
        for slot in self._slots:
            if slot.task is None:
                try:
                    slot.renew()
                    idle.append(slot)
                except START_ERRORS as error:
                    failures.append(error)
        return idle, failures

    def _nobodys(self) -> list[JobRow]:
        """Return the jobs that run by the ledger, but in no slot."""
        tasks = [slot.task for slot in self._slots]
        held = {task.job_id for task in tasks if isinstance(task, JobRow)}
        running = self._ledger.jobs.interrupted()
        return [job for job in running if job.job_id not in held]

    def _find_lost(self, now: datetime) -> None:
        """Count a lost attempt for each job that an error took between two records.

        It waits: at the moment of its claim, something was wrong.
        """
        lost = Failed("interrupted", "an error after the claim", permanent=False)
        for job in self._nobodys():
            self._outcomes.record(job, lost, now)

    def _collect(self, now: datetime) -> None:
        for slot in self._slots:
            ending = slot.ending(now)
            if ending is None:
                continue
            match slot.task:
                case JobRow() as job if not isinstance(ending, Noticed):
                    self._outcomes.record(job, ending, now)
                case NoticeRequest() as request:
                    self._record_notice(request, ending, now)
                case _:
                    pass  # no worker answers a job with a notice
            slot.release()

    def _submit_notice(self, slot: Slot, now: datetime) -> bool:
        """Have the next notice made, if one is due; tell whether it was."""
        request = self._notices.next(now) if self._notices else None
        if request is None:
            return False
        slot.submit(notify, request, request, now)
        return True

    def _record_notice(
        self, request: NoticeRequest, ending: Ending, now: datetime
    ) -> None:
        if self._notices is not None and self._notices.record(request, ending, now):
            self._on_reported()

    def _submit(self, slot: Slot, job: JobRow, now: datetime) -> None:
        request = self._requested(job, now)
        if request is None:
            return
        request = replace(request, threads=request.threads or self._settings.threads)
        about(job).info("job_started", attempt=job.attempts)
        slot.submit(self._perform, job, request, now)

    def _requested(self, job: JobRow, now: datetime) -> JobRequest | None:
        """Return what a worker needs; None when there is none and that is recorded."""
        try:
            return self._make_request(job)
        except sqlite3.Error:
            raise  # says nothing about the job: the next look finds it again
        except StudyReopenedError:
            self._ledger.jobs.give_back(job.job_id, "study_reopened", now)
            return None
        except JobError as error:
            outcome = Failed(error.reason, str(error), permanent=error.permanent)
        except LedgerError as error:
            outcome = Failed("no_complete_study", str(error))
        except Exception as error:  # noqa: BLE001 - the job's state is set from it
            kind = type(error).__name__
            outcome = Failed("internal_error", kind, permanent=False)
        self._outcomes.record(job, outcome, now)
        return None

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.open()
                self.tick(datetime.now(UTC))
                pause = self._pause(datetime.now(UTC))
            except Exception as error:  # noqa: BLE001 - the thread must never die silently
                if not self._stopping.is_set():  # which ends what is being started
                    self._log.error("pool_held_up", error=type(error).__name__)
                pause = RETRY_S
            self._wake.wait(pause)

    def _pause(self, now: datetime) -> float:
        """Return how long nothing will happen by itself, in seconds."""
        if any(slot.task is not None for slot in self._slots):
            return WATCH_S
        due = self._ledger.jobs.next_due()
        if due is None:
            return IDLE_S
        return min(max((due - now).total_seconds(), 0.0), IDLE_S)

    def _end_thread(self) -> None:
        """Wait for the thread, but not for the start of a worker."""
        while self._thread.is_alive():
            self._thread.join(START_PATIENCE_S)
            if self._thread.is_alive() and self._starting.locked():
                kill_server()

    def _end(self, slot: Slot) -> None:
        """End a slot's worker; a job that it was still doing is queued again."""
        slot.close()
        if not isinstance(slot.task, JobRow):
            return
        try:
            self._ledger.jobs.give_back(slot.task.job_id, "stopped", datetime.now(UTC))
        except (sqlite3.Error, LedgerError) as error:  # the next start finds the job
            self._log.error("job_not_given_back", error=type(error).__name__)

    def _drain(self, patience_s: float) -> None:
        """Record what still ends within ``patience_s``, if the ledger takes it."""
        until = time.monotonic() + patience_s
        while True:
            self._wake.clear()
            try:
                self._collect(datetime.now(UTC))
            except sqlite3.Error as error:  # the next start finds the job
                self._log.error("outcome_not_recorded", reason=type(error).__name__)
                return
            busy = any(slot.has_begun for slot in self._slots)
            if not busy or time.monotonic() > until:
                return
            self._wake.wait(WATCH_S)
