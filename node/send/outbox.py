"""The outbox: one thread per destination, so that a dead one delays no other.

What is pending stands in the ledger. A failed delivery never runs a model again:
the bytes on disk are sent again until the destination has them, refuses them for
good, or ``give_up_after_h`` has passed.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from node import log
from node.config import Destination, SendSettings
from node.errors import SendError
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import Delivery
from node.send.scu import Answer, Outgoing, Peer, Sent, store

IDLE_S = 60.0
"""Longest time between two looks into the ledger; ``wake`` ends it at once."""

RETRY_S = 5.0
"""Pause after the ledger or a file could not be used."""


def destination_name(destination: Destination) -> str:
    """Return ``AE@host:port``, the name of a destination in the ledger.

    >>> destination_name(Destination(ae_title="ORTHANC", host="::1", port=4242))
    'ORTHANC@::1:4242'
    """
    return str(Peer(destination.ae_title, destination.host, destination.port))


class Outbox:
    """Deliveries to one destination.

    Parameters
    ----------
    settings
        Time-outs and back-off.
    destination
        The SCP that gets the objects.
    ledger
        Holds what is pending.
    ae_title
        Our calling AE title.
    """

    def __init__(
        self,
        settings: SendSettings,
        destination: Destination,
        ledger: Ledger,
        ae_title: str,
    ) -> None:
        self._settings = settings
        self._peer = Peer(destination.ae_title, destination.host, destination.port)
        self._ledger = ledger
        self._ae_title = ae_title
        self._log = log.get("send").bind(destination=str(self._peer))
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"outbox {self._peer}", daemon=True
        )

    def start(self) -> None:
        """Begin to deliver what is pending."""
        self._thread.start()

    def stop(self, timeout_s: float = 40.0) -> None:
        """Finish the association in progress and end."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout_s)

    def wake(self) -> None:
        """Look for deliveries now."""
        self._wake.set()

    def tick(self, now: datetime) -> bool:
        """Try the deliveries of the next due job once; tell whether any was due."""
        deliveries = self._ledger.deliveries.due(str(self._peer), now)
        if not deliveries:
            return False
        answered = {}
        trouble = "the association broke"
        started = time.monotonic()
        try:
            for sent in store(
                [_outgoing(delivery) for delivery in deliveries],
                self._peer,
                self._ae_title,
                self._settings.timeout_s,
            ):
                answered[sent.sop_instance_uid] = sent
        except SendError as error:
            if error.permanent:
                self._give_up(deliveries, str(error), now)
                return True
            trouble = str(error)
        elapsed = timedelta(seconds=time.monotonic() - started)
        self._record(deliveries, answered, trouble, now + elapsed)
        return True

    def _record(
        self,
        deliveries: Sequence[Delivery],
        answered: dict[str, Sent],
        trouble: str,
        now: datetime,
    ) -> None:
        unanswered = Sent("", Answer.TRANSIENT, None, trouble)
        for delivery in deliveries:
            sent = answered.get(delivery.sop_instance_uid, unanswered)
            event = self._log.bind(
                kind=delivery.kind,
                study=log.hashed(delivery.study_instance_uid),
                detail=sent.detail,
            )
            if sent.answer is Answer.STORED:
                self._ledger.deliveries.sent(delivery, sent.status or 0, now)
                event.info("object_sent")
            elif sent.answer is Answer.PERMANENT or self._too_old(delivery, now):
                self._ledger.deliveries.failed(delivery, sent.status, sent.detail, now)
                event.error("object_not_sent")
            else:
                due = now + self._backoff(delivery)
                self._ledger.deliveries.postpone(
                    [delivery], sent.status, sent.detail, due
                )
                event.warning("object_postponed", until=due.isoformat())

    def _give_up(
        self, deliveries: Sequence[Delivery], detail: str, now: datetime
    ) -> None:
        for delivery in deliveries:
            self._ledger.deliveries.failed(delivery, None, detail, now)
        self._log.error("objects_not_sent", detail=detail, objects=len(deliveries))

    def _too_old(self, delivery: Delivery, now: datetime) -> bool:
        limit = timedelta(hours=self._settings.give_up_after_h)
        return now - delivery.created_at > limit

    def _backoff(self, delivery: Delivery) -> timedelta:
        seconds = self._settings.backoff_s * 2.0 ** min(delivery.attempts, 20)
        return timedelta(seconds=min(seconds, self._settings.backoff_max_s))

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                pause = self._step(datetime.now(UTC))
            except (sqlite3.Error, OSError) as error:
                # A full disk or a locked ledger passes; the deliveries stay pending.
                self._log.error("outbox_held_up", error=type(error).__name__)
                pause = RETRY_S
            self._wake.wait(pause)

    def _step(self, now: datetime) -> float:
        """Do what is due; return how long nothing will happen by itself, in seconds."""
        if self.tick(now):
            return 0.0
        due = self._ledger.deliveries.next_due(str(self._peer))
        wait = IDLE_S if due is None else (due - now).total_seconds()
        return min(max(wait, 0.0), IDLE_S)


def _outgoing(delivery: Delivery) -> Outgoing:
    return Outgoing(
        sop_class_uid=delivery.sop_class_uid,
        sop_instance_uid=delivery.sop_instance_uid,
        transfer_syntax_uid=delivery.transfer_syntax_uid,
        path=delivery.path,
    )
