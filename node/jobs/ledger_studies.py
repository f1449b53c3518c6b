"""The ledger's studies: what was received, and when it was complete."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from node.jobs.database import Database, path_of, path_value
from node.jobs.job import Completeness
from node.jobs.ledger_queue import queue
from node.log import salted


def stamp(moment: datetime) -> str:
    """Return aware time as text that sorts: ISO 8601, UTC, microseconds.

    >>> stamp(datetime(2026, 11, 21, tzinfo=UTC))
    '2026-11-21T00:00:00.000000+00:00'
    """
    if moment.tzinfo is None:
        raise ValueError("the ledger takes aware times only")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


UNBOUNDED = datetime(9000, 1, 1, tzinfo=UTC)
"""Until when a job of a batch waits for its priors: they are sought in its process."""

NEVER = stamp(datetime.max.replace(tzinfo=UTC))
"""When a job is due that was parked: later than any that waits."""


def moment(text: str) -> datetime:
    """Return the aware time that ``stamp`` wrote."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class ReceivedInstance:
    """One object that lies complete in the spool.

    Attributes
    ----------
    digest
        SHA-256 of the data set as received, without its file meta information.
    accession_number
        As the data set says it; "" when it says none. The ledger keeps a salted hash.
    was_sent
        False when nobody sent it now: it was found again in the spool, or fetched.
        How an instance came is no part of what it is, so it counts in no comparison.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    digest: str
    path: Path
    calling_ae_title: str
    was_sent: bool = field(default=True, compare=False)
    accession_number: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One study as the ledger knows it."""

    study_instance_uid: str
    state: str
    first_received_at: datetime
    last_received_at: datetime
    completed_at: datetime | None
    completeness: Completeness | None
    completeness_reason: str
    calling_ae_title: str


