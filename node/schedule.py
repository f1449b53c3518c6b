"""Periodic work: received images are removed when nobody needs them any more."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler

from node import log
from node.config import RetentionSettings
from node.inbound.spool import Spool
from node.jobs.ledger import Ledger


def remove_received(
    ledger: Ledger, spool: Spool, settings: RetentionSettings, now: datetime
) -> int:
    """Remove received images whose outcomes and deliveries are old enough.

    Only files that the ledger names are touched: an image that arrives meanwhile in
    the same folder was acknowledged and stays. Digests stay in the ledger, so that
    the same image is known when it comes again; results stay on disk.

    Returns
    -------
    int
        Number of studies whose images were removed.
    """
    events = log.get("schedule")
    before = now - timedelta(hours=settings.keep_received_h)
    removed = 0
    for study_instance_uid, files in ledger.studies.removable(before).items():
        study = log.hashed(study_instance_uid)
        try:
            for file in files:
                file.unlink(missing_ok=True)
        except OSError as error:
            events.error("images_not_removed", study=study, errno=error.errno)
            continue
        ledger.studies.forget_files(files)
        _remove_empty(spool.study_folder(study_instance_uid))
        events.info("images_removed", study=study, images=len(files))
        removed += 1
    return removed


def _remove_empty(folder: Path) -> None:
    """Remove the folders of a study in which nothing lies any more."""
    for each in (*folder.glob("*"), folder):
        with suppress(OSError):  # something came meanwhile, or it is gone already
            each.rmdir()


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
