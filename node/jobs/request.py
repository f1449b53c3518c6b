"""From a claimed job to all that a worker needs for one attempt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from node.config import Settings
from node.declared import Declared
from node.errors import JobError, LedgerError, StudyReopenedError
from node.jobs.job import FILE_MISSING, Completeness, JobRequest
from node.jobs.known_priors import IMAGES_UNREAD, KnownPriors
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_studies import StudyRow


def bundle_of(settings: Settings, model: str) -> Path | None:
    """Return the bundle folder that the settings name for a model, if any."""
    return settings.models.of(model).bundle


def request_of(
    job: JobRow,
    ledger: Ledger,
    settings: Settings,
    results: Path,
    *,
    every_file: bool = True,
) -> JobRequest:
    """Return the request of the next attempt of ``job``.

    Parameters
    ----------
    results
        Folder below which the objects of every study, model and version lie.
    every_file
        Whether each image must have its file; offline, what lies there is the study.

    Raises
    ------
    StudyReopenedError
        An image arrived since the job was claimed: the study is not complete.
    JobError
        Transient ``file_missing``: some received images have no file any more.
    LedgerError
        The ledger does not hold the complete study of the job.
    """
    study = ledger.studies.get(job.study_instance_uid)
    if study is None or study.completed_at is None or study.completeness is None:
        raise LedgerError(f"job {job.job_id} stands without its complete study")
    files = _files(study, ledger, every_file=every_file)
    version = job.version + 1
    known = _known(job, ledger, settings)
    section = settings.models.of(job.model)
    return JobRequest(
        job_id=job.job_id,
        study_instance_uid=job.study_instance_uid,
        model=job.model,
        files=files,
        output_dir=results / job.study_instance_uid / job.reading / f"v{version}",
        completeness=Completeness(study.completeness),
        completeness_reason=study.completeness_reason,
        version=version,
        replaces=job.sr_uid,
        previous_identity=job.identity,
        completed_at=study.completed_at,
        installation_id=ledger.installation_id,
        site_salt=ledger.site_salt,
        bundle=section.bundle,
        accept=section.accept,
        only_series=job.only_series,
        report=settings.report,
        retrieve_ae_title=settings.archive.ae_title,
        device=settings.jobs.device,
        precision=_precision(job, settings),
        threads=settings.jobs.threads,
        priors=known.priors,
        priors_withheld=known.withheld,
        earlier=known.images,
        priors_of=known.person,
        declared=Declared.by(section),
    )


def _files(study: StudyRow, ledger: Ledger, *, every_file: bool) -> tuple[Path, ...]:
    """Return the files of a study that is still as ``study`` says.

    Refused when one is missing: what is left might look like a whole study.
    """
    uid = study.study_instance_uid
    files = ledger.studies.files(uid)
    if study.state != "complete" or study != ledger.studies.get(uid):
        raise StudyReopenedError("the study of this job is receiving again")
    missing = ledger.studies.without_file(uid) if every_file else 0
    if missing:
        raise JobError(
            FILE_MISSING, f"{missing} received images have no file", permanent=False
        )
    return files


def _known(job: JobRow, ledger: Ledger, settings: Settings) -> KnownPriors:
    """Return what is known of the person, as it was found before the first attempt.

    It stays with the job: what is found in the archive another day makes no new
    version of a result that was right when it was made. The last attempt does without
    images of earlier exams: they may be what ended those before it.
    """
    if not settings.priors.enabled:
        return KnownPriors()
    known = ledger.priors.known(job.job_id) or ledger.priors.give_up(job.job_id)
    if known.images and job.attempts >= settings.jobs.attempts:
        withheld = (*known.withheld, IMAGES_UNREAD)
        return replace(known, withheld=withheld, images=())
    return known


def _precision(job: JobRow, settings: Settings) -> str:
    """Return the arithmetic; ``auto`` stays with what the last result was made with.

    What is timed anew may turn out otherwise, and precision is part of a result's
    identity: an image that no model reads would make a new version.
    """
    wanted = settings.jobs.precision
    return job.precision if wanted == "auto" and job.precision else wanted
