"""What only a run over a folder asks of the ledger: which jobs it does, and where."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from node.jobs.database import Database, path_of, path_value
from node.jobs.ledger_priors import PriorRecords
from node.jobs.ledger_studies import NEVER, UNBOUNDED, stamp


class OfflineRecords:
    """Jobs and results of the ledger beside a folder of results."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def park(self) -> None:
        """Let every queued job wait until ``due`` calls it."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE jobs SET not_before = ? WHERE state = 'queued'", (NEVER,)
            )

    def due(
        self, study_instance_uid: str, now: datetime, *, with_priors: bool = False
    ) -> None:
        """Let the queued jobs of a study wait no longer.

        Parameters
        ----------
        with_priors
            Whether a job waits until somebody has looked for its priors.
        """
        with self._database.write() as connection:
            connection.execute(
                "UPDATE jobs SET not_before = "
                "CASE WHEN priors IS NULL AND ? THEN ? ELSE ? END "
                "WHERE state = 'queued' AND study_instance_uid = ?",
                (with_priors, stamp(UNBOUNDED), stamp(now), study_instance_uid),
            )

    def end_waits(self, now: datetime) -> None:
        """Let no job of this run wait for its priors any longer: they are given up."""
        waiting = self._database.read(
            "SELECT job_id FROM jobs WHERE state = 'queued' AND not_before = ?",
            (stamp(UNBOUNDED),),
        )
        for row in waiting:
            PriorRecords(self._database).give_up(row["job_id"])
        with self._database.write() as connection:
            connection.execute(
                "UPDATE jobs SET not_before = ? "
                "WHERE state = 'queued' AND not_before = ?",
                (stamp(now), stamp(UNBOUNDED)),
            )

    def note_recipe(self, job_id: int, recipe: str) -> None:
        """Note what a job is about to be read with, so that a later run can compare."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE jobs SET recipe = ? WHERE job_id = ?", (recipe, job_id)
            )

    def relocate(self, results: Path) -> None:
        """Note that the results lie below this folder now, wherever they were made."""
        rows = self._database.read(
            "SELECT sop_instance_uid AS uid, path, study_instance_uid AS study, model, "
            "version FROM objects JOIN results USING (result_id) "
            "JOIN jobs USING (job_id) WHERE kind IN ('SEG', 'SR', 'SC', 'PDF')"
        )
        moved = []
        for row in rows:
            folder = results / row["study"] / row["model"] / f"v{row['version']}"
            path = folder / path_of(row["path"]).name
            if path != path_of(row["path"]):
                moved.append((path_value(path), row["uid"]))
        if moved:
            with self._database.write() as connection:
                connection.executemany(
                    "UPDATE objects SET path = ? WHERE sop_instance_uid = ?", moved
                )
