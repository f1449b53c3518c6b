"""Earlier results of whom a study shows, looked for before it is read.

A job waits for it in the ledger and for a bounded time, so that whatever dies or
hangs, it is read: then without priors. The pool and the receiving threads never wait.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from models.volume.bundle import Acceptance
from node import log
from node.inbound.archive import SearchableArchive
from node.inbound.look import Ask, Look
from node.inbound.prior_images import PriorImages, sweep
from node.inbound.prior_search import PriorSearch
from node.jobs.known_priors import NOT_SOUGHT, KnownPriors
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow

SEARCHES = 4
"""Searches at one time: one slow answer of the archive delays no other study."""

LOOK_S = 1.0
"""Seconds between two looks while some job waits, if nobody wakes us before."""

IDLE_S = 60.0


class Priors:
    """The thread that has earlier results looked for.

    Parameters
    ----------
    archive
        None: only our own results are looked through.
    ask, rules, timeout_s, images
        As in ``PriorSearch``.
    stop_asking
        Called at a stop: whoever asks is refused at once.
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
        ask: Ask,
        rules: Mapping[str, Acceptance],
        timeout_s: float,
        on_found: Callable[[], None],
        stop_asking: Callable[[], None] = lambda: None,
        images: PriorImages | None = None,
        images_folder: Path | None = None,
    ) -> None:
        self._ledger = ledger
        self._on_found = on_found
        self._stop_asking = stop_asking
        self._log = log.get("priors")
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._sought: set[int] = set()  # jobs in a thread
        self._looks: dict[tuple[str, datetime | None], Look] = {}  # of those that wait
        self._images_folder = images_folder
        self._search = PriorSearch(
            ledger,
            archive,
            ask=ask,
            rules=rules,
            timeout_s=timeout_s,
            is_stopping=self._stopping.is_set,
            images=images,
        )
        self._executor = ThreadPoolExecutor(SEARCHES, thread_name_prefix="priors")
        self._thread = threading.Thread(target=self._run, name="priors")

    def start(self) -> None:
        """Begin with what an earlier process left."""
        self._thread.start()

    def wake(self) -> None:
        """Look at the ledger now: there may be a new job."""
        self._wake.set()

    def stop(self) -> None:
        """End; what was not found yet is sought again after the next start."""
        self._stopping.set()
        self._stop_asking()
        self.wake()
        self._executor.shutdown(cancel_futures=True)
        if self._thread.is_alive():
            self._thread.join()

    def tick(self) -> bool:
        """Begin the searches that are wanted; tell whether there are any.

        Every study is looked at before the first search: of two visits that came
        together, the later may be the first that is sought for.
        """
        if self._images_folder is not None:
            sweep(self._images_folder, self._ledger)
        wanted = self._ledger.priors.unsought()
        for job, look in self._looked_at(wanted):
            with self._lock:
                if job.job_id in self._sought:
                    continue
                self._sought.add(job.job_id)
            self._executor.submit(self.search, job, look)
        return bool(wanted)

    def _looked_at(self, wanted: Sequence[JobRow]) -> list[tuple[JobRow, Look]]:
        """Return each job with what its study is, looked at once after it came whole.

        What is known of other studies, such as names, is forgotten.
        """
        looks: dict[tuple[str, datetime | None], Look] = {}
        found = []
        for job in wanted:
            study = self._ledger.studies.get(job.study_instance_uid)
            key = job.study_instance_uid, study.completed_at if study else None
            look = looks.get(key) or self._looks.get(key)
            looks[key] = look or self._search.look(job.study_instance_uid)
            found.append((job, looks[key]))
        self._looks = looks
        return found

    def search(self, job: JobRow, look: Look) -> None:
        """Search for one job and keep what is found; never raises."""
        now = datetime.now(UTC)
        try:
            known = self._searched(job, look, now)
            if known is None or self._stopping.is_set():
                return
            if self._ledger.priors.keep(job.job_id, known, now):
                self._told("priors_sought", job, known, now)
                self._on_found()
            else:
                self._told("priors_too_late", job, known, now)
        except sqlite3.Error as error:  # the next look finds the job again
            self._log.error("priors_not_kept", error=type(error).__name__)
        finally:
            with self._lock:
                self._sought.discard(job.job_id)

    def _searched(self, job: JobRow, look: Look, now: datetime) -> KnownPriors | None:
        try:
            return self._search.search(job, look, now)
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
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                pause = LOOK_S if self.tick() else IDLE_S
            except Exception as error:  # noqa: BLE001 - the thread must never die silently
                if not self._stopping.is_set():
                    self._log.error("priors_held_up", error=type(error).__name__)
                pause = LOOK_S
            self._wake.wait(pause)
