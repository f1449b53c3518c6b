"""The ledger's deliveries: every object, every destination, once."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from node.jobs.database import Database, path_of
from node.jobs.job import DEMONSTRATION_OFF, JobEvent, JobState, advance
from node.jobs.ledger_jobs import settle
from node.jobs.ledger_results import address_note
from node.jobs.ledger_studies import moment, stamp


@dataclass(frozen=True, slots=True)
class Delivery:
    """One object on its way to one destination."""

    delivery_id: int
    job_id: int
    study_instance_uid: str
    kind: str
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: Path
    sha256: str
    destination: str
    state: str
    attempts: int
    created_at: datetime
    status: int | None
    detail: str
    not_before: datetime | None = None
    """When it is due, while it is pending."""
    ended_at: datetime | None = None


class Readdressed(NamedTuple):
    """How many deliveries got another destination, and how many have none."""

    moved: int
    failed: int


DESTINATION_REMOVED = "destination_removed"
"""Why a delivery failed whose destination is no longer configured."""

PATIENCE = 5
"""Attempts of an object for which those behind it wait, so that a report does not
arrive before the Segmentation that it refers to, nor before the version that it
replaces. With the default back-off that is half a minute: an archive that never takes
one object gets the others all the same."""

_SELECT = """
SELECT d.*, o.kind, o.sop_class_uid, o.transfer_syntax_uid, o.path, o.sha256,
       j.job_id, j.study_instance_uid
