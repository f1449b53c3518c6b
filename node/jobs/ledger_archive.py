"""The ledger's view of the archive: which of its studies are compared, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from node.jobs.database import Database
from node.jobs.ledger_studies import moment, stamp

UNTOLD = -1
"""Stands in the column for a number that the archive did not tell."""

NOTE = """
    INSERT INTO comparisons VALUES (:study, :count, :may_fetch, 0, 0, :not_before, :now)
    ON CONFLICT (study_instance_uid) DO UPDATE SET
        archive_count = excluded.archive_count, may_fetch = excluded.may_fetch,
        settled = 0, attempts = 0,
        not_before = excluded.not_before, seen_at = excluded.seen_at
    WHERE excluded.archive_count NOT IN (archive_count, :untold)
        OR may_fetch < excluded.may_fetch
"""

NOTE_AS_SETTLED = """
    INSERT INTO comparisons VALUES (:study, :count, 1, 1, 0, :not_before, :now)
    ON CONFLICT (study_instance_uid) DO NOTHING
"""
"""A study that may be fetched already is no news when the node is allowed to."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A study as it was seen in the archive.

    Attributes
    ----------
    instances
        How many the archive counts; with another number it is compared anew. None:
        it did not tell.
    may_fetch
        Whether the node may fetch it by itself.
    not_before
        When it may be compared at the earliest.
    """

    study_instance_uid: str
    instances: int | None
    may_fetch: bool
    not_before: datetime


@dataclass(frozen=True, slots=True)
class Comparison:
    """A study of the archive that is still to be compared with the ledger.

    Attributes
    ----------
    instances
        How many the archive counted; None: it did not tell.
    attempts
        How often what lacks was already asked for, in vain.
    seen_at
        When the study was first seen with as many instances as it has.
    """

    study_instance_uid: str
    instances: int | None
    may_fetch: bool
    attempts: int
    not_before: datetime
    seen_at: datetime


class ArchiveRecords:
    """Positions in the archive's history, and studies to be compared."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def position(self, source: str) -> str | None:
        """Return up to where an archive was looked through, or None: never."""
        rows = self._database.read(
            "SELECT position FROM positions WHERE source = ?", (source,)
        )
        return rows[0]["position"] if rows else None

    def note(
        self,
        sightings: Iterable[Sighting],
        now: datetime,
        position: tuple[str, str] | None = None,
    ) -> None:
        """Note studies, and in the same transaction the position behind them.

        A study that was seen with as many instances before, or of which the archive
        does not tell how many it has, is not compared again, except that the node
        may fetch it now.

        Parameters
        ----------
        position
            Source and position.
        """
        self._note(NOTE, sightings, now, position)

    def leave_alone(
        self,
        sightings: Iterable[Sighting],
        now: datetime,
        position: tuple[str, str],
    ) -> None:
        """Note studies as settled, with the position behind them, unless known.

        They are compared when the archive counts otherwise, and not before.
        """
        self._note(NOTE_AS_SETTLED, sightings, now, position)

    def _note(
        self,
        statement: str,
        sightings: Iterable[Sighting],
        now: datetime,
        position: tuple[str, str] | None,
    ) -> None:
        rows = [
            {
                "study": sighting.study_instance_uid,
                "count": _column(sighting.instances),
                "may_fetch": sighting.may_fetch,
                "not_before": stamp(sighting.not_before),
                "now": stamp(now),
                "untold": UNTOLD,
            }
            for sighting in sightings
        ]
        with self._database.write(durable=False) as connection:
            connection.executemany(statement, rows)
            if position is not None:
                connection.execute("REPLACE INTO positions VALUES (?, ?)", position)

    def due(self, now: datetime) -> list[Comparison]:
        """Return the studies to be compared now, longest due first."""
        rows = self._database.read(
            "SELECT * FROM comparisons WHERE settled = 0 AND not_before <= ? "
            "ORDER BY not_before, study_instance_uid",
            (stamp(now),),
        )
        return [
            Comparison(
                study_instance_uid=row["study_instance_uid"],
                instances=_number(row["archive_count"]),
                may_fetch=bool(row["may_fetch"]),
                attempts=row["attempts"],
                not_before=moment(row["not_before"]),
                seen_at=moment(row["seen_at"]),
            )
            for row in rows
        ]

    def tried(self, study_instance_uid: str, not_before: datetime) -> None:
        """Note that what lacks was asked for; look again at ``not_before``."""
        with self._database.write(durable=False) as connection:
            connection.execute(
                "UPDATE comparisons SET attempts = attempts + 1, not_before = ? "
                "WHERE study_instance_uid = ?",
                (stamp(not_before), study_instance_uid),
            )

    def settle(self, study_instance_uid: str) -> None:
        """Note that nothing lacks, or that nothing more is done about it."""
        with self._database.write(durable=False) as connection:
            connection.execute(
                "UPDATE comparisons SET settled = 1 WHERE study_instance_uid = ?",
                (study_instance_uid,),
            )

    def forget(self, before: datetime) -> None:
        """Forget what was settled and not seen otherwise since ``before``."""
        with self._database.write(durable=False) as connection:
            connection.execute(
                "DELETE FROM comparisons WHERE settled = 1 AND seen_at < ?",
                (stamp(before),),
            )

    def own_series(self, study_instance_uid: str) -> set[str]:
        """Return the series that this node made in a study."""
        rows = self._database.read(
            "SELECT DISTINCT o.series_instance_uid AS uid FROM objects AS o "
            "JOIN results USING (result_id) JOIN jobs AS j USING (job_id) "
            "WHERE j.study_instance_uid = ?",
            (study_instance_uid,),
        )
        return {row["uid"] for row in rows}


def _column(instances: int | None) -> int:
    return UNTOLD if instances is None else instances


def _number(column: int) -> int | None:
    return None if column == UNTOLD else column
