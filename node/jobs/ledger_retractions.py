"""The ledger's retractions: results that were taken back, and the notes that say so."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from node.jobs.database import Database
from node.jobs.job import ObjectFile
from node.jobs.ledger_results import insert_object, object_file
from node.jobs.ledger_studies import moment, stamp

TAKEN_BACK = "taken_back"
"""Why an object was not sent that still waited when its result was taken back."""


@dataclass(frozen=True, slots=True)
class Retraction:
    """That, why and when a result was taken back.

    Attributes
    ----------
    code
        Code Value of the reason, scheme DCM.
    note
        Its rejection note; None when none could be made.
    deleted
        SOP Instance UIDs of the objects that the archive let go of.
    """

    code: str
    reason: str
    retracted_at: datetime
    note: ObjectFile | None = None
    deleted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SentResult:
    """One version of one result, and where its objects went.

    Attributes
    ----------
    version
        Of the result; ``model_version`` is that of the model.
    objects
        In the order of their making, without a rejection note.
    states
        State of the delivery by SOP Instance UID and destination, the note included.
    retraction
        None: the result stands.
    """

    result_id: int
    job_id: int
    study_instance_uid: str
    model: str
    version: int
    model_version: str
    weights_digest: str
    reported_at: datetime
    objects: tuple[ObjectFile, ...]
    states: Mapping[tuple[str, str], str] = field(default_factory=dict)
    retraction: Retraction | None = None

    @property
    def destinations(self) -> tuple[str, ...]:
        """Every destination that something was addressed to, sorted."""
        return tuple(sorted({destination for _, destination in self.states}))

    def sent_to(self, sop_instance_uid: str) -> tuple[str, ...]:
        """Return the destinations that took an object, sorted."""
        return tuple(
            sorted(
                destination
                for (uid, destination), state in self.states.items()
                if uid == sop_instance_uid and state == "sent"
            )
        )


class RetractionRecords:
    """Results as far as they can be taken back, and what was."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def taken_back(self) -> set[str]:
        """Return the SOP Instance UIDs of all objects that were taken back."""
        rows = self._database.read("SELECT sop_instance_uid AS uid FROM retractions")
        return {row["uid"] for row in rows}

    def results(
        self,
        model: str,
        model_version: str,
        *,
        weights: str = "",
        studies: Iterable[str] | None = None,
    ) -> list[SentResult]:
        """Return the results of one version of a model, in the order of their making.

        Parameters
        ----------
        weights
            How the SHA-256 of the weights begins, in hexadecimal.
        studies
            Study Instance UIDs; None: of every study.
        """
        rows = self._database.read(
            "SELECT * FROM results JOIN jobs USING (job_id) WHERE version > 0 "
            "AND model = ? AND model_version = ? "
            "AND substr(weights_digest, 1, length(?)) = ? ORDER BY result_id",
            (model, model_version, weights, weights),
        )
        chosen = None if studies is None else set(studies)
        return [
            self._result(row)
            for row in rows
            if chosen is None or row["study_instance_uid"] in chosen
        ]

    def take_back(
        self, results: Sequence[tuple[int, Retraction]], now: datetime
    ) -> list[int]:
        """Take back results in one transaction; return which were not before.

        An object that still waits is not sent. The note goes to every destination that
        did not refuse the objects for good: one that still waits may be on its way at
        this moment, or have been when the node was killed, and nobody knows. A note
        too many does no harm.
        A job that runs is read once more, since it was told that the result stands.

        Parameters
        ----------
        results
            Number of each result in the ledger, with what is recorded of it.
        """
        taken = []
        with self._database.write() as connection:
            for result_id, retraction in results:
                if not _is_taken_back(connection, result_id):
                    _take_back(connection, result_id, retraction, stamp(now))
                    taken.append(result_id)
        return taken

    def deleted(self, sop_instance_uid: str, now: datetime) -> None:
        """Record that the archive holds an object no more."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE retractions SET deleted_at = ? WHERE sop_instance_uid = ?",
                (stamp(now), sop_instance_uid),
            )

    def _result(self, row: sqlite3.Row) -> SentResult:
        objects = self._objects(row["result_id"])
        notes = [made for made in objects if made.kind == "KO"]
        return SentResult(
            result_id=row["result_id"],
            job_id=row["job_id"],
            study_instance_uid=row["study_instance_uid"],
            model=row["model"],
            version=row["version"],
            model_version=row["model_version"],
            weights_digest=row["weights_digest"],
            reported_at=moment(row["reported_at"]),
            objects=tuple(made for made in objects if made.kind != "KO"),
            states=self._states(row["result_id"]),
            retraction=self._retraction(row["result_id"], notes),
        )

    def _objects(self, result_id: int) -> list[ObjectFile]:
        rows = self._database.read(
            "SELECT * FROM objects WHERE result_id = ? ORDER BY rowid", (result_id,)
        )
        return [object_file(row) for row in rows]

    def _states(self, result_id: int) -> dict[tuple[str, str], str]:
        rows = self._database.read(
            "SELECT sop_instance_uid AS uid, destination, state FROM deliveries "
            "JOIN objects USING (sop_instance_uid) WHERE result_id = ? "
            "ORDER BY delivery_id",
            (result_id,),
        )
        return {(row["uid"], row["destination"]): row["state"] for row in rows}

    def _retraction(
        self, result_id: int, notes: Sequence[ObjectFile]
    ) -> Retraction | None:
        rows = self._database.read(
            "SELECT r.* FROM retractions AS r JOIN objects USING (sop_instance_uid) "
            "WHERE result_id = ?",
            (result_id,),
        )
        if not rows:
            return None
        return Retraction(
            code=rows[0]["code"],
            reason=rows[0]["reason"],
            retracted_at=moment(rows[0]["retracted_at"]),
            note=notes[0] if notes else None,
            deleted=frozenset(
                row["sop_instance_uid"] for row in rows if row["deleted_at"]
            ),
        )


def _is_taken_back(connection: sqlite3.Connection, result_id: int) -> bool:
    return bool(
        connection.execute(
            "SELECT 1 FROM retractions JOIN objects USING (sop_instance_uid) "
            "WHERE result_id = ?",
            (result_id,),
        ).fetchone()
    )


def _withdraw(connection: sqlite3.Connection, of_result: Mapping[str, object]) -> None:
    """Offer nothing any more; what was sent before, and offered again, was sent."""
    pending = (
        "WHERE state = 'pending' AND sop_instance_uid IN "
        "(SELECT sop_instance_uid FROM objects WHERE result_id = :result)"
    )
    connection.execute(
        f"UPDATE deliveries SET state = 'sent' {pending} AND ended_at IS NOT NULL",  # noqa: S608 - a constant is put in
        of_result,
    )
    connection.execute(
        "UPDATE deliveries SET state = 'failed', detail = :taken_back, "  # noqa: S608 - a constant is put in
        f"ended_at = :now {pending}",
        of_result,
    )


def _take_back(
    connection: sqlite3.Connection, result_id: int, retraction: Retraction, now: str
) -> None:
    of_result = {"result": result_id, "now": now, "taken_back": TAKEN_BACK}
    objects = connection.execute(
        "SELECT sop_instance_uid AS uid FROM objects WHERE result_id = ?", (result_id,)
    ).fetchall()
    holders = connection.execute(
        "SELECT DISTINCT destination FROM deliveries "
        "JOIN objects USING (sop_instance_uid) WHERE result_id = :result "
        "AND state IN ('sent', 'pending') ORDER BY destination",
        of_result,
    ).fetchall()
    _withdraw(connection, of_result)
    note = retraction.note
    if note is not None:
        names = [row["destination"] for row in holders]
        insert_object(connection, result_id, note, names, now)
    connection.executemany(
        "INSERT INTO retractions VALUES (?, ?, ?, ?, ?, NULL)",
        [
            (
                row["uid"],
                note.sop_instance_uid if note else None,
                retraction.code,
                retraction.reason,
                stamp(retraction.retracted_at),
            )
            for row in objects
        ],
    )
    connection.execute(
        "UPDATE jobs SET changed = 1 WHERE state = 'running' AND job_id = "
        "(SELECT job_id FROM results WHERE result_id = :result)",
        of_result,
    )
