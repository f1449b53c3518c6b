"""The ledger's jobs: claimed, done, then advanced; never deleted."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from node import log
from node.jobs.answers import Answers
from node.jobs.database import Database
from node.jobs.job import (
    Failed,
    JobEvent,
    JobState,
    Measured,
    NotApplicable,
    ObjectFile,
    Reported,
    Unchanged,
    Verdict,
    advance,
)
from node.jobs.ledger_queue import forget_priors, requeue
from node.jobs.ledger_results import (
    insert_object,
    insert_result,
    keep_verdicts,
    object_file,
    withdraw_notice,
)
from node.jobs.ledger_studies import moment, stamp
from node.jobs.reading import parts_of, reading_of


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job as the ledger knows it, with its last result if it has one."""

    job_id: int
    study_instance_uid: str
    model: str
    state: JobState
    attempts: int
    queued_at: datetime
    ended_at: datetime | None
    reason: str
    detail: str
    version: int
    """Version of the last result; 0 when there is none."""
    identity: str | None
    """Of the last result; None when there is none, or it was taken back."""
    summary: Mapping[str, str]
    timings_s: Mapping[str, float]
    sr_uid: str | None
    """SOP Instance UID of the SR of the last result."""
    precision: str | None = None
    """Arithmetic of the last result."""
    series_instance_uid: str = ""
    """The series that the last result was read from."""
    completed_at: datetime | None = None
    """The date that stands in the objects of the last result."""
    reported_at: datetime | None = None
    model_version: str = ""
    weights_digest: str = ""
    measurements: tuple[Measured, ...] = ()
    answers: Answers = field(default_factory=Answers)
    made_with: Mapping[str, str] = field(default_factory=dict)
    verdicts: tuple[Verdict, ...] = ()
    retracted_at: datetime | None = None
    """When the last result was taken back."""
    recipe: str = ""
    """Hash of what the job was last read with; "" on the wire."""
    study_completed_at: datetime | None = None
    """When the study came whole, for the last time."""
    only_series: str = ""
    """The only series that the model is given; "" where it chooses one."""

    @property
    def reading(self) -> str:
        """What it reads of the study, as the ledger names it."""
        return reading_of(self.model, self.only_series)


SELECT_JOBS = """
SELECT j.*, r.version, r.identity, r.summary, r.timings, r.precision,
       r.series_instance_uid, r.completed_at, r.reported_at, r.model_version,
       r.weights_digest, r.measurements, r.answers, r.made_with,
       (SELECT o.sop_instance_uid FROM objects AS o
        WHERE o.result_id = r.result_id AND o.kind = 'SR') AS sr_uid,
       (SELECT MIN(t.retracted_at) FROM retractions AS t
        JOIN objects AS o USING (sop_instance_uid)
        WHERE o.result_id = r.result_id) AS retracted_at,
       (SELECT c.completed_at FROM studies AS c
        WHERE c.study_instance_uid = j.study_instance_uid) AS study_completed_at
FROM jobs AS j
LEFT JOIN results AS r ON r.job_id = j.job_id
     AND r.version = (SELECT MAX(version) FROM results WHERE job_id = j.job_id)
     AND r.version > 0
"""


_READY = (
    "FROM jobs AS j JOIN studies AS s USING (study_instance_uid) "
    "WHERE j.state = 'queued' AND s.state = 'complete'"
)


