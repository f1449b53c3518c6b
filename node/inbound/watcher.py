"""The watcher: puts what arrives into the ledger and says when a study is complete.

``stored`` and ``released`` are called by the SCP's threads and only take notes.
``tick(now)`` does all the work, in one thread; time is its argument.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from node import log
from node.config import InboundSettings
from node.errors import ArchiveError, NoSpaceError
from node.inbound.archive import Archive
from node.inbound.disk import errno_name
from node.inbound.drop import DropFolder
from node.inbound.evidence import Answer, Evidence, Verdict, decide
from node.inbound.questions import Questions, Reply, backoff_s
from node.inbound.recovery import Recovery
from node.inbound.spool import Spool
from node.jobs.job import Completeness
from node.jobs.ledger import Ledger
from node.jobs.ledger_studies import ReceivedInstance, StudyRow

TICK_S = 0.5
"""Longest time between two looks at the clock; events wake the watcher at once."""

BATCH = 500
"""Instances per transaction when the spool is read at start."""

RECOVER_AGAIN = timedelta(seconds=60)
"""After which files are looked at again that could not be read at start."""

ASKING_THREADS = 4
FETCHED_AE_TITLE = "FETCHED"
"""Stands as the sender of images that the archive gave back."""


@dataclass(slots=True)
class _Waiting:
    """What the watcher remembers of one receiving study.

    ``generation`` counts its changes, so that an answer to an older question is
    not taken for one about the study as it is.
    """

    since: datetime
    ask_at: datetime
    generation: int = 0
    asked: int = 0
    asking: bool = False
    answer: Answer | None = None
    aborted: bool = False
    fetching: bool = False
    fetch_at: datetime | None = None
    fetches: int = 0
    fetch_error: str = ""

    def changed(self, now: datetime) -> None:
        """Begin anew: an image came, or an association that sent has ended."""
        self.generation += 1
        self.since = self.ask_at = now
        self.asked = 0
        self.asking = False
        self.answer = None

    def answered(self, answer: Answer, now: datetime) -> None:
        """Take an answer, and ask again later if it does not decide."""
        self.answer = answer
        self.asking = False
        self.asked += 1
        self.ask_at = now + timedelta(seconds=backoff_s(self.asked))

    def fetch_ended(self, error: str, now: datetime) -> None:
        """Take the end of a fetch; what still lacks is fetched again later."""
        self.fetching = False
        self.fetch_error = error
        self.fetches += 1
        self.fetch_at = now + timedelta(seconds=backoff_s(self.fetches))

    @property
    def why_not(self) -> str:
        """Why images lack that were to be fetched."""
        if not self.fetches:
            return "the archive has not answered"
        return self.fetch_error or "the archive gave back the others"


@dataclass(slots=True)
class _Notes:
    """What the SCP's threads have told since the last tick."""

    instances: list[ReceivedInstance] = field(default_factory=list)
    ended: dict[str, bool] = field(default_factory=dict)  # study → aborted


