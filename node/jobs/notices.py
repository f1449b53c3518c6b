"""Which studies want a notice, and what became of it; the pool has it made.

A radiographer who waits for a result must learn that there will be none, where the
result would have stood: in the archive.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import models
from node import log
from node.config import Settings
from node.jobs.job import Failed, Noticed, NoticeRequest, Unread
from node.jobs.ledger import Ledger
from node.jobs.ledger_notices import DueNotice, NoticePolicy
from node.jobs.request import bundle_of


def policy_of(settings: Settings) -> NoticePolicy | None:
    """Return which studies want a notice; None when notices are switched off."""
    if not settings.notices.enabled:
        return None
    of = settings.models.of
    expected = tuple(name for name in models.MODELS if of(name).expected)
    return NoticePolicy(expected, settings.jobs.attempts)


class Notices:
    """Notices of one node.

    Parameters
    ----------
    results
        Folder below which the objects of every study lie.
    destinations
        Names under which each notice is to be delivered.
    silent
        Models of which nothing is said, not even that they did not read.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        results: Path,
        destinations: tuple[str, ...],
        *,
        silent: Collection[str] = (),
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._results = results
        self._destinations = destinations
        self._silent = silent
        self._policy = policy_of(settings)
        self._making: dict[str, DueNotice] = {}  # by study
        self._news = True  # whether a job has ended since the ledger was last asked
        self._log = log.get("jobs")

    def job_ended(self) -> None:
        """Note that the ledger is worth a look."""
        self._news = True

    def next(self, now: datetime) -> NoticeRequest | None:
        """Return the oldest notice that is due and not being made, or None."""
        if not self._news or self._policy is None:
            return None
        for each in self._ledger.notices.due(self._policy, now):
            due = self._without_silent(each)
            if due is None:
                continue
            if due.study_instance_uid not in self._making:
                request = self._request(due)
                self._making[due.study_instance_uid] = due
                return request
        self._news = False
        return None

    def record(self, request: NoticeRequest, ending: object, now: datetime) -> bool:
        """Write into the ledger what became of a notice; tell whether one goes out."""
        study = request.study_instance_uid
        due = self._making[study]
        event = self._log.bind(study=log.hashed(study))
        is_made = False
        if isinstance(ending, Noticed):
            path, where = ending.made.path, self._destinations
            is_made = self._ledger.notices.made(due, ending.made, where, now)
            event.info("notice_made" if is_made else "notice_no_longer_due")
            if not is_made:
                self._remove(path)
        else:
            reason = ending.reason if isinstance(ending, Failed) else "internal_error"
            self._ledger.notices.failed(due, reason, now)
            event.error("notice_not_made", reason=reason)
        del self._making[study]
        self._news = self._news or not is_made  # it may be due again
        return is_made

    def _without_silent(self, due: DueNotice) -> DueNotice | None:
        """Return a notice of the models that may speak; None where that is none."""
        unread = tuple(job for job in due.unread if job.model not in self._silent)
        return replace(due, unread=unread) if unread else None

    def _remove(self, notice: Path) -> None:
        """Remove a notice that nobody shall get; the next one takes its name anyway."""
        try:
            notice.unlink(missing_ok=True)
        except OSError as error:
            self._log.error("notice_not_removed", errno=error.errno)

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
            read_by_others=due.read_by_others,
            installation_id=self._ledger.installation_id,
            report=self._settings.report,
        )