FROM deliveries AS d JOIN objects AS o USING (sop_instance_uid)
JOIN results AS r USING (result_id) JOIN jobs AS j USING (job_id)
"""

_WAITING = """
WITH waiting AS (
    SELECT d.delivery_id, r.job_id, MAX(d.not_before, COALESCE(
        MAX(d.not_before) FILTER (WHERE d.attempts < :patience AND r.version > 0)
        OVER (PARTITION BY r.job_id ORDER BY d.delivery_id
              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), '')) AS due_at
    FROM deliveries AS d JOIN objects USING (sop_instance_uid)
    JOIN results AS r USING (result_id)
    WHERE d.state = 'pending' AND d.destination = :destination
)
"""
"""What waits for a destination, and until when: an object not before those of its job
that were made before it, of the same version or of an earlier one; unless those were
offered ``:patience`` times, or are notices."""


class DeliveryRecords:
    """Deliveries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, destination: str, now: datetime) -> list[Delivery]:
        """Return the pending deliveries of one study that are due, oldest first.

        All belong to one job, so that they travel in one association; of several
        versions the earlier one goes first.
        """
        rows = self._database.read(
            f"{_WAITING} {_SELECT} JOIN waiting AS w USING (delivery_id) "  # noqa: S608 - put together from constants
            "WHERE w.due_at <= :now AND w.job_id = (SELECT job_id FROM waiting "
            "WHERE due_at <= :now ORDER BY delivery_id LIMIT 1) ORDER BY d.delivery_id",
            {"destination": destination, "now": stamp(now), "patience": PATIENCE},
        )
        return [_delivery(row) for row in rows]

    def next_due(self, destination: str) -> datetime | None:
        """Return when the next delivery to ``destination`` is due, or None."""
        rows = self._database.read(
            f"{_WAITING} SELECT MIN(due_at) AS due FROM waiting",  # noqa: S608 - of constants
            {"destination": destination, "patience": PATIENCE},
        )
        return moment(rows[0]["due"]) if rows[0]["due"] else None

    def of_job(self, job_id: int) -> list[Delivery]:
        """Return the deliveries of a job in order."""
        rows = self._database.read(
            f"{_SELECT} WHERE j.job_id = ? ORDER BY d.delivery_id", (job_id,)
        )
        return [_delivery(row) for row in rows]

    def by_job(
        self, study_instance_uid: str | None = None
    ) -> dict[int, list[Delivery]]:
        """Return all deliveries, or those of one study, by job, each in order."""
        rows = self._database.read(
            f"{_SELECT} WHERE :study IS NULL OR j.study_instance_uid = :study "
            "ORDER BY d.delivery_id",
            {"study": study_instance_uid},
        )
        found: dict[int, list[Delivery]] = {}
        for row in rows:
            found.setdefault(row["job_id"], []).append(_delivery(row))
        return found

    def pending(self, destination: str) -> int:
        """Return how many objects wait for a destination."""
        rows = self._database.read(
            "SELECT COUNT(*) AS number FROM deliveries "
            "WHERE state = 'pending' AND destination = ?",
            (destination,),
        )
        return int(rows[0]["number"])

    def address(self, job_id: int, destinations: Sequence[str], now: datetime) -> bool:
        """Have the last result of a job sent to where it was never addressed to.

        Tells whether there was such a place; a job that was sent is so no more then.
        A result that was taken back goes nowhere.
        """
        with self._database.write() as connection:
            added = sum(
                connection.execute(
                    "INSERT OR IGNORE INTO deliveries (sop_instance_uid, destination, "
                    "state, not_before, created_at) "
                    "SELECT sop_instance_uid, :name, 'pending', :now, :now "
                    "FROM objects JOIN results USING (result_id) "
                    "WHERE job_id = :job AND version > 0 AND version = "
                    "(SELECT MAX(version) FROM results WHERE job_id = :job) "
                    "AND result_id NOT IN (SELECT result_id FROM retractions "
                    "JOIN objects USING (sop_instance_uid)) "
                    "ORDER BY objects.rowid",
                    {"job": job_id, "name": name, "now": stamp(now)},
                ).rowcount
                for name in destinations
            )
            if added:
                reopen(connection, job_id)
        return added > 0

    def sent(self, delivery: Delivery, status: int, now: datetime) -> None:
        """Record that the destination holds the object."""
        self._end(delivery, "sent", status, "", now)

    def failed(
        self, delivery: Delivery, status: int | None, detail: str, now: datetime
    ) -> None:
        """Record that the destination will not take the object."""
        self._end(delivery, "failed", status, detail, now)

    def postpone(
        self,
        deliveries: Sequence[Delivery],
        status: int | None,
        detail: str,
        not_before: datetime,
        *,
        held: Sequence[Delivery] = (),
    ) -> None:
        """Record a transient failure; the deliveries are due again later.

        Parameters
        ----------
        held
            Deliveries that were not tried and wait for these; due at the same moment.
        """
        with self._database.write() as connection:
            connection.executemany(
                "UPDATE deliveries SET attempts = attempts + 1, status = ?, "
                "detail = ?, not_before = ? WHERE delivery_id = ?",
                [
                    (status, detail, stamp(not_before), delivery.delivery_id)
                    for delivery in deliveries
                ],
            )
            connection.executemany(
                "UPDATE deliveries SET not_before = ? WHERE delivery_id = ?",
                [(stamp(not_before), delivery.delivery_id) for delivery in held],
            )

    def readdress(self, destinations: Sequence[str], now: datetime) -> Readdressed:
        """Take care of what waits for a destination that is no longer configured.

        It goes to a configured one that the object was never addressed to, best of
        the same AE title or host, because an archive that moved is a new destination;
        without such a one it fails as ``destination_removed``.
        """
        with self._database.write() as connection:
            stranded = connection.execute(
                f"{_SELECT} WHERE d.state = 'pending' AND d.destination NOT IN "
                f"({', '.join('?' * len(destinations))}) ORDER BY d.delivery_id",
                tuple(destinations),
            ).fetchall()
            moved = [
                _move(connection, _delivery(row), destinations, stamp(now))
                for row in stranded
            ]
        return Readdressed(moved.count(True), moved.count(False))

    def withhold(self, models: Collection[str], now: datetime) -> int:
        """Send no more of what some models made; return how many objects that are.

        They fail as ``demonstration_off``; a person can have them offered again.
        """
        with self._database.write() as connection:
            waiting = connection.execute(
                f"{_SELECT} WHERE d.state = 'pending' AND j.model IN "
                f"({', '.join('?' * len(models))})",
                tuple(models),
            ).fetchall()
            connection.executemany(
                "UPDATE deliveries SET state = 'failed', detail = ?, ended_at = ? "
                "WHERE delivery_id = ?",
                [
                    (DEMONSTRATION_OFF, stamp(now), row["delivery_id"])
                    for row in waiting
                ],
            )
            for job_id in {row["job_id"] for row in waiting}:
                settle(connection, job_id, stamp(now))
        return len(waiting)

    def _end(
        self,
        delivery: Delivery,
        state: str,
        status: int | None,
        detail: str,
        now: datetime,
    ) -> None:
        with self._database.write() as connection:
            connection.execute(
                "UPDATE deliveries SET state = ?, attempts = attempts + 1, "
                "status = ?, detail = ?, ended_at = ? WHERE delivery_id = ?",
                (state, status, detail, stamp(now), delivery.delivery_id),
            )
            if state == "sent":
                uid, destination = delivery.sop_instance_uid, delivery.destination
                address_note(connection, uid, destination, stamp(now))
            settle(connection, delivery.job_id, stamp(now))


