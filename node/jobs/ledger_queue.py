"""The ledger's queue: how a job comes into it, inside the transaction of another."""

from __future__ import annotations

import sqlite3

from node.jobs.job import JobEvent, JobState, advance
from node.jobs.known_priors import KnownPriors


def queue(connection: sqlite3.Connection, study: str, model: str, now: str) -> None:
    """Queue the job of a model for a complete study: a new one, or the one it has.

    One that runs is marked, and is queued again when it ends.
    """
    row = connection.execute(
        "SELECT job_id, state FROM jobs WHERE study_instance_uid = ? AND model = ?",
        (study, model),
    ).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO jobs (study_instance_uid, model, state, not_before, "
            "queued_at) VALUES (?, ?, ?, ?, ?)",
            (study, model, JobState.QUEUED, now, now),
        )
    elif row["state"] == JobState.RUNNING:
        connection.execute(
            "UPDATE jobs SET changed = 1 WHERE job_id = ?", (row["job_id"],)
        )
    elif row["state"] == JobState.QUEUED:
        forget_priors(connection, row["job_id"])
    else:
        requeue(connection, row["job_id"], JobState(row["state"]), now)


def requeue(
    connection: sqlite3.Connection,
    job_id: int,
    state: JobState,
    now: str,
    event: JobEvent = JobEvent.CHANGE,
) -> None:
    """Queue a job anew because its study changed, or ``event``, in a transaction.

    One whose study changed while it ran waits as it would have from that moment on.
    Earlier results that could not be found last time are sought again.
    """
    if event is JobEvent.CHANGE or _is_missed(connection, job_id):
        forget_priors(connection, job_id)
    connection.execute(
        "UPDATE jobs SET state = ?, changed = 0, attempts = 0, "
        "not_before = MAX(IIF(changed, not_before, ''), ?), queued_at = ?, "
        "ended_at = NULL, reason = NULL, detail = NULL WHERE job_id = ?",
        (advance(state, event), now, now, job_id),
    )


def _is_missed(connection: sqlite3.Connection, job_id: int) -> bool:
    row = connection.execute("SELECT priors FROM jobs WHERE job_id = ?", (job_id,))
    known = KnownPriors.of_text(row.fetchone()["priors"])
    return known.is_missed or bool(known.images)  # which went when the job ended


def forget_priors(connection: sqlite3.Connection, job_id: int) -> None:
    """Have earlier results sought again: the study may be another person's now.

    Attempts at what it was before do not count: no next one waits for its time.
    """
    connection.execute(
        "UPDATE jobs SET priors = NULL, attempts = 0 WHERE job_id = ?", (job_id,)
    )
