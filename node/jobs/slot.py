"""A place in the pool: one worker process, and the one task that it is doing.

Each slot has an executor of its own. When the process of an executor is killed, all
its futures are lost: with one slot per executor that is one job.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from node.config import JobsSettings
from node.jobs.job import Failed, JobRequest, Noticed, NoticeRequest, Outcome
from node.jobs.ledger_jobs import JobRow
from node.jobs.stage import name_of, shared_stage, tell_through
from node.jobs.worker import warm
from node.processes import end_at_once, let_end, live_with_parent

Perform = Callable[[JobRequest], Outcome]

PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20


class Worker:
    """One process, warm as soon as it has loaded the models.

    Parameters
    ----------
    context
        How the process is started.
    bundles
        Models to load at once, with their bundle folders.
    settings
        How the models will compute.
    on_change
        Called from another thread when the process is warm and when a job ends.
    """

    def __init__(
        self,
        context: BaseContext,
        bundles: Mapping[str, Path | None],
        settings: JobsSettings,
        on_change: Callable[[], None],
    ) -> None:
        self.jobs = 0
        self._on_change = on_change
        self._stage = shared_stage(context)
        self._executor = ProcessPoolExecutor(
            1,
            mp_context=context,
            initializer=_begin,
            initargs=(self._stage,),
        )
        try:
            self._pid = self._executor.submit(os.getpid)
            self._warmed = self._executor.submit(warm, dict(bundles), settings)
        except BaseException:  # a process without its thread would stay for ever
            self.kill()
            raise
        self._warmed.add_done_callback(lambda _: on_change())

    @property
    def is_warm(self) -> bool:
        """Whether it has loaded the models, or failed to."""
        return self._warmed.done()

    @property
    def stage(self) -> str:
        """How far it is with its job; ``"start"`` before it has begun."""
        return name_of(self._stage)

    @property
    def pid(self) -> int | None:
        """Process id; None while the process starts, or when it could not."""
        started = self._pid.done() and self._pid.exception() is None
        return self._pid.result() if started else None

    def submit(
        self, call: Callable[[Any], Ending], request: JobRequest | NoticeRequest
    ) -> Future[Any]:
        """Start a task; it waits until the process is warm.

        Raises
        ------
        BrokenProcessPool
            The process died while it was idle.
        """
        self._stage.value = 0  # that of the last job
        future = self._executor.submit(call, request)
        self.jobs += 1
        future.add_done_callback(lambda _: self._on_change())
        return future

    def resident_mib(self) -> float:
        """Return the resident memory in MiB; 0 when the process is not there."""
        try:
            pages = Path(f"/proc/{self.pid}/statm").read_text("ascii").split()[1]
        except OSError:
            return 0.0
        return int(pages) * PAGE_MIB

    def kill(self) -> None:
        """End the process at once, whatever it is doing, also while it starts."""
        end_at_once(self._executor)

    def retire(self) -> None:
        """Let the idle process end by itself."""
        let_end(self._executor)


def _begin(stage: Any) -> None:
    tell_through(stage)
    live_with_parent()


Task = JobRow | NoticeRequest
"""What occupies a worker: a job, or the notice of a study that was not read."""

Ending = Outcome | Noticed
"""How a task ended."""


@dataclass(frozen=True, slots=True)
class Running:
    """A task that a worker is doing."""

    task: Task
    future: Future[Any]
    started_at: datetime


class Slot:
    """One worker at a time, replaced when it was killed, died, or is worn.

    Parameters
    ----------
    start
        Starts a worker.
    settings
        Deadline, memory limit, and jobs after which a worker is worn.
    """

    def __init__(self, start: Callable[[], Worker], settings: JobsSettings) -> None:
        self._start = start
        self._settings = settings
        self._worker: Worker | None = start()
        self._successor: Worker | None = None
        self._running: Running | None = None
        self._ending: Ending | None = None

    @property
    def task(self) -> Task | None:
        """What it does, or whose ending it holds; None when idle."""
        return self._running.task if self._running else None

    @property
    def stage(self) -> str:
        """How far its worker is with the job."""
        return self._worker.stage if self._worker else "start"

    @property
    def has_begun(self) -> bool:
        """Whether it does a task that does not wait for a worker still to start."""
        return self._running is not None and self.is_warm

    @property
    def is_warm(self) -> bool:
        """Whether a job would start at once."""
        return self._worker is not None and self._worker.is_warm

    @property
    def pid(self) -> int | None:
        """Process id of its worker; None while that starts, or when it was killed."""
        return self._worker.pid if self._worker else None

    def submit(
        self,
        call: Callable[[Any], Ending],
        task: Task,
        request: JobRequest | NoticeRequest,
        now: datetime,
    ) -> None:
        """Start a task in an idle slot.

        What keeps it from a worker is not raised: it is how the task ended.
        """
        try:
            future = self._submit(call, request)
        except Exception as error:  # noqa: BLE001 - no process, no thread, whatever
            future = Future()
            self._ending = Failed("no_worker", type(error).__name__, permanent=False)
            self._drop()
        self._running = Running(task, future, now)

    def ending(self, now: datetime) -> Ending | None:
        """Return how the task ended, None while it runs; kill it if it must not.

        The ending stays until ``release``, so that it can be recorded again when
        the ledger could not be written.
        """
        if self._ending is None and self._running is not None:
            self._ending = self._ended(self._running, now)
        return self._ending

    def release(self) -> None:
        """Make the slot idle: the ending is recorded."""
        self._running = self._ending = None

    def renew(self) -> None:
        """Replace a killed worker, and a worn one once a warm successor stands by.

        Raises
        ------
        OSError, EOFError, RuntimeError
            The machine has no room for a process or a thread; call again.
        """
        worker = self._present()
        if worker.jobs < self._settings.recycle_after:
            return
        if self._successor is None:
            self._successor = self._start()
        if self._successor.is_warm:
            worker.retire()
            self._worker, self._successor = self._successor, None

    def close(self) -> None:
        """End its processes; a running job is lost."""
        self._drop()
        if self._successor is not None:
            self._successor.kill()

    def _present(self) -> Worker:
        """Return its worker, started if there is none."""
        if self._worker is None:
            self._worker = self._start()
        return self._worker

    def _submit(
        self, call: Callable[[Any], Ending], request: JobRequest | NoticeRequest
    ) -> Future[Any]:
        try:
            return self._present().submit(call, request)
        except BrokenProcessPool:  # it died while idle, which is not the job's fault
            self._drop()
            return self._present().submit(call, request)

    def _drop(self) -> None:
        """Kill the worker; another is started when it is wanted, not at a stop."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def _ended(self, running: Running, now: datetime) -> Ending | None:
        if running.future.done():
            return self._result(running.future)
        excess = self._excess(running, now)
        if excess is not None:
            self._drop()
        return excess

    def _result(self, future: Future[Any]) -> Ending:
        """Return what the worker answered, or why it could not."""
        try:
            answer: Ending = future.result()
            return answer
        except BrokenProcessPool:
            self._drop()
            return Failed("worker_died", "the worker process died", permanent=False)
        except Exception as error:  # noqa: BLE001 - the job's state is set from it
            return Failed("internal_error", type(error).__name__, permanent=False)

    def _excess(self, running: Running, now: datetime) -> Failed | None:
        seconds = (now - running.started_at).total_seconds()
        if seconds > self._settings.deadline_s:
            limit = f"not done after {self._settings.deadline_s:g} s"
            return Failed("deadline_exceeded", limit, permanent=False)
        most = self._settings.memory_limit_mib
        if self._worker is not None and self._worker.resident_mib() > most:
            limit = f"more than {most} MiB"
            return Failed("out_of_memory", limit, permanent=False)
        return None