def reopen(connection: sqlite3.Connection, job_id: int) -> None:
    """Note that a job which has a result is to be sent, inside a transaction."""
    (state,) = connection.execute(
        "SELECT state FROM jobs WHERE job_id = ?", (job_id,)
    ).fetchone()
    connection.execute(
        "UPDATE jobs SET state = ? WHERE job_id = ?",
        (advance(JobState(state), JobEvent.RESEND), job_id),
    )


def _move(
    connection: sqlite3.Connection,
    delivery: Delivery,
    destinations: Sequence[str],
    now: str,
) -> bool:
    """Address a delivery anew, as if it were just made; tell whether that went."""
    rows = connection.execute(
        "SELECT destination FROM deliveries WHERE sop_instance_uid = ?",
        (delivery.sop_instance_uid,),
    )
    taken = {row["destination"] for row in rows}
    free = [name for name in destinations if name not in taken]
    if free:
        connection.execute(
            "UPDATE deliveries SET destination = ?, attempts = 0, status = NULL, "
            "detail = NULL, created_at = ?, not_before = ? WHERE delivery_id = ?",
            (_nearest(delivery.destination, free), now, now, delivery.delivery_id),
        )
    else:
        connection.execute(
            "UPDATE deliveries SET state = 'failed', detail = ?, ended_at = ? "
            "WHERE delivery_id = ?",
            (DESTINATION_REMOVED, now, delivery.delivery_id),
        )
    return bool(free)


def _nearest(destination: str, free: Sequence[str]) -> str:
    """Return the one that differs least from ``AE@host:port``, the first of equals."""
    ae_title, host = _parts(destination)

    def likeness(name: str) -> tuple[bool, bool]:
        other_ae_title, other_host = _parts(name)
        return other_ae_title == ae_title, other_host == host

    return max(free, key=likeness)


def _parts(destination: str) -> tuple[str, str]:
    ae_title, _, address = destination.partition("@")
    return ae_title, address.rpartition(":")[0]


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(
        delivery_id=row["delivery_id"],
        job_id=row["job_id"],
        study_instance_uid=row["study_instance_uid"],
        kind=row["kind"],
        sop_class_uid=row["sop_class_uid"],
        sop_instance_uid=row["sop_instance_uid"],
        transfer_syntax_uid=row["transfer_syntax_uid"],
        path=path_of(row["path"]),
        sha256=row["sha256"],
        destination=row["destination"],
        state=row["state"],
        attempts=row["attempts"],
        created_at=moment(row["created_at"]),
        status=row["status"],
        detail=row["detail"] or "",
        not_before=moment(row["not_before"]),
        ended_at=moment(row["ended_at"]) if row["ended_at"] else None,
    )
