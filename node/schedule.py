"""Periodic work, in a thread of its own."""

from __future__ import annotations

from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler

from node.config import RetentionSettings
from node.inbound.spool import Spool
from node.jobs.ledger import Ledger
from node.retention import remove_received


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