class StudyRecords:
    """Studies, series and instances."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, instances: Iterable[ReceivedInstance], now: datetime) -> set[str]:
        """Note instances that lie in the spool; return the studies that changed.

        A content whose digest is known changes nothing, except that a file which
        retention had removed is there again. A new one opens its study (again), and
        so does an earlier one that comes back in the place of a later. So does any
        that is sent again to a complete study with a failed job: who sends it again
        wants another attempt, and a notice may have said so.
        """
        changed: set[str] = set()
        with self._database.write(durable=False) as connection:
            for instance in instances:
                if _insert(connection, instance, stamp(now)):
                    changed.add(instance.study_instance_uid)
        return changed

    def get(self, study_instance_uid: str) -> StudyRow | None:
        """Return one study, or None."""
        rows = self._database.read(
            "SELECT * FROM studies WHERE study_instance_uid = ?", (study_instance_uid,)
        )
        return _study(rows[0]) if rows else None

    def find(self, wanted: str) -> list[StudyRow]:
        """Return the studies that somebody may mean, first received first.

        Parameters
        ----------
        wanted
            A Study Instance UID, the SOP Instance UID of something received or made,
            an Accession Number, or the hash that stands in the log.
        """
        (salt,) = self._database.read("SELECT site_salt FROM installation")[0]
        rows = self._database.read(
            """
            SELECT * FROM studies WHERE study_instance_uid = :wanted
               OR accession_hash = :hash
               OR study_instance_uid IN (SELECT study_instance_uid FROM instances
                   WHERE sop_instance_uid = :wanted)
               OR study_instance_uid IN (SELECT study_instance_uid FROM objects
                   JOIN results USING (result_id) JOIN jobs USING (job_id)
                   WHERE sop_instance_uid = :wanted)
            ORDER BY first_received_at
            """,
            {"wanted": wanted, "hash": salted(salt, wanted)},
        ) or [
            row
            for row in self._database.read("SELECT * FROM studies")
            if salted(salt, row["study_instance_uid"]) == wanted
        ]
        return [_study(row) for row in rows]

    def receiving(self) -> list[StudyRow]:
        """Return the studies that are not complete, oldest first."""
        rows = self._database.read(
            "SELECT * FROM studies WHERE state = 'receiving' ORDER BY first_received_at"
        )
        return [_study(row) for row in rows]

    def series_counts(self, study_instance_uid: str) -> dict[str, int]:
        """Return the number of distinct SOP Instance UIDs per series."""
        rows = self._database.read(
            "SELECT series_instance_uid AS uid, COUNT(DISTINCT sop_instance_uid) AS n "
            "FROM instances WHERE study_instance_uid = ? GROUP BY series_instance_uid",
            (study_instance_uid,),
        )
        return {row["uid"]: row["n"] for row in rows}

    def files(self, study_instance_uid: str) -> tuple[Path, ...]:
        """Return the files of a study that lie in the spool, in order of receipt."""
        rows = self._database.read(
            "SELECT path FROM instances WHERE study_instance_uid = ? "
            "AND path IS NOT NULL ORDER BY rowid",
            (study_instance_uid,),
        )
        return tuple(path_of(row["path"]) for row in rows)

    def contents(self, study_instance_uid: str) -> set[tuple[str, str]]:
        """Return SOP Instance UID and digest of what a study holds, with a file."""
        rows = self._database.read(
            "SELECT sop_instance_uid AS uid, digest FROM instances "
            "WHERE study_instance_uid = ? AND path IS NOT NULL",
            (study_instance_uid,),
        )
        return {(row["uid"], row["digest"]) for row in rows}

    def digests(self, sop_instance_uid: str) -> set[str]:
        """Return the digests under which an instance was received."""
        rows = self._database.read(
            "SELECT digest FROM instances WHERE sop_instance_uid = ?",
            (sop_instance_uid,),
        )
        return {row["digest"] for row in rows}

    def without_file(self, study_instance_uid: str) -> int:
        """Return how many instances of a study have no file.

        Retention removed it, or somebody else did: the disk is asked. One that came
        again with another content has a file.
        """
        rows = self._database.read(
            "SELECT sop_instance_uid AS uid, path FROM instances "
            "WHERE study_instance_uid = ?",
            (study_instance_uid,),
        )
        there = {
            row["uid"] for row in rows if row["path"] and path_of(row["path"]).exists()
        }
        return len({row["uid"] for row in rows} - there)

    def is_own(self, sop_instance_uid: str) -> bool:
        """Tell whether the node itself made this object (docs/promises.md 4)."""
        return bool(
            self._database.read(
                "SELECT 1 FROM objects WHERE sop_instance_uid = ?", (sop_instance_uid,)
            )
        )

    def complete(
        self,
        study_instance_uid: str,
        *,
        completeness: Completeness,
        reason: str,
        archive_counts: Mapping[str, int],
        models: Sequence[str],
        now: datetime,
        priors_until: datetime | None = None,
    ) -> None:
        """Call a study complete and queue one job per model, in one transaction.

        A job that ended is queued again; one that runs is marked, and is queued
        again when it ends.

        Parameters
        ----------
        priors_until
            How long a job waits for somebody to look for earlier results of the
            person; None: it does not.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE studies SET state = 'complete', completed_at = ?, "
                "completeness = ?, completeness_reason = ? "
                "WHERE study_instance_uid = ?",
                (stamp(now), completeness, reason, study_instance_uid),
            )
            connection.executemany(
                "UPDATE series SET archive_count = ? WHERE series_instance_uid = ?",
                [(count, uid) for uid, count in archive_counts.items()],
            )
            for model in models:
                queue(connection, study_instance_uid, model, stamp(now))
            if priors_until is not None:
                connection.execute(
                    "UPDATE jobs SET not_before = ? WHERE study_instance_uid = ? "
                    "AND (state = 'queued' AND priors IS NULL "
                    "OR state = 'running' AND changed)",
                    (stamp(priors_until), study_instance_uid),
                )

    def forget_files(self, files: Iterable[Path]) -> None:
        """Note that received files are gone; their digests stay."""
        with self._database.write(durable=False) as connection:
            connection.executemany(
                "UPDATE instances SET path = NULL WHERE path = ?",
                [(path_value(file),) for file in files],
            )


