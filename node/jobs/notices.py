"""Which studies want a notice, and what became of it; the pool has it made.

A radiographer who waits for a result must learn that there will be none, where the
result would have stood: in the archive (RESULTS.md §1).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import models
from node import log
from node.config import Settings
from node.jobs.job import Failed, Noticed, NoticeRequest, Unread
from node.jobs.ledger import Ledger
from node.jobs.ledger_notices import DueNotice
from node.jobs.request import bundle_of

NEWS = timedelta(days=1)
"""What ended longer ago makes no notice: setting ``[notices]`` floods no archive."""


class Notices:
    """Notices of one node.

    Parameters
    ----------
    results
        Folder below which the objects of every study lie.
    destinations
        Names under which each notice is to be delivered.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        results: Path,
        destinations: tuple[str, ...],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._results = results
        self._destinations = destinations
        self._making: dict[str, int] = {}  # study → the job that the notice hangs on
        self._news = True  # whether a job has ended since the ledger was last asked
        self._log = log.get("jobs")

    def job_ended(self) -> None:
        """Note that the ledger is worth a look."""
        self._news = True

    def next(self, now: datetime) -> NoticeRequest | None:
        """Return the oldest notice that is due and not being made, or None."""
        if not self._news or not self._settings.notices.enabled:
            return None
        of = self._settings.models.of
        expected = [name for name in models.MODELS if of(name).expected]
        attempts = self._settings.jobs.attempts
        for due in self._ledger.notices.due(expected, now - NEWS, attempts):
            if due.study_instance_uid not in self._making:
                request = self._request(due)
                self._making[due.study_instance_uid] = due.unread[0].job_id
                return request
        self._news = False
        return None

    def record(self, request: NoticeRequest, ending: object, now: datetime) -> bool:
        """Write into the ledger what became of a notice; tell whether it was made."""
        study = request.study_instance_uid
        job_id = self._making[study]
        event = self._log.bind(study=log.hashed(study))
        is_made = isinstance(ending, Noticed)
        if isinstance(ending, Noticed):
            self._ledger.notices.made(job_id, ending.made, self._destinations, now)
            event.info("notice_made")
        else:
            reason = ending.reason if isinstance(ending, Failed) else "internal_error"
            self._ledger.notices.failed(job_id, reason, now)
            event.error("notice_not_made", reason=reason)
            self._news = True  # it may be tried again
        del self._making[study]
        return is_made

    def _request(self, due: DueNotice) -> NoticeRequest:
        study = due.study_instance_uid
        return NoticeRequest(
            study_instance_uid=study,
            unread=tuple(
                Unread(
                    job.model,
                    job.reason,
                    bundle_of(self._settings, job.model),
                    job.version,
                )
                for job in due.unread
            ),
            files=self._ledger.studies.files(study),
            output_dir=self._results / study / "notice",
            ended_at=due.ended_at,
            installation_id=self._ledger.installation_id,
            report=self._settings.report,
        )
