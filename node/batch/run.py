"""A run over a folder: every study, every model, through the pool that serves the wire.

There is no second pipeline: choose, predict, report and outbox are those of the node;
a study only comes in by another door.
"""

from __future__ import annotations

import queue
import shutil
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from node.batch.delivery import Deliveries
from node.batch.entry import Entry, with_a_row
from node.batch.found import Found, StudyFiles
from node.batch.listener import Listener
from node.batch.order import Order, with_workers
from node.batch.records import Records, opened, rule_of, unread
from node.batch.restore import are_there, digests, perform
from node.batch.sources import source_of
from node.batch.unpacking import Unpacking
from node.batch.visits import in_order_of_visits
from node.errors import NodeError
from node.inbound.isolated_parser import IsolatedParser
from node.inbound.priors import QUESTIONS, Priors
from node.jobs.job import FILE_MISSING, NO_SPACE, JobRequest, JobState
from node.jobs.ledger import LEDGER_FOLDER, Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.pool import Pool
from node.jobs.pool_size import usable_cores
from node.jobs.repeat import repeat_request
from node.jobs.request import bundle_of, request_of
from node.jobs.worker import FULL
from node.processes import wait_for_ended

LOOK_S = 0.1
"""Seconds between two looks at what the workers are doing."""

IN_VAIN_S = 300.0
"""Seconds without anybody at work after which no visit waits for an earlier one."""

UNPACKED = "unpacked"
"""Folder beside the ledger for studies out of ZIPs, while they are read."""

LEAST_ROOM_BYTES = 8 << 20
"""Less room than this is none: the ledger lies on the disk of the results."""

UNENDED = frozenset({JobState.QUEUED, JobState.RUNNING})

DISK_FULL = (
    "the disk takes no more: make room and type the same command again; what is "
    "finished is not read again"
)


@dataclass(frozen=True, slots=True)
class Done:
    """All entries of a run, in the order of their paths.

    Attributes
    ----------
    was_interrupted
        Whether somebody cut it short, so that some studies were not read.
    trouble
        Why it ended early by itself; "" when it did not.
    workers
        How many processes read.
    """

    entries: tuple[Entry, ...]
    was_interrupted: bool = False
    trouble: str = ""
    workers: int = 0


def read(order: Order, listeners: Sequence[Listener] = ()) -> Done:
    """Read every study below ``order.root`` with every model.

    What an earlier run into the same results finished stands, unless the files, the
    model or the settings changed. Ctrl-C ends the run: what is not read then is an
    entry that says so, and the next run goes on there.

    Raises
    ------
    NodeError
        There is nothing to look into, or the results cannot be written.
    """
    source = source_of(order.root, order.results, every_input=order.every_input)
    found = source.found(order.settings.jobs.threads or usable_cores())
    with opened(order) as ledger:
        return _Run(order, ledger, found, listeners).read()


