"""Earlier results of whom a study shows, looked for before it is read.

A job waits for it in the ledger, and no longer than somebody says so again: whatever
dies or hangs, it is read, then without priors. The pool and the receiving threads
never wait.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from models.volume.rule import Acceptance
from node import log
from node.errors import ParserError
from node.inbound.archive import SearchableArchive
from node.inbound.look import Ask, Look, look_at
from node.inbound.prior_images import PriorImages, sweep
from node.inbound.prior_reports import read_report
from node.inbound.prior_search import PriorSearch
from node.inbound.visits import visit_of
from node.jobs.known_priors import NOT_SOUGHT, KnownPriors
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow

SEARCHES = 4
"""Searches at one time: one slow answer of the archive delays no other study."""

LOOK_S = 1.0
"""Seconds between two looks while some job waits, if nobody wakes us before."""

IDLE_S = 60.0

LOOKS_S = 15.0
"""Seconds after which no further study is looked at before those that were are
searched for: longer than a night's backlog takes, if none of it is hostile."""

SPARE_S = 90.0
"""Seconds that a job is held beyond its search: as long as the parser may take to
start, and a round of looks. It is held anew before each round, unless one failed."""

LONGEST = timedelta(minutes=30)
"""What no wait for an earlier visit exceeds that is still to be read here: then the
study is told what else there is."""

QUESTIONS = (look_at, visit_of, read_report)
"""What the parser is asked."""


class Parser(Protocol):
    """The process that may open foreign files (``IsolatedParser``)."""

    @property
    def ask(self) -> Ask:
        """Calls a function there."""

    def start(self) -> None:
        """Have it stand before it is asked."""

    def stop(self) -> None:
        """Refuse whoever asks, at once."""