class Watcher:
    """Decides by evidence when a study is complete, and queues its jobs.

    Parameters
    ----------
    settings
        Quiet time and longest wait.
    archive
        Who is asked for counts and for removed images; None: nobody.
    models
        Names of the models that get a job for every complete study.
    on_complete
        Called after jobs were queued.
    clock
        Aware UTC; only ``run`` and ``start`` read it.
    executor
        Where the archive is waited for; by default threads of the watcher's own.
    priors_within
        How long a job waits for earlier results to be looked for; None: not at all.
    """

    def __init__(
        self,
        settings: InboundSettings,
        ledger: Ledger,
        spool: Spool,
        archive: Archive | None,
        *,
        models: Sequence[str],
        on_complete: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        executor: Executor | None = None,
        priors_within: timedelta | None = None,
    ) -> None:
        self._settings = settings
        self._priors_within = priors_within
        self._studies = ledger.studies
        self._spool = spool
        self._models = tuple(models)
        self._on_complete = on_complete
        self._clock = clock
        self._executor = executor or ThreadPoolExecutor(ASKING_THREADS, "archive")
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._keeping = threading.Lock()  # held while a fetched image is written
        self._questions = Questions(archive, self._executor, self._wake.set)
        self._drop = DropFolder(spool.drop, self._wake.set)
        self._recovery = Recovery(spool, self._studies.files)
        self._recover_at: datetime | None = None  # when files were left unread
        self._waiting: dict[str, _Waiting] = {}
        self._lock = threading.Lock()  # guards the two below
        self._notes = _Notes()
        self._sending: dict[int, set[str]] = {}  # association → studies
        self._open: set[str] = set()  # studies that were being sent at the last look
        self._thread: threading.Thread | None = None

    def stored(
        self, instance: ReceivedInstance, association_id: int | None = None
    ) -> None:
        """Note an instance that lies in the spool, and who is sending it."""
        with self._lock:
            self._notes.instances.append(instance)
            if association_id is not None:
                studies = self._sending.setdefault(association_id, set())
                studies.add(instance.study_instance_uid)

    def released(self, association_id: int, aborted: bool) -> None:
        """Note that an association has ended."""
        with self._lock:
            for study in self._sending.pop(association_id, ()):
                self._notes.ended[study] = aborted
        self._wake.set()

    def recover(self) -> None:
        """Bring what lies in the spool, and the ledger does not know, into it."""
        self._spool.remove_unfinished()
        self._recover(self._clock())

    def _recover(self, now: datetime) -> None:
        found = self._recovery.instances()
        number = 0
        while batch := list(islice(found, BATCH)):
            for instance in batch:
                self.stored(instance)
            self._take_notes(now)
            number += len(batch)
        left = self._recovery.left
        self._recover_at = now + RECOVER_AGAIN if left else None
        log.get("inbound").info("recovered", instances=number, left=left)

    def start(self) -> None:
        """Recover, then watch in a thread of its own."""
        self.recover()
        self._drop.start()
        self._thread = threading.Thread(target=self.run, name="watcher")
        self._thread.start()

    def stop(self) -> None:
        """End after the tick in progress; what was noted is in the ledger.

        Of what is being fetched nothing is kept any more.
        """
        with self._keeping:
            self._stopping.set()
        self._wake.set()
        self._drop.stop()
        if self._thread is not None:
            self._thread.join()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def run(self) -> None:
        """Tick until stopped; what fails is logged and tried again."""
        while not self._stopping.is_set():
            self._wake.wait(TICK_S)
            self._wake.clear()
            self._tick_once()
        self._tick_once()

    def _tick_once(self) -> None:
        try:
            self.tick(self._clock())
        except Exception as error:  # noqa: BLE001 - who else would watch?
            log.get("inbound").error("tick_failed", error=type(error).__name__)

    def tick(self, now: datetime) -> None:
        """Do everything that is due at ``now``."""
        if self._recover_at is not None and now >= self._recover_at:
            self._recover(now)
        for path in self._drop.ready(now):
            self._ingest(path)
        self._collect(now)
        receiving = self._studies.receiving()
        for study in receiving:
            self._ask_if_due(study.study_instance_uid, now)
        self._collect(now)  # some answers are there at once
        completed = [self._judge(study, now) for study in receiving]
        if any(completed):
            self._on_complete()

    def _ingest(self, path: Path) -> None:
        """Take a dropped file in, or leave it where it is for the next look."""
        try:
            kept = self._spool.ingest(path)
        except NoSpaceError as error:
            log.get("inbound").warning("not_ingested", reason=str(error))
            return
        except Exception as error:  # noqa: BLE001 - one file does not hold up the others
            log.get("inbound").error("not_ingested", reason=type(error).__name__)
            return
        if kept is not None:
            self.stored(kept.instance)

    def _collect(self, now: datetime) -> None:
        """Hear the replies, after the notes of what was fetched before them."""
        replies = self._questions.replies(now)
        self._take_notes(now)
        for reply in replies:
            self._hear(reply, now)

    def _take_notes(self, now: datetime) -> None:
        """Move the notes into the ledger; if that fails they are kept."""
        with self._lock:
            notes, self._notes = self._notes, _Notes()
            self._open = set().union(*self._sending.values())
        try:
            self._record(notes.instances, now)
        except Exception:
            with self._lock:
                self._notes.instances[:0] = notes.instances
                self._notes.ended = {**notes.ended, **self._notes.ended}
            raise
        for study, aborted in notes.ended.items():
            if study in self._waiting:
                self._waiting[study].changed(now)
                self._waiting[study].aborted = aborted

    def _record(self, instances: Sequence[ReceivedInstance], now: datetime) -> None:
        foreign = []
        for instance in instances:
            if self._studies.is_own(instance.sop_instance_uid):
                _remove(instance.path)
            else:
                foreign.append(instance)
        if foreign:
            for study in self._studies.record(foreign, now):
                self._waiting.setdefault(study, _Waiting(now, now)).changed(now)
        self._spool.recorded(instances)

    def _ask_if_due(self, study: str, now: datetime) -> None:
        waiting = self._waiting.setdefault(study, _Waiting(now, now))
        if study in self._open or waiting.asking or now < waiting.ask_at:
            return
        waiting.asking = True
        self._questions.ask(study, waiting.generation, now)

    def _hear(self, reply: Reply, now: datetime) -> None:
        """Take in what the archive said, if the study still waits for it."""
        waiting = self._waiting.get(reply.study_instance_uid)
        if waiting is None:
            return
        if reply.answer is None:
            waiting.fetch_ended(reply.fetch_error, now)
        elif reply.generation == waiting.generation:
            waiting.answered(reply.answer, now)

    def _judge(self, study: StudyRow, now: datetime) -> bool:
        """Complete the study if the evidence suffices; tell whether it did."""
        uid = study.study_instance_uid
        waiting = self._waiting[uid]
        evidence = Evidence(
            held=self._studies.series_counts(uid),
            answer=waiting.answer,
            sending=uid in self._open,
            aborted=waiting.aborted,
            since=waiting.since,
        )
        verdict = decide(evidence, self._settings, now)
        if verdict is not None:
            verdict = self._with_earlier_images(uid, waiting, verdict, evidence, now)
        if verdict is None:
            return False
        self._complete(uid, verdict, now)
        return True

    def _with_earlier_images(
        self,
        study: str,
        waiting: _Waiting,
        verdict: Verdict,
        evidence: Evidence,
        now: datetime,
    ) -> Verdict | None:
        """Let a verdict stand when every file is there; else have them fetched.

        What a fetch brought, and whether it brought all, the files themselves say.
        """
        missing = self._studies.without_file(study)
        if not missing:
            return verdict
        if (now - waiting.since).total_seconds() >= self._settings.max_wait_s:
            reason = f"{missing} earlier images could not be fetched: {waiting.why_not}"
            return Verdict(Completeness.UNCONFIRMED, reason, verdict.archive_counts)
        if not waiting.fetching and (not waiting.fetch_at or now >= waiting.fetch_at):
            waiting.fetching = True
            self._questions.fetch(
                study, waiting.generation, tuple(evidence.held), self._store_fetched
            )
        return None

    def _store_fetched(self, content: bytes) -> None:
        """Keep one image that the archive gave back; runs in another thread.

        Raises
        ------
        NodeError
            It cannot be kept, or the node is stopping.
        """
        with self._keeping:
            if self._stopping.is_set():
                raise ArchiveError("the node is stopping")
            kept = self._spool.store_file(content, FETCHED_AE_TITLE)
            self.stored(replace(kept.instance, was_sent=False))

    def _complete(self, study: str, verdict: Verdict, now: datetime) -> None:
        self._studies.complete(
            study,
            completeness=verdict.completeness,
            reason=verdict.reason,
            archive_counts=verdict.archive_counts,
            models=self._models,
            now=now,
            priors_until=now + self._priors_within if self._priors_within else None,
        )
        del self._waiting[study]
        log.get("inbound").info(
            "study_complete",
            study=log.hashed(study),
            completeness=str(verdict.completeness),
            reason=verdict.reason,
        )


def _remove(own_object: Path) -> None:
    """Remove what came while its result was being recorded; it harms nobody."""
    try:
        own_object.unlink(missing_ok=True)
    except OSError as error:
        log.get("inbound").error("not_removed", error=errno_name(error))
