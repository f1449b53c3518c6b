"""What is done again because somebody asks: jobs queued anew, objects offered anew.

A command calls this beside a running node. Each call is one transaction that looks at
every state again: what the node took meanwhile is left to it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from node.jobs.database import Database
from node.jobs.job import TRANSITIONS, JobEvent, JobState
from node.jobs.ledger_deliveries import reopen
from node.jobs.ledger_queue import requeue
from node.jobs.ledger_studies import stamp

QUEUED_AGAIN = tuple(state for state, event in TRANSITIONS if event is JobEvent.RETRY)
"""States of the jobs that somebody may want done again."""


class RepeatRecords:
    """Jobs and deliveries that are wanted once more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def queue_again(
        self,
        job_ids: Iterable[int],
        now: datetime,
        priors_until: datetime | None = None,
    ) -> list[int]:
        """Queue jobs anew whose study is complete; return which were.

        One that runs, or is queued already, is left alone.

        Parameters
        ----------
        priors_until
            How long a job waits for earlier results that are sought again; None: it
            does not.
        """
        with self._database.write() as connection:
            rows = connection.execute(
                "SELECT job_id, jobs.state FROM jobs "
                "JOIN studies USING (study_instance_uid) "
                "WHERE studies.state = 'complete' "
                "AND jobs.state IN (SELECT value FROM json_each(?)) "
                "AND job_id IN (SELECT value FROM json_each(?)) ORDER BY job_id",
                (json.dumps(QUEUED_AGAIN), json.dumps(list(job_ids))),
            ).fetchall()
            for row in rows:
                state = JobState(row["state"])
                requeue(connection, row["job_id"], state, stamp(now), JobEvent.RETRY)
            if priors_until is not None:
                connection.executemany(
                    "UPDATE jobs SET not_before = ? "
                    "WHERE job_id = ? AND priors IS NULL",
                    [(stamp(priors_until), row["job_id"]) for row in rows],
                )
        return [row["job_id"] for row in rows]

    def offer_again(self, delivery_ids: Sequence[int], now: datetime) -> list[int]:
        """Make deliveries due now, as if they were just made; return which were.

        What was taken back meanwhile is not offered. A job that was sent is reported
        until everything is there again. When it was sent stays known (``ended_at``).
        """
        with self._database.write() as connection:
            rows = connection.execute(
                "SELECT delivery_id, job_id, jobs.state FROM deliveries "
                "JOIN objects USING (sop_instance_uid) "
                "JOIN results USING (result_id) JOIN jobs USING (job_id) "
                "WHERE delivery_id IN (SELECT value FROM json_each(?)) "
                "AND sop_instance_uid NOT IN "
                "(SELECT sop_instance_uid FROM retractions) ORDER BY delivery_id",
                (json.dumps(list(delivery_ids)),),
            ).fetchall()
            for row in rows:
                _offer(connection, row["delivery_id"], stamp(now))
            were_sent = {r["job_id"] for r in rows if r["state"] == JobState.SENT}
            for job_id in were_sent:
                reopen(connection, job_id)
        return [row["delivery_id"] for row in rows]


def _offer(connection: sqlite3.Connection, delivery_id: int, now: str) -> None:
    connection.execute(
        "UPDATE deliveries SET state = 'pending', attempts = 0, status = NULL, "
        "detail = NULL, created_at = :now, not_before = :now, "
        "ended_at = CASE WHEN state = 'failed' THEN NULL ELSE ended_at END "
        "WHERE delivery_id = :delivery",
        {"now": now, "delivery": delivery_id},
    )