class JobRecords:
    """Jobs, their attempts, results and objects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, job_id: int) -> JobRow:
        """Return one job that exists."""
        return job_row(
            self._database.read(f"{SELECT_JOBS} WHERE j.job_id = ?", (job_id,))[0]
        )

    def listing(self, study_instance_uid: str | None = None) -> list[JobRow]:
        """Return all jobs, or those of one study, in the order of their making."""
        where, parameters = "", ()
        if study_instance_uid is not None:
            where, parameters = "WHERE j.study_instance_uid = ?", (study_instance_uid,)  # type: ignore[assignment]  # both are tuples of text
        rows = self._database.read(
            f"{SELECT_JOBS} {where} ORDER BY j.job_id", parameters
        )
        return [job_row(row) for row in rows]

    def claim(
        self, now: datetime, study_instance_uid: str | None = None
    ) -> JobRow | None:
        """Take the oldest queued job that is due, of any study or of one, or None.

        A study that is receiving again is left alone until it is complete: what is
        known of its completeness is no longer true.
        """
        with self._database.write() as connection:
            row = connection.execute(
                f"SELECT j.job_id, j.state {_READY} AND not_before <= :now "
                "AND (:study IS NULL OR j.study_instance_uid = :study) "
                "ORDER BY queued_at, job_id LIMIT 1",
                {"now": stamp(now), "study": study_instance_uid},
            ).fetchone()
            if row is None:
                return None
            connection.execute(
                "UPDATE jobs SET state = ?, changed = 0, attempts = attempts + 1 "
                "WHERE job_id = ?",
                (advance(JobState(row["state"]), JobEvent.CLAIM), row["job_id"]),
            )
            connection.execute(
                "INSERT INTO attempts (job_id, started_at) VALUES (?, ?)",
                (row["job_id"], stamp(now)),
            )
        return self.get(row["job_id"])

    def report(
        self, job_id: int, outcome: Reported, destinations: Sequence[str], now: datetime
    ) -> None:
        """Record a result with its objects, and one delivery each per destination.

        With no destination the job stays ``reported``. A notice about the study that
        still waits somewhere is withdrawn.
        """
        with self._database.write() as connection:
            result_id = insert_result(connection, job_id, outcome, stamp(now))
            for made in outcome.objects:
                insert_object(connection, result_id, made, destinations, stamp(now))
            _end(connection, job_id, JobEvent.REPORT, "", "", stamp(now))
            keep_verdicts(connection, job_id, outcome.verdicts)
            withdrawn = withdraw_notice(connection, job_id)
        _tell(job_id, withdrawn)

    def unchanged(self, job_id: int, outcome: Unchanged, now: datetime) -> None:
        """Record that the earlier objects stand; they are sent if they all were.

        A notice that still waits is withdrawn, as by ``report``.
        """
        with self._database.write() as connection:
            _end(connection, job_id, JobEvent.REPORT, "unchanged", "", stamp(now))
            settle(connection, job_id, stamp(now))
            withdrawn = withdraw_notice(connection, job_id)
        _tell(job_id, withdrawn)
        del outcome

    def refuse(self, job_id: int, outcome: NotApplicable, now: datetime) -> None:
        """Record that the model reads no series of the study."""
        with self._database.write() as connection:
            _end(
                connection,
                job_id,
                JobEvent.REFUSE,
                outcome.reason,
                outcome.detail,
                stamp(now),
            )
            keep_verdicts(connection, job_id, outcome.verdicts)

    def fail(self, job_id: int, outcome: Failed, now: datetime) -> None:
        """Record that the job cannot succeed."""
        with self._database.write() as connection:
            _end(
                connection,
                job_id,
                JobEvent.FAIL,
                outcome.reason,
                outcome.message,
                stamp(now),
            )

    def try_again(
        self, job_id: int, outcome: Failed, not_before: datetime, now: datetime
    ) -> None:
        """Record a lost attempt; the job is due again at ``not_before``."""
        with self._database.write() as connection:
            _end(
                connection,
                job_id,
                JobEvent.TRY_AGAIN,
                outcome.reason,
                outcome.message,
                stamp(now),
            )
            connection.execute(
                "UPDATE jobs SET ended_at = NULL, "
                "not_before = MAX(IIF(changed, not_before, ''), ?) WHERE job_id = ?",
                (stamp(not_before), job_id),
            )

    def give_back(
        self,
        job_id: int,
        reason: str,
        now: datetime,
        not_before: datetime | None = None,
    ) -> None:
        """Queue a running job again that was cut short through no fault of its own.

        It does not count as one of its attempts. Without ``not_before`` it is due.
        """
        with self._database.write() as connection:
            _end(connection, job_id, JobEvent.TRY_AGAIN, reason, "", stamp(now))
            connection.execute(
                "UPDATE jobs SET attempts = MAX(attempts - 1, 0), ended_at = NULL, "
                "not_before = MAX(IIF(changed, not_before, ''), ?) WHERE job_id = ?",
                (stamp(not_before or now), job_id),
            )

    def objects(self, job_id: int) -> tuple[ObjectFile, ...]:
        """Return the objects of the last result of a job, in their order."""
        rows = self._database.read(
            "SELECT objects.* FROM objects JOIN results USING (result_id) "
            "WHERE job_id = :job AND version > 0 AND version = "
            "(SELECT MAX(version) FROM results WHERE job_id = :job) "
            "AND kind IN ('SEG', 'SR', 'SC', 'PDF') ORDER BY objects.rowid",
            {"job": job_id},
        )
        return tuple(object_file(row) for row in rows)

    def interrupted(self) -> list[JobRow]:
        """Return the jobs that a previous process left running."""
        rows = self._database.read(f"{SELECT_JOBS} WHERE j.state = 'running'")
        return [job_row(row) for row in rows]

    def next_due(self) -> datetime | None:
        """Return when the next queued job is due, or None."""
        rows = self._database.read(f"SELECT MIN(not_before) AS due {_READY}")
        return moment(rows[0]["due"]) if rows[0]["due"] else None

    def attempts(self, job_id: int) -> list[dict[str, Any]]:
        """Return the attempts of a job in order, as the ledger holds them."""
        rows = self._database.read(
            "SELECT started_at, ended_at, outcome, detail FROM attempts "
            "WHERE job_id = ? ORDER BY rowid",
            (job_id,),
        )
        return [dict(row) for row in rows]


def settle(connection: sqlite3.Connection, job_id: int, now: str) -> None:
    """Advance a reported job to sent when all its deliveries are, in a transaction.

    Of earlier versions only what is still on its way counts: one that was refused
    for good does not hold up its successor.
    """
    row = connection.execute(
        "SELECT SUM(d.state = 'sent') AS sent, COUNT(*) AS total FROM deliveries AS d "
        "JOIN objects USING (sop_instance_uid) JOIN results AS r USING (result_id) "
        "WHERE r.job_id = :job AND r.version > 0 "
        "AND (d.state = 'pending' OR r.version = "
        "(SELECT MAX(version) FROM results WHERE job_id = :job))",
        {"job": job_id},
    ).fetchone()
    state = connection.execute(
        "SELECT state FROM jobs WHERE job_id = ?", (job_id,)
    ).fetchone()["state"]
    if row["total"] and row["sent"] == row["total"] and state == JobState.REPORTED:
        connection.execute(
            "UPDATE jobs SET state = ?, ended_at = ? WHERE job_id = ?",
            (advance(JobState.REPORTED, JobEvent.DELIVER), now, job_id),
        )


def _tell(job_id: int, withdrawn: int) -> None:
    if withdrawn:
        log.get("jobs").info("notice_withdrawn", job=job_id, deliveries=withdrawn)


def _end(
    connection: sqlite3.Connection,
    job_id: int,
    event: JobEvent,
    reason: str,
    detail: str,
    now: str,
) -> None:
    """End the running attempt; a study that changed meanwhile is queued again."""
    row = connection.execute(
        "SELECT state, changed FROM jobs WHERE job_id = ?", (job_id,)
    ).fetchone()
    state = advance(JobState(row["state"]), event)
    connection.execute(
        "UPDATE jobs SET state = ?, reason = ?, detail = ?, ended_at = ? "
        "WHERE job_id = ?",
        (state, reason, detail, now, job_id),
    )
    connection.execute(
        "UPDATE attempts SET ended_at = ?, outcome = ?, detail = ? "
        "WHERE job_id = ? AND ended_at IS NULL",
        (now, reason or event, detail, job_id),
    )
    if not row["changed"]:
        return
    if state == JobState.QUEUED:
        forget_priors(connection, job_id)
    else:
        requeue(connection, job_id, state, now)


def job_row(row: sqlite3.Row) -> JobRow:
    """Return a row of ``SELECT_JOBS`` as a job."""
    model, only_series = parts_of(row["model"])
    return JobRow(
        job_id=row["job_id"],
        study_instance_uid=row["study_instance_uid"],
        model=model,
        only_series=only_series,
        state=JobState(row["state"]),
        attempts=row["attempts"],
        queued_at=moment(row["queued_at"]),
        ended_at=moment(row["ended_at"]) if row["ended_at"] else None,
        reason=row["reason"] or "",
        detail=row["detail"] or "",
        version=row["version"] or 0,
        identity=None if row["retracted_at"] else row["identity"],
        summary=json.loads(row["summary"]) if row["summary"] else {},
        timings_s=json.loads(row["timings"]) if row["timings"] else {},
        sr_uid=row["sr_uid"],
        precision=row["precision"],
        series_instance_uid=row["series_instance_uid"] or "",
        completed_at=moment(row["completed_at"]) if row["completed_at"] else None,
        reported_at=moment(row["reported_at"]) if row["reported_at"] else None,
        model_version=row["model_version"] or "",
        weights_digest=row["weights_digest"] or "",
        measurements=tuple(Measured(**m) for m in _list(row["measurements"])),
        answers=Answers.of_text(row["answers"]),
        made_with=json.loads(row["made_with"] or "{}"),
        verdicts=tuple(Verdict(**verdict) for verdict in _list(row["verdicts"])),
        retracted_at=moment(row["retracted_at"]) if row["retracted_at"] else None,
        recipe=row["recipe"] or "",
        study_completed_at=(
            moment(row["study_completed_at"]) if row["study_completed_at"] else None
        ),
    )


def _list(text: str | None) -> list[dict[str, Any]]:
    """Return a list that is kept as JSON; of an older ledger, an empty one."""
    return list(json.loads(text or "[]"))