class Priors:
    """The thread that has earlier results looked for.

    Parameters
    ----------
    archive
        None: only our own results are looked through.
    parser
        Starts and stops with this.
    rules, timeout_s, images
        As in ``PriorSearch``.
    is_bounded
        Whether the wait for an earlier visit that is still to be read ends.
    images_folder
        Where they lie: what no job needs any more is removed.
    on_found
        Called when a job need not wait any longer.
    """

    def __init__(
        self,
        ledger: Ledger,
        archive: SearchableArchive | None,
        *,
        parser: Parser,
        rules: Mapping[str, Acceptance],
        timeout_s: float,
        on_found: Callable[[], None],
        images: PriorImages | None = None,
        images_folder: Path | None = None,
        is_bounded: bool = True,
    ) -> None:
        self._ledger = ledger
        self._on_found = on_found
        self._parser = parser
        self._held = wait_for_priors(timeout_s)
        self._is_bounded = is_bounded
        self._began = datetime.now(UTC)
        self._log = log.get("priors")
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._has_looked = True  # in the last round, whatever came of it
        self._sought: dict[int, bool] = {}  # job → whether its search has begun
        self._looks: dict[tuple[str, datetime | None], Look] = {}  # of those that wait
        self._images_folder = images_folder
        self._search = PriorSearch(
            ledger,
            archive,
            ask=parser.ask,
            rules=rules,
            timeout_s=timeout_s,
            is_stopping=self._stopping.is_set,
            images=images,
        )
        self._executor = ThreadPoolExecutor(SEARCHES, thread_name_prefix="priors")
        self._thread = threading.Thread(target=self._run, name="priors")

    def start(self) -> None:
        """Begin with what an earlier process left: it waits anew."""
        self._hold(self._ledger.priors.unsought(), self._began)
        self._thread.start()

    def wake(self) -> None:
        """Look at the ledger now: there may be a new job."""
        self._wake.set()

    def stop(self) -> None:
        """End; what was not found yet is sought again after the next start."""
        self._stopping.set()
        self._parser.stop()
        self.wake()
        self._executor.shutdown(cancel_futures=True)
        if self._thread.is_alive():
            self._thread.join()

    def tick(self, now: datetime) -> bool:
        """Begin the searches that are wanted; tell whether there are any.

        Every study is looked at before the first search: of two visits that came
        together, the later may be the first that is sought for. Whose round failed is
        not held in the next: a parser that never starts keeps no study.
        """
        if self._images_folder is not None:
            sweep(self._images_folder, self._ledger)
        wanted = self._ledger.priors.unsought()
        if self._has_looked:
            self._hold(wanted, now)
        self._has_looked = False
        looked_at = self._looked_at(wanted)
        self._has_looked = True
        for job, look in looked_at:
            with self._lock:
                if job.job_id in self._sought:
                    continue
                self._sought[job.job_id] = False
            is_last = not self._may_wait(job, now)
            self._executor.submit(self.search, job, look, is_last=is_last)
        return bool(wanted)

    def _hold(self, wanted: Iterable[JobRow], now: datetime) -> None:
        """Have those wait on that are not searched for yet: an earlier visit is read.

        Or the time is not theirs: the parser starts, others are looked at.
        """
        with self._lock:
            begun = {job_id for job_id, has_begun in self._sought.items() if has_begun}
        waiting = (
            job.job_id
            for job in wanted
            if job.job_id not in begun and self._may_wait(job, now)
        )
        self._ledger.priors.hold(waiting, now + self._held)

    def _may_wait(self, job: JobRow, now: datetime) -> bool:
        """Tell whether an earlier visit may hold a job up that long."""
        waits = now - max(job.queued_at, self._began)
        return waits < LONGEST or not self._is_bounded

    def _looked_at(self, wanted: Sequence[JobRow]) -> list[tuple[JobRow, Look]]:
        """Return each job with what its study is, looked at once after it came whole.

        What is known of other studies, such as names, is forgotten. Those for which
        the time of one round is too short come in the next.
        """
        until = time.monotonic() + LOOKS_S
        known, self._looks = self._looks, {}
        found = []
        for job in wanted:
            study = self._ledger.studies.get(job.study_instance_uid)
            key = job.study_instance_uid, study.completed_at if study else None
            look = self._looks.get(key) or known.get(key)
            if look is None and time.monotonic() > until:
                self.wake()
                continue
            self._looks[key] = look or self._search.look(job.study_instance_uid)
            found.append((job, self._looks[key]))
        return found

    def search(self, job: JobRow, look: Look, *, is_last: bool = False) -> None:
        """Search for one job and keep what is found; never raises.

        An earlier visit that is being read is waited for, unless ``is_last``.
        """
        now = datetime.now(UTC)
        with self._lock:
            self._sought[job.job_id] = True
        try:
            known = self._searched(job, look, now, is_last)
            if known is None or self._stopping.is_set():
                return
            of = job.study_completed_at
            if self._ledger.priors.keep(job.job_id, known, now, of):
                self._told("priors_sought", job, known, now)
                self._on_found()
            else:
                self._told("priors_too_late", job, known, now)
        except sqlite3.Error as error:  # the next look finds the job again
            self._log.error("priors_not_kept", error=type(error).__name__)
        finally:
            with self._lock:
                self._sought.pop(job.job_id, None)

    def _searched(
        self, job: JobRow, look: Look, now: datetime, is_last: bool
    ) -> KnownPriors | None:
        try:
            return self._search.search(job, look, now, is_last=is_last)
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - the study is read all the same
            self._log.error("priors_not_sought", error=type(error).__name__)
            return KnownPriors(withheld=(NOT_SOUGHT,))

    def _told(
        self, event: str, job: JobRow, known: KnownPriors, began: datetime
    ) -> None:
        took = datetime.now(UTC) - began
        self._log.info(
            event,
            job=job.job_id,
            study=log.hashed(job.study_instance_uid),
            found=len(known.priors),
            images=len(known.images),
            withheld=", ".join(known.withheld),
            took_ms=round(took.total_seconds() * 1000),
        )

    def _run(self) -> None:
        with suppress(ParserError):  # who looks first tries again, and tells
            self._parser.start()
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                pause = LOOK_S if self.tick(datetime.now(UTC)) else IDLE_S
            except Exception as error:  # noqa: BLE001 - the thread must never die silently
                if not self._stopping.is_set():
                    self._log.error("priors_held_up", error=type(error).__name__)
                pause = LOOK_S
            self._wake.wait(pause)


def wait_for_priors(timeout_s: float) -> timedelta:
    """Return how long a job waits if nobody holds it again."""
    return timedelta(seconds=timeout_s + SPARE_S)
