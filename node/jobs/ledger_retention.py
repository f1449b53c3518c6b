"""Which received files nobody needs any more, and forgetting where they lay."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from node.jobs.database import Database, path_of
from node.jobs.ledger_notices import WANTS_NOTICE, NoticePolicy
from node.jobs.ledger_studies import stamp

NEEDED_BY_NOBODY = """
    FROM studies AS s JOIN instances AS i USING (study_instance_uid)
    WHERE s.state = 'complete' AND s.completed_at < :before
      AND i.path IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM jobs AS j
                  WHERE j.study_instance_uid = s.study_instance_uid
                    AND (j.state IN ('queued', 'running') OR j.ended_at >= :before))
      AND NOT EXISTS (SELECT 1 FROM deliveries AS d
                  JOIN objects USING (sop_instance_uid)
                  JOIN results USING (result_id)
                  JOIN jobs AS j USING (job_id)
                  WHERE j.study_instance_uid = s.study_instance_uid
                    AND (d.state = 'pending' OR d.ended_at >= :before))
"""
"""Of complete studies only: every job has an outcome, no delivery is pending, and the
last of all this was before ``:before``."""

AND_NOTICE_IS_NOT_DUE = f"""
      AND NOT EXISTS (SELECT 1 FROM jobs AS j
                  WHERE j.study_instance_uid = s.study_instance_uid
                    AND {WANTS_NOTICE})
"""  # noqa: S608 - a constant is put in
"""A notice is made from the headers of the files."""


class RetentionRecords:
    """The files of studies that have their outcome.

    Parameters
    ----------
    policy
        Which studies want a notice, whose files are kept for it; None: none do.
    """

    def __init__(self, database: Database, policy: NoticePolicy | None = None) -> None:
        self._database = database
        self._policy = policy
        self._needed_by_nobody = NEEDED_BY_NOBODY
        if policy is not None:
            self._needed_by_nobody += AND_NOTICE_IS_NOT_DUE

    def removable(self, before: datetime) -> list[str]:
        """Return the studies whose files nobody has needed since ``before``.

        That may be over a moment later: ``forget`` looks again.
        """
        rows = self._database.read(
            "SELECT DISTINCT s.study_instance_uid AS uid "
            f"{self._needed_by_nobody} ORDER BY 1",
            self._values(before),
        )
        return [row["uid"] for row in rows]

    def forget(self, study_instance_uid: str, before: datetime) -> tuple[Path, ...]:
        """Forget the files of a study that is still removable, and return them.

        One durable transaction looks and forgets: no job can be queued in between,
        and after a power cut no file is known that may be gone. The digests stay.
        """
        asked = {**self._values(before), "uid": study_instance_uid}
        with self._database.write() as connection:
            rows = connection.execute(
                f"SELECT i.path {self._needed_by_nobody} "
                "AND s.study_instance_uid = :uid",
                asked,
            ).fetchall()
            if rows:
                connection.execute(
                    "UPDATE instances SET path = NULL WHERE study_instance_uid = :uid",
                    asked,
                )
        return tuple(path_of(row["path"]) for row in rows)

    def _values(self, before: datetime) -> dict[str, str | int]:
        of_policy = self._policy.at(before) if self._policy else {}
        return {"before": stamp(before), **of_policy}
