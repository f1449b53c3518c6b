"""The ledger's notices: at most one per study says that a model did not read it.

A notice is kept as version 0 of a job that has no result, so that it is delivered,
counted and recognised as our own like any other object.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from node.jobs.database import Database
from node.jobs.job import ObjectFile
from node.jobs.ledger_jobs import insert_object
from node.jobs.ledger_studies import moment, stamp

NOTICE_FAILED = "notice_failed"
"""Outcome of an attempt to make a notice that did not succeed."""


class UnreadJob(NamedTuple):
    """A job that ended without a result, or with none for images that came later.

    ``version`` is that of its last result, 0 when it never had one.
    """

    job_id: int
    model: str
    reason: str
    version: int


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A study whose jobs have all ended, some of them without a result.

    Attributes
    ----------
    unread
        Those, in the order of their making.
    ended_at
        When the last of them ended.
    """

    study_instance_uid: str
    unread: tuple[UnreadJob, ...]
    ended_at: datetime


class NoticeRecords:
    """Notices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(
        self, expected: Collection[str], since: datetime, attempts: int
    ) -> list[DueNotice]:
        """Return the studies that want a notice and have none, oldest first.

        Parameters
        ----------
        expected
            Models for which ``not_applicable`` is news as well.
        since
            Jobs that ended earlier are no news any more.
        attempts
            Attempts to make a notice after which it is given up.
        """
        rows = self._database.read(
            f"""
            SELECT j.*, (SELECT COALESCE(MAX(version), 0) FROM results AS r
                         WHERE r.job_id = j.job_id) AS version
            FROM jobs AS j JOIN studies AS s USING (study_instance_uid)
            WHERE s.state = 'complete' AND j.ended_at >= ?
              AND (j.state = 'failed' OR (j.state = 'not_applicable'
                   AND j.model IN ({", ".join("?" * len(expected))})))
              AND NOT EXISTS (SELECT 1 FROM jobs AS o
                  WHERE o.study_instance_uid = j.study_instance_uid
                    AND o.state IN ('queued', 'running'))
              AND NOT EXISTS (SELECT 1 FROM results JOIN jobs AS o USING (job_id)
                  WHERE o.study_instance_uid = j.study_instance_uid
                    AND results.version = 0)
              AND (SELECT COUNT(*) FROM attempts JOIN jobs AS o USING (job_id)
                  WHERE o.study_instance_uid = j.study_instance_uid
                    AND attempts.outcome = '{NOTICE_FAILED}') < ?
            ORDER BY j.job_id
            """,  # noqa: S608 - only placeholders and a constant are put in
            (stamp(since), *expected, attempts),
        )
        found: dict[str, list[UnreadJob]] = {}
        ended: dict[str, str] = {}
        for row in rows:
            study = row["study_instance_uid"]
            unread = UnreadJob(
                row["job_id"], row["model"], row["reason"] or "", row["version"]
            )
            found.setdefault(study, []).append(unread)
            ended[study] = max(ended.get(study, ""), row["ended_at"])
        return [
            DueNotice(study, tuple(jobs), moment(ended[study]))
            for study, jobs in found.items()
        ]

    def made(
        self, job_id: int, made: ObjectFile, destinations: Sequence[str], now: datetime
    ) -> None:
        """Record a notice and its deliveries."""
        with self._database.write() as connection:
            cursor = connection.execute(
                "INSERT INTO results (job_id, version, identity, series_instance_uid, "
                "completed_at, reported_at, summary, timings, precision, "
                "model_version, weights_digest) "
                "VALUES (?, 0, 'notice', ?, ?, ?, '{}', '{}', '', '', '')",
                (job_id, made.series_instance_uid, stamp(now), stamp(now)),
            )
            insert_object(
                connection, int(cursor.lastrowid or 0), made, destinations, stamp(now)
            )

    def failed(self, job_id: int, detail: str, now: datetime) -> None:
        """Record that an attempt to make a notice did not succeed."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO attempts VALUES (?, ?, ?, ?, ?)",
                (job_id, stamp(now), stamp(now), NOTICE_FAILED, detail),
            )
