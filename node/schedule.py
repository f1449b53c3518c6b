"""Periodic work, in a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

from node import log
from node.config import RetentionSettings
from node.inbound.spool import Spool
from node.jobs.ledger import Ledger
from node.jobs.ledger_notices import NoticePolicy
from node.retention import remove_received


class Schedule:
    """Runs the periodic work in background threads, one piece of each kind at a time.

    Work that is late, because the machine was busy or asleep, is done once. Work that
    fails is logged by its kind of error, and done again at its time.
    """

    def __init__(
        self,
        settings: RetentionSettings,
        ledger: Ledger,
        spool: Spool,
        policy: NoticePolicy | None = None,
    ) -> None:
        # it would log an error of the work with its text, which may name a study
        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            job_defaults={
                "max_instances": 1,
                "coalesce": True,
                "misfire_grace_time": None,
            },
        )
        self.repeat(
            lambda: remove_received(ledger, spool, settings, datetime.now(UTC), policy),
            settings.every_s,
        )

    def repeat(
        self, work: Callable[[], object], every_s: float, *, at_once: bool = False
    ) -> None:
        """Have work done every so many seconds.

        Parameters
        ----------
        at_once
            Begin at the start, not one interval after it.
        """
        first = {"next_run_time": datetime.now(UTC)} if at_once else {}
        self._scheduler.add_job(
            _guarded, "interval", args=[work], seconds=every_s, **first
        )

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """End after the work in progress."""
        self._scheduler.shutdown(wait=True)


def _guarded(work: Callable[[], object]) -> None:
    """Do a piece of work; nobody waits for its error, so it ends here."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is done again
        log.get("schedule").error("work_failed", error=type(error).__name__)
