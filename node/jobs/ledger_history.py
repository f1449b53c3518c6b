"""The ledger looked back into: every result of a job, not only the last; jobs by wish.

Reads only, so that a command may ask beside a running node.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from node.jobs.answers import Answers
from node.jobs.database import Database
from node.jobs.job import Measured, ObjectFile
from node.jobs.known_priors import KnownPriors
from node.jobs.ledger_jobs import SELECT_JOBS, JobRow, job_row
from node.jobs.ledger_results import object_file
from node.jobs.ledger_studies import moment, stamp


@dataclass(frozen=True, slots=True)
class Received:
    """How much of a study was received, and how much of it still lies here.

    Attributes
    ----------
    images, series
        Distinct SOP and Series Instance UIDs.
    with_file
        Images whose file the ledger knows; retention removes files.
    """

    images: int
    series: int
    with_file: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """When and why a result was taken back, and when the archive let go of it.

    ``code`` is of the reason, scheme DCM; ``note_uid`` the SOP Instance UID of the
    rejection note, "" when there is none; ``deleted`` the number of objects that the
    archive holds no more.
    """

    at: datetime
    code: str
    reason: str
    note_uid: str
    deleted: int


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One version of the result of a job; version 0 is the notice that there is none.

    The fields are those of ``node.jobs.job.Reported``.
    """

    version: int
    identity: str
    series_instance_uid: str
    completed_at: datetime
    reported_at: datetime
    objects: tuple[ObjectFile, ...]
    summary: Mapping[str, str]
    timings_s: Mapping[str, float]
    precision: str
    model_version: str
    weights_digest: str
    measurements: tuple[Measured, ...]
    made_with: Mapping[str, str]
    answers: Answers = field(default_factory=Answers)
    taken_back: TakenBack | None = None
    known: KnownPriors = field(default_factory=KnownPriors)

    @property
    def sr_uid(self) -> str | None:
        """SOP Instance UID of its SR."""
        found = (made.sop_instance_uid for made in self.objects if made.kind == "SR")
        return next(found, None)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which jobs somebody wants to see; what is None is not asked for."""

    studies: tuple[str, ...] | None = None
    states: tuple[str, ...] | None = None
    model: str | None = None
    since: datetime | None = None
    """Queued or ended then or later."""

    def parameters(self) -> dict[str, Any]:
        """Return the values of the query ``_AS_WISHED``."""
        return {
            "studies": None if self.studies is None else json.dumps(self.studies),
            "states": None if self.states is None else json.dumps(self.states),
            "model": self.model,
            "since": None if self.since is None else stamp(self.since),
        }


_AS_WISHED = """
WHERE (:studies IS NULL OR j.study_instance_uid IN
       (SELECT value FROM json_each(:studies)))
  AND (:states IS NULL OR j.state IN (SELECT value FROM json_each(:states)))
  AND (:model IS NULL OR j.model = :model)
  AND (:since IS NULL OR MAX(j.queued_at, COALESCE(j.ended_at, '')) >= :since)
"""


class HistoryRecords:
    """What became of studies and jobs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, wish: Wish, limit: int | None = None) -> list[JobRow]:
        """Return the jobs that were queued last, the newest last."""
        rows = self._database.read(
            f"{SELECT_JOBS} {_AS_WISHED} "
            "ORDER BY j.queued_at DESC, j.job_id DESC LIMIT :limit",
            {**wish.parameters(), "limit": -1 if limit is None else limit},
        )
        return [job_row(row) for row in reversed(rows)]

    def counts(self, wish: Wish) -> dict[str, int]:
        """Return the number of jobs by state, of those that there are."""
        rows = self._database.read(
            f"SELECT j.state, COUNT(*) AS n FROM jobs AS j {_AS_WISHED} "  # noqa: S608 - a constant is put in
            "GROUP BY j.state",
            wish.parameters(),
        )
        return {row["state"]: row["n"] for row in rows}

    def received(self, study_instance_uid: str) -> Received:
        """Return how much of a study was received."""
        (row,) = self._database.read(
            "SELECT COUNT(DISTINCT sop_instance_uid) AS images, "
            "COUNT(DISTINCT series_instance_uid) AS series, "
            "COUNT(DISTINCT CASE WHEN path IS NOT NULL THEN sop_instance_uid END) "
            "AS with_file FROM instances WHERE study_instance_uid = ?",
            (study_instance_uid,),
        )
        return Received(row["images"], row["series"], row["with_file"])

    def results(self, job_id: int) -> list[ResultRow]:
        """Return every result of a job in the order of its versions."""
        rows = self._database.read(
            "SELECT * FROM results WHERE job_id = ? ORDER BY version", (job_id,)
        )
        return [self._result(row) for row in rows]

    def _result(self, row: sqlite3.Row) -> ResultRow:
        measurements = json.loads(row["measurements"] or "[]")
        return ResultRow(
            version=row["version"],
            identity=row["identity"],
            series_instance_uid=row["series_instance_uid"],
            completed_at=moment(row["completed_at"]),
            reported_at=moment(row["reported_at"]),
            objects=self._objects(row["result_id"]),
            summary=json.loads(row["summary"]),
            timings_s=json.loads(row["timings"]),
            precision=row["precision"],
            model_version=row["model_version"],
            weights_digest=row["weights_digest"],
            measurements=tuple(Measured(**each) for each in measurements),
            answers=Answers.of_text(row["answers"]),
            made_with=json.loads(row["made_with"] or "{}"),
            known=KnownPriors.of_text(row["priors"]),
            taken_back=self._taken_back(row["result_id"]),
        )

    def _objects(self, result_id: int) -> tuple[ObjectFile, ...]:
        rows = self._database.read(
            "SELECT * FROM objects WHERE result_id = ? ORDER BY rowid", (result_id,)
        )
        return tuple(object_file(row) for row in rows)

    def _taken_back(self, result_id: int) -> TakenBack | None:
        rows = self._database.read(
            "SELECT t.* FROM retractions AS t JOIN objects USING (sop_instance_uid) "
            "WHERE result_id = ? ORDER BY t.retracted_at",
            (result_id,),
        )
        if not rows:
            return None
        return TakenBack(
            at=moment(rows[0]["retracted_at"]),
            code=rows[0]["code"],
            reason=rows[0]["reason"],
            note_uid=rows[0]["note_uid"] or "",
            deleted=sum(row["deleted_at"] is not None for row in rows),
        )