def _insert(
    connection: sqlite3.Connection, instance: ReceivedInstance, now: str
) -> bool:
    """Insert one instance; tell whether it changes its study."""
    if _is_known(connection, instance):
        return False
    connection.execute(
        "INSERT INTO studies (study_instance_uid, state, first_received_at, "
        "last_received_at, calling_ae_title) VALUES (?, 'receiving', ?, ?, ?) "
        "ON CONFLICT (study_instance_uid) DO UPDATE SET state = 'receiving', "
        "last_received_at = excluded.last_received_at, "
        "calling_ae_title = excluded.calling_ae_title",
        (instance.study_instance_uid, now, now, instance.calling_ae_title),
    )
    connection.execute(
        "INSERT OR IGNORE INTO series (series_instance_uid, study_instance_uid) "
        "VALUES (?, ?)",
        (instance.series_instance_uid, instance.study_instance_uid),
    )
    if instance.accession_number:
        _keep_accession(connection, instance)
    connection.execute(
        "INSERT OR REPLACE INTO instances VALUES (?, ?, ?, ?, ?, ?)",  # a new rowid
        (
            instance.sop_instance_uid,
            instance.digest,
            instance.series_instance_uid,
            instance.study_instance_uid,
            _path_if_there(instance),
            now,
        ),
    )
    return True


def _keep_accession(connection: sqlite3.Connection, instance: ReceivedInstance) -> None:
    (salt,) = connection.execute("SELECT site_salt FROM installation").fetchone()
    connection.execute(
        "UPDATE studies SET accession_hash = ? WHERE study_instance_uid = ?",
        (salted(salt, instance.accession_number), instance.study_instance_uid),
    )


def _path_if_there(instance: ReceivedInstance) -> str | bytes | None:
    """Return the path for the ledger: never that of a file that has gone meanwhile."""
    return path_value(instance.path) if instance.path.exists() else None


def _is_known(connection: sqlite3.Connection, instance: ReceivedInstance) -> bool:
    """Note where a known content lies; tell whether that is all there is to do.

    It is not when another content of the instance came after it: then this one is
    the last again. A file that retention had removed only fills its gap, since it
    is the archive that gives back what it holds. Nor is it all when a job of the
    complete study failed, and somebody sends it again or it may be what was missing.
    """
    known = connection.execute(
        "SELECT path IS NULL OR rowid = (SELECT MAX(rowid) FROM instances "
        "WHERE sop_instance_uid = :uid AND study_instance_uid = :study) AS fits, "
        "EXISTS (SELECT 1 FROM jobs JOIN studies USING (study_instance_uid) "
        "WHERE study_instance_uid = :study AND studies.state = 'complete' "
        "AND jobs.state = 'failed' "
        "AND (:was_sent OR jobs.reason = 'file_missing')) AS wanted "
        "FROM instances WHERE sop_instance_uid = :uid AND digest = :digest",
        {
            "uid": instance.sop_instance_uid,
            "study": instance.study_instance_uid,
            "digest": instance.digest,
            "was_sent": instance.was_sent,
        },
    ).fetchone()
    if known is None or not known["fits"] or known["wanted"]:
        return False
    connection.execute(
        "UPDATE instances SET path = ? WHERE sop_instance_uid = ? AND digest = ?",
        (_path_if_there(instance), instance.sop_instance_uid, instance.digest),
    )
    return True


def _study(row: sqlite3.Row) -> StudyRow:
    return StudyRow(
        study_instance_uid=row["study_instance_uid"],
        state=row["state"],
        first_received_at=moment(row["first_received_at"]),
        last_received_at=moment(row["last_received_at"]),
        completed_at=moment(row["completed_at"]) if row["completed_at"] else None,
        completeness=Completeness(row["completeness"]) if row["completeness"] else None,
        completeness_reason=row["completeness_reason"] or "",
        calling_ae_title=row["calling_ae_title"],
    )
