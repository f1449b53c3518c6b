"""Sending what a run reported: beside the reading, and never at its expense."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from node.config import Destination, Settings
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow
from node.send.outbox import Outbox, destination_name

LAST_WAIT_S = 5.0
"""How long a run that has read everything waits for what is due again soon."""


class Deliveries:
    """The outboxes of a run; with no destination, nothing happens."""

    def __init__(
        self, ledger: Ledger, settings: Settings, destinations: Sequence[Destination]
    ) -> None:
        self._ledger = ledger
        self._outboxes = {
            destination_name(place): Outbox(
                settings.send, place, ledger, settings.node.ae_title
            )
            for place in destinations
        }
        self._runs = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names under which the objects are delivered."""
        return tuple(self._outboxes)

    def start(self) -> None:
        """Begin to send what is reported."""
        for outbox in self._outboxes.values():
            outbox.start()
        self._runs = True

    def wake(self) -> None:
        """Look for what is new."""
        for outbox in self._outboxes.values():
            outbox.wake()

    def of(self, job: JobRow) -> tuple[Delivery, ...]:
        """Return the deliveries of a job's last result that this run is asked for."""
        last = {o.sop_instance_uid for o in self._ledger.jobs.objects(job.job_id)}
        return tuple(
            delivery
            for delivery in self._ledger.deliveries.of_job(job.job_id)
            if delivery.sop_instance_uid in last and delivery.destination in self.names
        )

    def address(self, job: JobRow) -> None:
        """Have the objects of a job sent to where they are not.

        What a destination refused in an earlier run is offered again: who names it
        once more has mended something.
        """
        if self._outboxes:
            now = datetime.now(UTC)
            self._ledger.deliveries.address(job.job_id, self.names, now)
            failed = [d.delivery_id for d in self.of(job) if d.state == "failed"]
            self._ledger.repeats.offer_again(failed, now)
            self.wake()

    def stop(self) -> None:
        """Send no more; what waits stays in the ledger."""
        if self._runs:
            self._runs = False
            for outbox in self._outboxes.values():
                outbox.stop()

    def finish(self) -> None:
        """Offer what still waits, until a destination takes no more of it."""
        self.stop()
        for name, outbox in self._outboxes.items():
            self._empty(name, outbox)

    def _empty(self, name: str, outbox: Outbox) -> None:
        while due := self._ledger.deliveries.next_due(name):
            wait_s = (due - datetime.now(UTC)).total_seconds()
            if wait_s > LAST_WAIT_S:
                return
            time.sleep(max(wait_s, 0.0))
            before = self._ledger.deliveries.pending(name)
            outbox.tick(datetime.now(UTC))
            if self._ledger.deliveries.pending(name) == before:
                return
