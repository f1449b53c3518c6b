"""The ledger's results and objects: rows that are written inside a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict

from node.jobs.database import path_of, path_value
from node.jobs.job import ObjectFile, Reported, Verdict
from node.jobs.known_priors import KnownPriors
from node.jobs.ledger_studies import stamp


def insert_result(
    connection: sqlite3.Connection, job_id: int, outcome: Reported, now: str
) -> int:
    """Keep a result, one version after the last, and return its number."""
    cursor = connection.execute(
        """
        INSERT INTO results (job_id, version, identity, series_instance_uid,
            completed_at, reported_at, summary, timings, precision, model_version,
            weights_digest, measurements, answers, made_with, priors)
        SELECT ?, 1 + COALESCE(MAX(version), 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
        FROM results WHERE job_id = ?
        """,
        (
            job_id,
            outcome.identity,
            outcome.series_instance_uid,
            stamp(outcome.completed_at),
            now,
            json.dumps(dict(outcome.summary), ensure_ascii=False),
            json.dumps(dict(outcome.timings_s)),
            outcome.precision,
            outcome.model_version,
            outcome.weights_digest,
            json.dumps([asdict(each) for each in outcome.measurements]),
            outcome.answers.text(),
            json.dumps(dict(outcome.made_with)),
            _told(connection, job_id, outcome).text(),
            job_id,
        ),
    )
    return int(cursor.lastrowid or 0)


def _told(
    connection: sqlite3.Connection, job_id: int, outcome: Reported
) -> KnownPriors:
    """Return what a result was told, with whom it was sought for.

    Images that were read for it go now: the job keeps their numbers in their place.
    Nor does it keep what was withheld when the study was read, and may be found anew.
    """
    row = connection.execute("SELECT priors FROM jobs WHERE job_id = ?", (job_id,))
    known = KnownPriors.of_text(row.fetchone()["priors"])
    told = KnownPriors(outcome.priors, outcome.priors_withheld, (), known.person)
    if known.images or told.is_missed:
        connection.execute(
            "UPDATE jobs SET priors = ? WHERE job_id = ?", (told.text(), job_id)
        )
    return told


def keep_verdicts(
    connection: sqlite3.Connection, job_id: int, verdicts: Sequence[Verdict]
) -> None:
    """Keep why each series was read or not, for the last reading of a job."""
    kept = json.dumps([asdict(verdict) for verdict in verdicts], ensure_ascii=False)
    connection.execute("UPDATE jobs SET verdicts = ? WHERE job_id = ?", (kept, job_id))


def insert_object(
    connection: sqlite3.Connection,
    result_id: int,
    made: ObjectFile,
    destinations: Sequence[str],
    now: str,
) -> None:
    """Keep an object and its deliveries, inside a transaction."""
    connection.execute(
        "INSERT INTO objects VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            made.sop_instance_uid,
            result_id,
            made.kind,
            made.sop_class_uid,
            made.series_instance_uid,
            made.transfer_syntax_uid,
            path_value(made.path),
            made.sha256,
        ),
    )
    connection.executemany(
        "INSERT INTO deliveries (sop_instance_uid, destination, state, not_before, "
        "created_at) VALUES (?, ?, 'pending', ?, ?)",
        [(made.sop_instance_uid, name, now, now) for name in destinations],
    )


def address_note(
    connection: sqlite3.Connection, sop_instance_uid: str, destination: str, now: str
) -> None:
    """Have the note follow an object that was on its way when it was taken back."""
    connection.execute(
        "INSERT OR IGNORE INTO deliveries "
        "(sop_instance_uid, destination, state, not_before, created_at) "
        "SELECT note_uid, ?, 'pending', ?, ? FROM retractions "
        "WHERE sop_instance_uid = ? AND note_uid IS NOT NULL",
        (destination, now, now, sop_instance_uid),
    )


def withdraw_notice(connection: sqlite3.Connection, job_id: int) -> int:
    """Take the notice about the study of a job from where it still waits.

    One that nobody got and nobody refused never was: the study may have another.

    Returns
    -------
    int
        Number of deliveries that are withdrawn.
    """
    notice = connection.execute(
        "SELECT result_id, sop_instance_uid AS uid FROM results "
        "JOIN objects USING (result_id) JOIN jobs USING (job_id) WHERE version = 0 "
        "AND study_instance_uid = "
        "(SELECT study_instance_uid FROM jobs WHERE job_id = ?)",
        (job_id,),
    ).fetchone()
    if notice is None:
        return 0
    withdrawn = connection.execute(
        "DELETE FROM deliveries WHERE sop_instance_uid = ? AND state = 'pending'",
        (notice["uid"],),
    ).rowcount
    ended = connection.execute(
        "SELECT 1 FROM deliveries WHERE sop_instance_uid = ?", (notice["uid"],)
    ).fetchone()
    if withdrawn and not ended:
        connection.execute(
            "DELETE FROM objects WHERE sop_instance_uid = ?", (notice["uid"],)
        )
        connection.execute(
            "DELETE FROM results WHERE result_id = ?", (notice["result_id"],)
        )
    return withdrawn


def object_file(row: sqlite3.Row) -> ObjectFile:
    """Return an object as its row in the table says."""
    return ObjectFile(
        kind=row["kind"],
        sop_class_uid=row["sop_class_uid"],
        sop_instance_uid=row["sop_instance_uid"],
        series_instance_uid=row["series_instance_uid"],
        transfer_syntax_uid=row["transfer_syntax_uid"],
        path=path_of(row["path"]),
        sha256=row["sha256"],
    )