class _Run:
    """One run; its ledger is open."""

    def __init__(
        self,
        order: Order,
        ledger: Ledger,
        found: Sequence[Found],
        listeners: Sequence[Listener],
    ) -> None:
        self._order = order
        self._ledger = ledger
        self._found = found
        self._studies = {
            each.study_instance_uid: each
            for each in found
            if isinstance(each, StudyFiles)
        }
        self._listeners = listeners
        self._records = Records(ledger, order)
        self._readings = self._records.readings
        self._settings = with_workers(order.settings, len(self._studies))
        self._deliveries = Deliveries(ledger, self._settings, order.destinations)
        self._recorded: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._waiting: set[int] = set()
        self._at_work = time.monotonic()  # when somebody was, the last time
        self._removed: set[int] = set()  # jobs whose objects are to be made again
        self._entries: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self._unpacking = Unpacking(order.results / LEDGER_FOLDER / UNPACKED)
        self._beside: dict[str, tuple[Path, ...]] = {}  # study → files beside it
        self._pool = self._new_pool()
        self._priors = self._new_priors()

    def read(self) -> Done:
        """Read; return what became of everything."""
        was_interrupted, trouble = False, ""
        try:
            waiting = [e for each in self._found for e in self._records.waiting(each)]
            for listener in self._listeners:
                listener.found(waiting)
            with ExitStack() as ends:
                ends.callback(wait_for_ended)
                self._read(ends)
        except KeyboardInterrupt:
            was_interrupted = True
        except _DiskFullError:
            trouble = DISK_FULL
        except sqlite3.OperationalError as error:
            if "full" not in str(error):
                raise
            trouble = DISK_FULL
        return Done(
            tuple(self._all()), was_interrupted, trouble, self._settings.jobs.workers
        )

    def _read(self, ends: ExitStack) -> None:
        """Take the studies one after another while the workers read."""
        ends.callback(self._unpacking.stop)
        self._deliveries.start()
        ends.callback(self._deliveries.stop)
        has_started = False
        for each in in_order_of_visits(self._found):
            queued = self._take(each)
            if queued and not has_started:
                self._start_reading(ends)
                has_started = True
            elif queued:
                self._priors.wake()
                self._pool.wake()
            self._collect(0.0)
        self._at_work = time.monotonic()
        while self._waiting:
            self._hear()
        self._deliveries.finish()

    def _start_reading(self, ends: ExitStack) -> None:
        if self._settings.priors.enabled:
            self._priors.start()
        ends.callback(self._priors.stop)
        self._pool.start()
        ends.callback(self._pool.stop, patience_s=0.0)

    def _end_waits_in_vain(self) -> None:
        """Have visits read without what came before, if nobody works any more.

        Then what they wait for does not come: a run ends, whatever went wrong.
        """
        if time.monotonic() - self._at_work > IN_VAIN_S:
            self._ledger.offline.end_waits(datetime.now(UTC))
            self._pool.wake()
            self._at_work = time.monotonic()

    def _note_recorded(self, job_id: int) -> None:
        """Take note of an attempt; a later visit may wait for it."""
        self._recorded.put(job_id)
        self._priors.wake()

    def _new_pool(self) -> Pool:
        return Pool(
            self._settings.jobs,
            self._ledger,
            make_request=self._request,
            destinations=self._deliveries.names,
            on_reported=self._deliveries.wake,
            models={
                model: bundle_of(self._settings, model) for model in self._order.models
            },
            perform=perform,
            on_recorded=self._note_recorded,
        )

    def _new_priors(self) -> Priors:
        settings, models = self._settings, self._order.models
        return Priors(
            self._ledger,
            None,
            parser=IsolatedParser(QUESTIONS),
            rules={model: rule_of(settings, model) for model in models},
            timeout_s=settings.priors.timeout_s,
            on_found=self._pool.wake,
            is_bounded=False,
        )

    def _take(self, found: Found) -> bool:
        """Note one study; tell whether there is something to read of it."""
        path, readings = str(found.path), self._readings(found)
        if not isinstance(found, StudyFiles):
            for entry in unread(path, readings, found.reason):
                self._end(replace(entry, detail=found.detail))
            return False
        uid = found.study_instance_uid
        try:
            wanted = self._noted(found)
        except OSError:
            self._unpacking.remove(uid)
            for entry in unread(path, readings, FILE_MISSING, uid):
                self._end(entry)
            return False
        for reading in readings:
            job = self._records.job(uid, reading)
            if reading in wanted or not self._is_whole(job):
                self._waiting.add(job.job_id)
            else:
                self._deliveries.address(job)
                sent = self._deliveries.of(job)
                self._end(self._records.entry(job, path, sent, was_kept=True))
        return not self._removed_unless_awaited(uid)

    def _noted(self, study: StudyFiles) -> list[str]:
        """Have a study in the ledger; return the readings that are to be done.

        One in a ZIP that is untouched since it was finished stays packed.

        Raises
        ------
        OSError
            A file is gone, or the disk does not give it.
        _DiskFullError
            The disk cannot hold even this one study.
        """
        uid, unpacked = study.study_instance_uid, dict[Path, Path]()
        if study.packed:
            jobs = (self._records.job(uid, each) for each in self._readings(study))
            if self._records.is_untouched(study) and all(map(self._has_objects, jobs)):
                return []
            unpacked = self._unpacked(study)
        places = (unpacked.get(path, path) for path in study.beside)
        self._beside[uid] = tuple(path.absolute() for path in places)
        threads = self._settings.jobs.threads or usable_cores()
        return self._records.take(study, unpacked, threads, datetime.now(UTC))

    def _unpacked(self, study: StudyFiles) -> dict[Path, Path]:
        """Unpack a study as soon as there is room; return where its files lie."""
        most = self._settings.jobs.workers + 1  # one is ready when a worker is
        try:
            return self._unpacking.unpack(study, most, self._hear)
        except OSError as error:
            if error.errno in FULL:
                raise _DiskFullError from None
            raise

    def _hear(self) -> None:
        """Wait a moment for jobs that end."""
        self._collect(LOOK_S)
        self._end_waits_in_vain()

    def _removed_unless_awaited(self, uid: str) -> bool:
        """Tell whether nothing of a study is to be read any more; then make room."""
        readings = self._readings(self._studies[uid])
        jobs = (self._records.job(uid, reading) for reading in readings)
        if any(job.job_id in self._waiting for job in jobs):
            return False
        self._unpacking.remove(uid)
        return True

    def _is_whole(self, job: JobRow) -> bool:
        """Tell whether a result that stands has its objects; if not, queue its job."""
        if self._has_objects(job):
            return True
        self._ledger.repeats.queue_again([job.job_id], datetime.now(UTC))
        self._removed.add(job.job_id)
        return False

    def _has_objects(self, job: JobRow) -> bool:
        """Tell whether nobody removed an object of a result that stands."""
        made = self._ledger.jobs.objects(job.job_id)
        return job.retracted_at is not None or are_there(made)

    def _request(self, job: JobRow) -> JobRequest:
        """Return what a worker needs: with the files that may be damaged images."""
        request = self._wanted(job)
        files = (*request.files, *self._beside[job.study_instance_uid])
        return replace(request, files=files, in_order=False, fast=self._order.fast)

    def _wanted(self, job: JobRow) -> JobRequest:
        """Return a request for the next result, or for the last one once more.

        Its objects are made again when somebody removed them. If they do not come
        out as they were, the next attempt makes a version of its own.
        """
        ledger, results = self._ledger, self._order.results
        made = ledger.jobs.objects(job.job_id)
        request = request_of(job, ledger, self._settings, results, every_file=False)
        if are_there(made):
            return request
        if job.job_id not in self._removed:
            return replace(request, previous_identity=None)
        self._removed.discard(job.job_id)
        folder = made[0].path.parent
        again = repeat_request(job, ledger, self._settings, folder, in_order=False)
        return replace(again, expected=digests(made))

    def _collect(self, patience_s: float) -> None:
        """Hear of jobs that ended, and tell what the workers are doing.

        Raises
        ------
        _DiskFullError
            There is no room: neither results nor the ledger could be written.
        """
        if shutil.disk_usage(self._order.results).free < LEAST_ROOM_BYTES:
            raise _DiskFullError
        try:
            self._ended(self._recorded.get(timeout=patience_s))
            while True:
                self._ended(self._recorded.get_nowait())
        except queue.Empty:
            pass
        working = [
            (self._path(slot.task), slot.task.model, slot.stage)
            for slot in self._pool.slots
            if isinstance(slot.task, JobRow)
        ]
        if working:
            self._at_work = time.monotonic()
        for listener in self._listeners:
            listener.working(working)

    def _ended(self, job_id: int) -> None:
        """Take note of an attempt: the job has ended, or it is tried again."""
        job = self._ledger.jobs.get(job_id)
        if job.state not in UNENDED:
            self._waiting.discard(job_id)
            self._removed_unless_awaited(job.study_instance_uid)
            self._deliveries.address(job)  # what stands may never have been sent
            sent = self._deliveries.of(job)
            self._end(self._records.entry(job, self._path(job), sent))
        elif job.reason == NO_SPACE:  # a person is there, who can make room
            raise _DiskFullError

    def _end(self, entry: Entry) -> None:
        self._entries[entry.path, entry.study_instance_uid].append(entry)
        for listener in self._listeners:
            listener.ended(entry)

    def _path(self, job: JobRow) -> str:
        return str(self._studies[job.study_instance_uid].path)

    def _all(self) -> Iterator[Entry]:
        """Yield every entry, with its deliveries as they stand at the end."""
        for each in self._found:
            told = self._entries[str(each.path), each.study_instance_uid]
            ended = {entry.reading: entry for entry in told}
            all_of_it = [ended.get(e.reading, e) for e in self._records.waiting(each)]
            yield from with_a_row([self._now(entry) for entry in all_of_it])

    def _now(self, entry: Entry) -> Entry:
        if entry.job is None:
            return entry
        job = self._ledger.jobs.get(entry.job.job_id)
        sent = self._deliveries.of(job)
        return self._records.entry(job, entry.path, sent, was_kept=entry.was_kept)


class _DiskFullError(NodeError):
    """There is no room for results."""
