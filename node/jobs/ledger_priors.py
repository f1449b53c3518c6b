"""The ledger's view of a person over time: which results came before, and were told.

No identifier stands in it, but a pseudonym: the salted hash of a Patient ID, which
finds results that may be of the same person. Whether they are, the reports say.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from node.jobs.database import Database, path_of
from node.jobs.known_priors import NOT_RENEWED, NOT_SOUGHT, RETRACTED, KnownPriors
from node.jobs.ledger_jobs import SELECT_JOBS, JobRow, job_row
from node.jobs.ledger_studies import NEVER, stamp
from node.log import salted

_EARLIER = """
FROM jobs AS j JOIN studies AS s USING (study_instance_uid)
WHERE s.patient_hash = :patient AND s.study_date < :before AND j.model = :model
"""


@dataclass(frozen=True, slots=True)
class EarlierReport:
    """The report of an earlier study, as it lies on disk.

    Attributes
    ----------
    made_with
        JSON, the rest of its provenance, with the protocol of the images.
    """

    study_instance_uid: str
    sr_instance_uid: str
    path: Path
    sha256: str
    made_with: str


class PriorRecords:
    """Who was scanned in a study, and what was read of them before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note_person(
        self, study_instance_uid: str, patient_id: str, study_date: date | None
    ) -> None:
        """Note whose study it is, by a hash, and when the scan was."""
        with self._database.write(durable=False) as connection:
            connection.execute(
                "UPDATE studies SET patient_hash = ?, study_date = ? "
                "WHERE study_instance_uid = ?",
                (
                    self._hash(patient_id),
                    study_date.isoformat() if study_date else None,
                    study_instance_uid,
                ),
            )

    def series(self, study_instance_uid: str) -> dict[Path, int]:
        """Return the last file of each series of a study → its number of images."""
        rows = self._database.read(
            "SELECT path, MAX(rowid), COUNT(DISTINCT sop_instance_uid) AS images "
            "FROM instances WHERE study_instance_uid = ? AND path IS NOT NULL "
            "GROUP BY series_instance_uid ORDER BY MAX(rowid)",
            (study_instance_uid,),
        )
        return {path_of(row["path"]): row["images"] for row in rows}

    def unsought(self) -> list[JobRow]:
        """Return the queued jobs for which nobody has looked, but for parked ones."""
        rows = self._database.read(
            f"{SELECT_JOBS} JOIN studies AS s USING (study_instance_uid) "
            "WHERE j.state = 'queued' AND j.priors IS NULL AND s.state = 'complete' "
            "AND j.not_before < ? ORDER BY j.queued_at, j.job_id",
            (NEVER,),
        )
        return [job_row(row) for row in rows]

    def being_read(self, patient_id: str, model: str, before: date) -> bool:
        """Tell whether an earlier study of a patient is still to be read."""
        return bool(
            self._database.read(
                f"SELECT 1 {_EARLIER} AND j.state IN ('queued', 'running') "
                "AND j.not_before < :never",
                self._parameters(patient_id, model, before) | {"never": NEVER},
            )
        )

    def reports(self, patient_id: str, model: str, before: date) -> list[EarlierReport]:
        """Return the last report of each earlier study that may be of a patient.

        One that counts no more (``objections``) is among them: the reader is told.
        """
        rows = self._database.read(
            f"""
            SELECT o.sop_instance_uid, o.path, o.sha256, r.made_with,
                   (SELECT study_instance_uid FROM jobs AS j
                    WHERE j.job_id = r.job_id) AS study
            FROM results AS r JOIN objects AS o USING (result_id)
            WHERE o.kind = 'SR' AND r.version > 0
              AND r.job_id IN (SELECT j.job_id {_EARLIER}) AND r.version =
                  (SELECT MAX(version) FROM results WHERE job_id = r.job_id)
            ORDER BY r.completed_at
            """,  # noqa: S608 - a constant is put in
            self._parameters(patient_id, model, before),
        )
        return [
            EarlierReport(
                row["study"],
                row["sop_instance_uid"],
                path_of(row["path"]),
                row["sha256"],
                row["made_with"] or "{}",
            )
            for row in rows
        ]

    def taken_back(self, sop_instance_uids: Iterable[str]) -> set[str]:
        """Return those of some objects that were taken back here."""
        return {
            uid
            for uid in sop_instance_uids
            if self._database.read(
                "SELECT 1 FROM retractions WHERE sop_instance_uid = ?", (uid,)
            )
        }

    def objections(self, sop_instance_uids: Iterable[str]) -> dict[str, str]:
        """Return why some reports count no more, as far as this ledger knows them.

        The archive may still hold one that a later version replaced here, under whom
        the study named before. Whatever became of a study that is not reported: it
        may have changed, and is not what its report was made from. One that is only
        read again, as it was, has not.

        Returns
        -------
        dict[str, str]
            SOP Instance UID → reason code.
        """
        uids = list(sop_instance_uids)
        rows = self._database.read(
            "SELECT o.sop_instance_uid AS uid, r.version < "
            "(SELECT MAX(version) FROM results WHERE job_id = r.job_id) AS replaced "
            "FROM objects AS o JOIN results AS r USING (result_id) "
            "JOIN jobs AS j USING (job_id) "
            "JOIN studies AS s USING (study_instance_uid) "
            "WHERE (replaced OR j.state NOT IN ('reported', 'sent') AND NOT "
            "(j.state IN ('queued', 'running') AND s.completed_at = r.completed_at)) "
            "AND uid IN (SELECT value FROM json_each(?))",
            (json.dumps(uids),),
        )
        found = {r["uid"]: RETRACTED if r["replaced"] else NOT_RENEWED for r in rows}
        return found | dict.fromkeys(self.taken_back(uids), RETRACTED)

    def hold(self, jobs: Iterable[int], until: datetime) -> None:
        """Have queued jobs, which nobody has begun, wait for their priors till then."""
        with self._database.write(durable=False) as connection:
            connection.executemany(
                "UPDATE jobs SET not_before = MAX(not_before, ?) WHERE job_id = ? "
                "AND state = 'queued' AND priors IS NULL AND attempts = 0",
                [(stamp(until), job_id) for job_id in jobs],
            )

    def keep(
        self,
        job_id: int,
        known: KnownPriors,
        now: datetime,
        completed_at: datetime | None = None,
    ) -> bool:
        """Keep what was found with a queued job; once.

        Beside it is kept what could not be found anew and its last result was told.
        The job is due now, unless an attempt of it was lost and the next one waits.

        Parameters
        ----------
        completed_at
            When the study had come whole for which somebody looked; since then it may
            have been corrected. None: that is not asked.

        Returns
        -------
        bool
            False when the job did not wait for it any more.
        """
        known = known.after(self._told(job_id))
        with self._database.write() as connection:
            kept = connection.execute(
                "UPDATE jobs SET priors = :known, "
                "not_before = IIF(attempts, not_before, MIN(not_before, :now)) "
                "WHERE job_id = :job AND state = 'queued' AND priors IS NULL AND "
                "(:of IS NULL OR :of = (SELECT completed_at FROM studies AS s "
                "WHERE s.study_instance_uid = jobs.study_instance_uid))",
                {
                    "known": known.text(),
                    "now": stamp(now),
                    "job": job_id,
                    "of": stamp(completed_at) if completed_at else None,
                },
            ).rowcount
        return bool(kept)

    def give_up(self, job_id: int) -> KnownPriors:
        """Keep with a job that is read now that nothing was found in time.

        But for what its last result was told. What is found later makes no new
        version, nor does it bring its next attempt forward.
        """
        known = KnownPriors(withheld=(NOT_SOUGHT,)).after(self._told(job_id))
        with self._database.write() as connection:
            connection.execute(
                "UPDATE jobs SET priors = ? WHERE job_id = ? AND priors IS NULL",
                (known.text(), job_id),
            )
        return known

    def _told(self, job_id: int) -> KnownPriors:
        """Return what the last result of a job was told, as far as it still counts."""
        rows = self._database.read(
            "SELECT priors FROM results WHERE job_id = ? AND version > 0 "
            "ORDER BY version DESC LIMIT 1",
            (job_id,),
        )
        told = KnownPriors.of_text(rows[0]["priors"] if rows else None)
        return told.without(self.objections(p.sr_instance_uid for p in told.priors))

    def known(self, job_id: int) -> KnownPriors | None:
        """Return what was found for a job; None when nobody has looked.

        What counts no more is left out (``objections``): it may have waited for long.
        """
        (row,) = self._database.read(
            "SELECT priors FROM jobs WHERE job_id = ?", (job_id,)
        )
        if row["priors"] is None:
            return None
        known = KnownPriors.of_text(row["priors"])
        return known.without(self.objections(p.sr_instance_uid for p in known.priors))

    def withheld(self, since: datetime) -> tuple[int, Counter[str]]:
        """Return how many results stand since then, and how many by reason code.

        A code counts where earlier results were withheld, or not looked for, for it
        when the study was read last: a result may have stayed as it was since.
        """
        rows = self._database.read(
            "SELECT j.priors FROM jobs AS j JOIN results AS r USING (job_id) "
            "WHERE j.state IN ('reported', 'sent') AND j.priors IS NOT NULL "
            "AND r.version > 0 AND r.reported_at >= ? AND r.version = "
            "(SELECT MAX(version) FROM results WHERE job_id = j.job_id)",
            (stamp(since),),
        )
        told = [KnownPriors.of_text(row["priors"]) for row in rows]
        return len(told), Counter(code for known in told for code in known.withheld)

    def missed(self) -> set[int]:
        """Return the jobs for which another search may find more than the last did."""
        rows = self._database.read(
            "SELECT job_id, priors FROM jobs WHERE priors IS NOT NULL"
        )
        told = {int(r["job_id"]): KnownPriors.of_text(r["priors"]) for r in rows}
        return {job_id for job_id, known in told.items() if known.is_missed}

    def tell_of(self, sop_instance_uids: Iterable[str]) -> list[str]:
        """Return the studies whose standing result was told of some reports."""
        rows = self._database.read(
            "SELECT DISTINCT j.study_instance_uid AS study FROM results AS r "
            "JOIN jobs AS j USING (job_id), json_each(r.priors, '$.priors') AS prior "
            "WHERE r.version = (SELECT MAX(version) FROM results WHERE job_id = "
            "j.job_id) AND json_extract(prior.value, '$.sr_instance_uid') IN "
            "(SELECT value FROM json_each(?)) ORDER BY r.result_id",
            (json.dumps(list(sop_instance_uids)),),
        )
        return [row["study"] for row in rows]

    def unfinished(self) -> set[int]:
        """Return the jobs that have no outcome yet."""
        rows = self._database.read(
            "SELECT job_id FROM jobs WHERE state IN ('queued', 'running')"
        )
        return {int(row["job_id"]) for row in rows}

    def _hash(self, patient_id: str) -> str:
        (salt,) = self._database.read("SELECT site_salt FROM installation")[0]
        return salted(salt, f"patient {patient_id}")

    def _parameters(self, patient_id: str, model: str, before: date) -> dict[str, str]:
        return {
            "patient": self._hash(patient_id),
            "before": before.isoformat(),
            "model": model,
        }
