"""Periodic work: received images are removed when nobody needs them any more."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from node import log
from node.config import RetentionSettings
from node.inbound.spool import Spool
from node.jobs.ledger import Ledger


def remove_received(
    ledger: Ledger, spool: Spool, settings: RetentionSettings, now: datetime
) -> int:
    """Remove received images whose outcomes and deliveries are old enough.

    Digests stay in the ledger, so that the same image is known when it comes again;
    results stay on disk. The ledger forgets a file only after it is gone.

    Returns
    -------
    int
        Number of studies whose images were removed.
    """
    events = log.get("schedule")
    before = now - timedelta(hours=settings.keep_received_h)
    removed = 0
    for study_instance_uid in ledger.studies.removable(before):
        folder = spool.study_folder(study_instance_uid)
        try:
            if folder.exists():
                shutil.rmtree(folder)
        except OSError as error:
            events.error(
                "images_not_removed",
                study=log.hashed(study_instance_uid),
                errno=error.errno,
            )
            continue
        ledger.studies.forget_files(study_instance_uid)
        events.info("images_removed", study=log.hashed(study_instance_uid))
        removed += 1
    return removed


class Schedule:
    """Runs the periodic work in one background thread."""

    def __init__(
        self, settings: RetentionSettings, ledger: Ledger, spool: Spool
    ) -> None:
        self._scheduler = BackgroundScheduler(timezone=UTC)
        self._scheduler.add_job(
            lambda: remove_received(ledger, spool, settings, datetime.now(UTC)),
            "interval",
            seconds=settings.every_s,
            max_instances=1,
            coalesce=True,
        )

    def start(self) -> None:
        """Begin; the first run is one interval from now."""
        self._scheduler.start()

    def stop(self) -> None:
        """End after the work in progress."""
        self._scheduler.shutdown(wait=True)
