"""The ledger's notices: at most one per study says that a model did not read it.

A notice is kept as version 0 of a job that has no result, so that it is delivered,
counted and recognised as our own like any other object.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from node.jobs.database import Database
from node.jobs.job import ObjectFile
from node.jobs.ledger_results import insert_object
from node.jobs.ledger_studies import moment, stamp

NEWS = timedelta(days=7)
"""What ended longer ago makes no notice: one that is switched on floods no archive."""

NOTICE_FAILED = "notice_failed"
"""Outcome of an attempt to make a notice that did not succeed."""

ALL_ENDED_UNTOLD = """
    s.state = 'complete'
    AND NOT EXISTS (SELECT 1 FROM jobs AS o
        WHERE o.study_instance_uid = s.study_instance_uid
          AND o.state IN ('queued', 'running'))
    AND NOT EXISTS (SELECT 1 FROM results JOIN jobs AS o USING (job_id)
        WHERE o.study_instance_uid = s.study_instance_uid AND results.version = 0)
"""
"""Of a study ``s``: every job has an outcome, and there is no notice."""

WANTS_NOTICE = f"""
    {ALL_ENDED_UNTOLD}
    AND j.ended_at >= :since
    AND (j.state = 'failed' OR (j.state = 'not_applicable'
         AND j.model IN (SELECT value FROM json_each(:expected))))
    AND (SELECT COUNT(*) FROM attempts JOIN jobs AS o USING (job_id)
        WHERE o.study_instance_uid = s.study_instance_uid
          AND attempts.outcome = '{NOTICE_FAILED}') < :attempts
"""  # noqa: S608 - constants are put in
"""Of a job ``j`` of a study ``s``; the values come from ``NoticePolicy``."""


@dataclass(frozen=True, slots=True)
class NoticePolicy:
    """Which studies want a notice.

    Attributes
    ----------
    expected
        Models for which ``not_applicable`` is news as well.
    attempts
        Attempts to make a notice after which it is given up.
    """

    expected: tuple[str, ...]
    attempts: int

    def at(self, now: datetime) -> dict[str, str | int]:
        """Return the values of the query ``WANTS_NOTICE``."""
        return {
            "since": stamp(now - NEWS),
            "expected": json.dumps(self.expected),
            "attempts": self.attempts,
        }


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
    read_by_others
        Whether another model has a result of the study.
    """

    study_instance_uid: str
    unread: tuple[UnreadJob, ...]
    ended_at: datetime
    read_by_others: bool

    @property
    def job_id(self) -> int:
        """The job that the notice is kept with."""
        return self.unread[0].job_id


class NoticeRecords:
    """Notices."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, policy: NoticePolicy, now: datetime) -> list[DueNotice]:
        """Return the studies that want a notice and have none, oldest first."""
        rows = self._database.read(
            f"""
            SELECT j.*, (SELECT COALESCE(MAX(version), 0) FROM results AS r
                         WHERE r.job_id = j.job_id) AS version,
                   (SELECT COUNT(DISTINCT o.job_id) FROM results JOIN jobs AS o
                        USING (job_id)
                    WHERE o.study_instance_uid = j.study_instance_uid
                      AND results.version > 0) AS with_result
            FROM jobs AS j JOIN studies AS s USING (study_instance_uid)
            WHERE {WANTS_NOTICE} ORDER BY j.job_id
            """,  # noqa: S608 - a constant is put in
            policy.at(now),
        )
        by_study: dict[str, list[sqlite3.Row]] = {}
        for row in rows:
            by_study.setdefault(row["study_instance_uid"], []).append(row)
        return [_due(jobs) for jobs in by_study.values()]

    def made(
        self,
        due: DueNotice,
        made: ObjectFile,
        destinations: Sequence[str],
        now: datetime,
    ) -> bool:
        """Record a notice and its deliveries, if it is still due; tell whether it was.

        While it was made the study may have been received, or read, again.
        """
        with self._database.write() as connection:
            if not _is_still_due(connection, due):
                return False
            cursor = connection.execute(
                "INSERT INTO results (job_id, version, identity, series_instance_uid, "
                "completed_at, reported_at, summary, timings, precision, "
                "model_version, weights_digest) "
                "VALUES (?, 0, 'notice', ?, ?, ?, '{}', '{}', '', '', '')",
                (due.job_id, made.series_instance_uid, stamp(now), stamp(now)),
            )
            insert_object(
                connection, int(cursor.lastrowid or 0), made, destinations, stamp(now)
            )
        return True

    def failed(self, due: DueNotice, detail: str, now: datetime) -> None:
        """Record that an attempt to make a notice did not succeed."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO attempts VALUES (?, ?, ?, ?, ?)",
                (due.job_id, stamp(now), stamp(now), NOTICE_FAILED, detail),
            )


def _due(jobs: Sequence[sqlite3.Row]) -> DueNotice:
    """Return the notice about jobs of one study."""
    unread = tuple(
        UnreadJob(job["job_id"], job["model"], job["reason"] or "", job["version"])
        for job in jobs
    )
    read_by_them = sum(job.version > 0 for job in unread)
    return DueNotice(
        jobs[0]["study_instance_uid"],
        unread,
        moment(max(job["ended_at"] for job in jobs)),
        read_by_others=jobs[0]["with_result"] > read_by_them,
    )


def _is_still_due(connection: sqlite3.Connection, due: DueNotice) -> bool:
    """Tell whether the jobs of a notice have ended, and have not begun again since."""
    row = connection.execute(
        f"""
        SELECT COUNT(*) AS number
        FROM jobs AS j JOIN studies AS s USING (study_instance_uid)
        WHERE {ALL_ENDED_UNTOLD} AND j.state IN ('failed', 'not_applicable')
          AND j.job_id IN (SELECT value FROM json_each(:jobs))
          AND j.ended_at <= :ended_at
        """,  # noqa: S608 - a constant is put in
        {
            "jobs": json.dumps([job.job_id for job in due.unread]),
            "ended_at": stamp(due.ended_at),
        },
    ).fetchone()
    return bool(row["number"] == len(due.unread))
