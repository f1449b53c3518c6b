"""Retention: received images are removed when nobody needs them any more."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from node import log
from node.config import RetentionSettings
from node.inbound.spool import Spool
from node.jobs.ledger import Ledger
from node.jobs.ledger_notices import NoticePolicy
from node.jobs.ledger_retention import RetentionRecords


def remove_received(
    ledger: Ledger,
    spool: Spool,
    settings: RetentionSettings,
    now: datetime,
    policy: NoticePolicy | None = None,
) -> int:
    """Remove received images whose outcomes and deliveries are old enough.

    Study by study: first the ledger forgets the files, then they go. A study for
    which images arrive is left for the next time, and a file that is not named in
    the ledger is not touched. Digests stay in the ledger, so that the same image is
    known when it comes again; results stay on disk. A study that fails is logged and
    does not hold up the others.

    Parameters
    ----------
    policy
        Which studies want a notice: their images are kept until it is made.

    Returns
    -------
    int
        Number of studies whose images were removed.
    """
    records = RetentionRecords(ledger.database, policy)
    before = now - timedelta(hours=settings.keep_received_h)
    removed = 0
    for study_instance_uid in records.removable(before):
        try:
            removed += _remove_study(records, spool, study_instance_uid, before)
        except Exception as error:  # noqa: BLE001 - each study by itself; it may quote
            log.get("retention").error(
                "study_not_removed",
                study=log.hashed(study_instance_uid),
                error=type(error).__name__,
            )
    return removed


def _remove_study(
    records: RetentionRecords, spool: Spool, study_instance_uid: str, before: datetime
) -> bool:
    """Remove the images of one study, if they may go now; tell whether they did."""
    with spool.claims.alone(study_instance_uid) as is_free:
        files = records.forget(study_instance_uid, before) if is_free else ()
        if files:
            _remove(files, spool.study_folder(study_instance_uid))
    return bool(files)


def _remove(files: tuple[Path, ...], folder: Path) -> None:
    """Remove the files of a study; the next start finds again what is left."""
    events = log.get("retention")
    left = 0
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            left += 1
            events.error("image_not_removed", errno=error.errno)
    _remove_empty(folder)
    events.info(
        "images_removed", study=log.hashed(folder.name), images=len(files) - left
    )


def _remove_empty(folder: Path) -> None:
    """Remove the folders of a study in which nothing lies any more."""
    for each in (*folder.glob("*"), folder):
        with suppress(OSError):  # something is left, or it is gone already
            each.rmdir()
