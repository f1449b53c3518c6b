"""All that the ledger knows of one study, gathered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from node.jobs.job import ObjectFile
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_history import Received, ResultRow
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_studies import StudyRow, moment
from node.log import salted

NOTE = "KO"
"""Kind of a rejection note, which lies with the objects that it takes back."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a job; ``ended_at`` is None while it runs.

    ``outcome`` is an event of the lifecycle, or the reason code of its end.
    """

    started_at: datetime
    ended_at: datetime | None
    outcome: str
    detail: str

    @property
    def seconds(self) -> float | None:
        """How long it took."""
        if self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class JobStory:
    """One model and the study.

    Attributes
    ----------
    results
        Every version in order, without notices.
    notices
        That the study was not read, as it was sent to the archive.
    deliveries
        Of every object, in the order of their making.
    """

    job: JobRow
    attempts: tuple[Attempt, ...]
    results: tuple[ResultRow, ...]
    notices: tuple[ResultRow, ...]
    deliveries: tuple[Delivery, ...]

    def deliveries_of(self, result: ResultRow) -> tuple[Delivery, ...]:
        """Return the deliveries of one version, its rejection note included."""
        uids = {made.sop_instance_uid for made in result.objects}
        return tuple(d for d in self.deliveries if d.sop_instance_uid in uids)


@dataclass(frozen=True, slots=True)
class Story:
    """One study; ``log_hash`` is how the log names it."""

    study: StudyRow
    log_hash: str
    installation_id: str
    received: Received
    jobs: tuple[JobStory, ...]


def story_of(study: StudyRow, ledger: Ledger) -> Story:
    """Gather what the ledger knows of a study."""
    uid = study.study_instance_uid
    received = ledger.history.received(uid)
    there = received.images - ledger.studies.without_file(uid)  # the disk is asked
    return Story(
        study=study,
        log_hash=salted(ledger.site_salt, uid),
        installation_id=ledger.installation_id,
        received=replace(received, with_file=there),
        jobs=tuple(_job_story(job, ledger) for job in ledger.jobs.listing(uid)),
    )


def made_objects(result: ResultRow) -> tuple[ObjectFile, ...]:
    """Return the objects of a result without a note that takes it back."""
    return tuple(made for made in result.objects if made.kind != NOTE)


def _job_story(job: JobRow, ledger: Ledger) -> JobStory:
    versions = ledger.history.results(job.job_id)
    return JobStory(
        job=job,
        attempts=tuple(
            Attempt(
                started_at=moment(row["started_at"]),
                ended_at=moment(row["ended_at"]) if row["ended_at"] else None,
                outcome=row["outcome"] or "",
                detail=row["detail"] or "",
            )
            for row in ledger.jobs.attempts(job.job_id)
        ),
        results=tuple(version for version in versions if version.version > 0),
        notices=tuple(version for version in versions if version.version == 0),
        deliveries=tuple(ledger.deliveries.of_job(job.job_id)),
    )
