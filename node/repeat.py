"""What can be done again: jobs that have their images, objects that are whole."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow
from node.send.outbox import is_damaged


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs and objects somebody means; None stands for every one.

    Attributes
    ----------
    studies
        Study Instance UIDs.
    since
        Aware; only jobs that ended then or later.
    missed
        Only jobs whose earlier results could not all be looked for.
    """

    model: str | None = None
    studies: frozenset[str] | None = None
    since: datetime | None = None
    missed: bool = False

    def fits(self, model: str, study_instance_uid: str) -> bool:
        """Tell whether something of a model and a study is meant."""
        of_model = self.model is None or model == self.model
        return of_model and (self.studies is None or study_instance_uid in self.studies)


@dataclass(frozen=True, slots=True)
class JobsAgain:
    """Jobs that somebody wants done again.

    Attributes
    ----------
    ready
        They can be queued.
    without_images
        Retention, or somebody else, removed images of their studies.
    receiving
        Images arrive: they are read without being asked for.
    """

    ready: tuple[JobRow, ...]
    without_images: tuple[JobRow, ...]
    receiving: tuple[JobRow, ...]


def jobs_again(
    ledger: Ledger, states: Collection[JobState], wanted: Wanted
) -> JobsAgain:
    """Return the jobs in some states, by whether they can be done again."""
    meant = ledger.priors.missed() if wanted.missed else None
    jobs = [
        job
        for job in ledger.jobs.listing()
        if job.state in states
        and (meant is None or job.job_id in meant)
        and wanted.fits(job.model, job.study_instance_uid)
        and (wanted.since is None or (job.ended_at or job.queued_at) >= wanted.since)
    ]
    open_studies = {row.study_instance_uid for row in ledger.studies.receiving()}
    receiving = [job for job in jobs if job.study_instance_uid in open_studies]
    complete = [job for job in jobs if job.study_instance_uid not in open_studies]
    lacking = {
        study
        for study in {job.study_instance_uid for job in complete}
        if ledger.studies.without_file(study)
    }
    return JobsAgain(
        tuple(job for job in complete if job.study_instance_uid not in lacking),
        tuple(job for job in complete if job.study_instance_uid in lacking),
        tuple(receiving),
    )


@dataclass(frozen=True, slots=True)
class Offers:
    """Objects that somebody wants offered to a destination again.

    Attributes
    ----------
    ready
        Their files are what was written.
    gone, damaged
        Their files are not there, or are something else.
    """

    ready: tuple[Delivery, ...]
    gone: tuple[Delivery, ...]
    damaged: tuple[Delivery, ...]


def offers(
    ledger: Ledger, destination: str, wanted: Wanted, *, again: bool = False
) -> Offers:
    """Return what was not sent to a destination, in the order of its making.

    What waits there for its next attempt counts; what was taken back does not.

    Parameters
    ----------
    again
        What was sent counts as well.
    """
    states = {"failed", "pending", *(["sent"] if again else [])}
    taken_back = ledger.retractions.taken_back()
    models = {job.job_id: job.model for job in ledger.jobs.listing()}
    found = [
        delivery
        for job_id, deliveries in ledger.deliveries.by_job().items()
        for delivery in deliveries
        if delivery.destination == destination
        and delivery.state in states
        and delivery.sop_instance_uid not in taken_back
        and wanted.fits(models[job_id], delivery.study_instance_uid)
    ]
    gone = [delivery for delivery in found if not delivery.path.exists()]
    there = [delivery for delivery in found if delivery.path.exists()]
    damaged = [delivery for delivery in there if is_damaged(delivery)]
    ready = [delivery for delivery in there if delivery not in damaged]
    return Offers(tuple(ready), tuple(gone), tuple(damaged))
