"""Questions to the archive, asked in threads of their own.

A slow or dead archive delays nobody: questions return at once, answers are collected
later. When the archive fails, one question at a time probes it, less and less often;
meanwhile everybody else is told so without asking.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta

from node.errors import NodeError
from node.inbound.archive import Archive, Store
from node.inbound.evidence import Answer

BACKOFF_S = 1.0
BACKOFF_MAX_S = 60.0


def backoff_s(attempts: int) -> float:
    """Return the wait after so many attempts: doubled each time, bounded.

    >>> [backoff_s(n) for n in (1, 2, 3, 99)]
    [1.0, 2.0, 4.0, 60.0]
    """
    return float(min(BACKOFF_S * 2.0 ** min(attempts - 1, 16), BACKOFF_MAX_S))


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for a study.

    Attributes
    ----------
    generation
        That of the question; the study may have changed since.
    answer
        The counts; None when images were fetched.
    fetch_error
        Why the images could not be fetched; empty when they were.
    was_asked
        Whether the archive was really asked for the answer.
    """

    study_instance_uid: str
    generation: int
    answer: Answer | None
    fetch_error: str = ""
    was_asked: bool = False


class Questions:
    """Asks the archive without waiting for it.

    Parameters
    ----------
    archive
        None: there is none, and every answer says so.
    executor
        Where the archive is waited for.
    wake
        Called when a reply can be collected.
    """

    def __init__(
        self, archive: Archive | None, executor: Executor, wake: Callable[[], None]
    ) -> None:
        self._archive = archive
        self._executor = executor
        self._wake = wake
        self._lock = threading.Lock()
        self._replies: list[Reply] = []
        self._asking = 0
        self._failures = 0
        self._error = ""
        self._probe_at: datetime | None = None

    def ask(self, study_instance_uid: str, generation: int, now: datetime) -> None:
        """Ask for the counts of a study."""
        error = self._known_error(now)
        if error or self._archive is None:
            answer = Answer(error=error or "no archive is configured")
            self._put(Reply(study_instance_uid, generation, answer))
            return
        self._asking += 1
        self._executor.submit(self._ask, self._archive, study_instance_uid, generation)

    def fetch(
        self,
        study_instance_uid: str,
        generation: int,
        series_instance_uids: Collection[str],
        store: Store,
    ) -> None:
        """Have the images of some series handed to ``store``, from another thread."""
        if self._archive is None:
            error = "no archive is configured"
            self._put(Reply(study_instance_uid, generation, None, error))
            return
        self._executor.submit(
            self._fetch,
            self._archive,
            Reply(study_instance_uid, generation, None),
            tuple(series_instance_uids),
            store,
        )

    def replies(self, now: datetime) -> list[Reply]:
        """Collect what has come back since the last call."""
        with self._lock:
            replies, self._replies = self._replies, []
        for reply in replies:
            if reply.was_asked and reply.answer is not None:
                self._asking -= 1
                self._learn(reply.answer, now)
        return replies

    def _learn(self, answer: Answer, now: datetime) -> None:
        """Note whether the archive can be asked, and if not, when to try again."""
        if not answer.error:
            self._failures, self._error, self._probe_at = 0, "", None
        elif self._probe_at is None or now >= self._probe_at:
            self._failures += 1
            self._error = answer.error
            self._probe_at = now + timedelta(seconds=backoff_s(self._failures))

    def _known_error(self, now: datetime) -> str:
        """Return why it is of no use to ask now; empty when it is."""
        if self._probe_at is None:
            return ""
        return self._error if now < self._probe_at or self._asking else ""

    def _ask(self, archive: Archive, study_instance_uid: str, generation: int) -> None:
        try:
            answer = Answer(archive.series_counts(study_instance_uid))
        except Exception as error:  # noqa: BLE001 - without a reply nobody asks again
            answer = Answer(error=_reason(error))
        self._put(Reply(study_instance_uid, generation, answer, was_asked=True))

    def _fetch(
        self,
        archive: Archive,
        reply: Reply,
        series_instance_uids: Collection[str],
        store: Store,
    ) -> None:
        error = ""
        try:
            fetched = archive.fetch_study(
                reply.study_instance_uid, store, series_instance_uids
            )
            if not fetched:
                error = "the archive does not know the study"
        except Exception as problem:  # noqa: BLE001 - without a reply the study waits
            error = _reason(problem)
        self._put(Reply(reply.study_instance_uid, reply.generation, None, error))

    def _put(self, reply: Reply) -> None:
        with self._lock:
            self._replies.append(reply)
        self._wake()


def _reason(error: Exception) -> str:
    """Return one line; of a foreign error the kind alone, it may quote a patient."""
    if isinstance(error, NodeError):
        return str(error)
    return f"asking the archive failed: {type(error).__name__}"
