"""The outbox: one thread per destination, so that a dead one delays no other.

What is pending stands in the ledger. A failed delivery never runs a model again:
the bytes on disk are sent again until the destination has them, refuses them for
good, or ``give_up_after_h`` has passed. They are compared with the SHA-256 of the
ledger before anybody is called.

The objects of a job are offered in the order of their making: SEG, SR, SC, PDF, and the
earlier version before the later.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import file_digest

import structlog

from node import log
from node.config import Destination, SendSettings
from node.errors import SendError
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import PATIENCE, Delivery
from node.send.scu import Answer, Outgoing, Peer, Sent, store

IDLE_S = 60.0
"""Longest time between two looks into the ledger; ``wake`` ends it at once."""

RETRY_S = 5.0
"""Pause after the ledger could not be used, or after what nobody foresaw."""

RESULT_DAMAGED = "result_damaged"
"""Why a delivery failed whose file is missing or not what was written."""


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
        intact = []
        for delivery in deliveries:
            if is_damaged(delivery):
                self._fail(delivery, None, RESULT_DAMAGED, now)
            else:
                intact.append(delivery)
        if intact:
            self._deliver(intact, now)
        return bool(deliveries)

    def _deliver(self, deliveries: Sequence[Delivery], now: datetime) -> None:
        """Offer objects in their order and record each answer as it comes."""
        waiting = deque(deliveries)
        started = time.monotonic()
        trouble = SendError("the association broke", permanent=False)
        try:
            with closing(self._store(deliveries)) as answers:
                for sent in answers:
                    delivery = waiting.popleft()
                    moment = now + timedelta(seconds=time.monotonic() - started)
                    if not self._record(delivery, sent, waiting, moment):
                        return
        except SendError as error:
            trouble = error
        moment = now + timedelta(seconds=time.monotonic() - started)
        self._unanswered(waiting, trouble, moment)

    def _store(self, deliveries: Sequence[Delivery]) -> Generator[Sent]:
        return store(
            [_outgoing(delivery) for delivery in deliveries],
            self._peer,
            self._ae_title,
            self._settings.timeout_s,
        )

    def _record(
        self,
        delivery: Delivery,
        sent: Sent,
        behind: Sequence[Delivery],
        now: datetime,
    ) -> bool:
        """Record an answer; tell whether the objects behind it may be offered."""
        if sent.answer is Answer.STORED:
            self._ledger.deliveries.sent(delivery, sent.status or 0, now)
            self._event(delivery, sent.detail).info("object_sent")
            return True
        if sent.answer is Answer.PERMANENT or self._too_old(delivery, now):
            self._fail(delivery, sent.status, sent.detail, now)
            return True
        patient = delivery.attempts + 1 < PATIENCE
        held = behind if patient else ()
        self._postpone([delivery], sent.status, sent.detail, now, held=held)
        return not patient

    def _unanswered(
        self, deliveries: Sequence[Delivery], trouble: SendError, now: datetime
    ) -> None:
        """Record that these were to be sent, and that there was nobody to take them."""
        kept = []
        for delivery in deliveries:
            if trouble.permanent or self._too_old(delivery, now):
                self._fail(delivery, None, str(trouble), now)
            else:
                kept.append(delivery)
        if kept:
            self._postpone(kept, None, str(trouble), now)

    def _postpone(
        self,
        deliveries: Sequence[Delivery],
        status: int | None,
        detail: str,
        now: datetime,
        *,
        held: Sequence[Delivery] = (),
    ) -> None:
        """Put off deliveries and those held back, all to one moment."""
        due = now + self._backoff(max(d.attempts for d in deliveries))
        self._ledger.deliveries.postpone(deliveries, status, detail, due, held=held)
        for delivery in deliveries:
            event = self._event(delivery, detail)
            event.warning("object_postponed", until=due.isoformat())

    def _fail(
        self, delivery: Delivery, status: int | None, detail: str, now: datetime
    ) -> None:
        self._ledger.deliveries.failed(delivery, status, detail, now)
        self._event(delivery, detail).error("object_not_sent")

    def _event(self, delivery: Delivery, detail: str) -> structlog.stdlib.BoundLogger:
        return self._log.bind(
            kind=delivery.kind,
            study=log.hashed(delivery.study_instance_uid),
            detail=detail,
        )

    def _too_old(self, delivery: Delivery, now: datetime) -> bool:
        limit = timedelta(hours=self._settings.give_up_after_h)
        return now - delivery.created_at > limit

    def _backoff(self, attempts: int) -> timedelta:
        seconds = self._settings.backoff_s * 2.0 ** min(attempts, 20)
        return timedelta(seconds=min(seconds, self._settings.backoff_max_s))

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                pause = self._step(datetime.now(UTC))
            except Exception as error:  # noqa: BLE001 - a thread that ends sends nothing
                # A full disk or a locked ledger passes; the deliveries stay pending.
                name = type(error).__name__
                self._log.error("outbox_held_up", error=name, exc_info=True)
                pause = RETRY_S
            self._wake.wait(pause)

    def _step(self, now: datetime) -> float:
        """Do what is due; return how long nothing will happen by itself, in seconds."""
        if self.tick(now):
            return 0.0
        due = self._ledger.deliveries.next_due(str(self._peer))
        wait = IDLE_S if due is None else (due - now).total_seconds()
        return min(max(wait, 0.0), IDLE_S)


def readdress(
    ledger: Ledger, destinations: Sequence[Destination], now: datetime
) -> None:
    """Leave no delivery to a destination that no outbox serves any more."""
    names = [destination_name(destination) for destination in destinations]
    done = ledger.deliveries.readdress(names, now)
    if any(done):
        event = log.get("send").bind(readdressed=done.moved, failed=done.failed)
        event.warning("destinations_changed")


def is_damaged(delivery: Delivery) -> bool:
    """Say whether the bytes on disk are not those that the ledger knows.

    A file that cannot be read at the moment is not called damaged: the attempt to
    send it will fail, and be repeated.
    """
    try:
        with delivery.path.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest() != delivery.sha256
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _outgoing(delivery: Delivery) -> Outgoing:
    return Outgoing(
        sop_class_uid=delivery.sop_class_uid,
        sop_instance_uid=delivery.sop_instance_uid,
        transfer_syntax_uid=delivery.transfer_syntax_uid,
        path=delivery.path,
    )
