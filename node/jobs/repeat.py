"""A result made once more: the request that gives the same objects again.

What stands in the objects comes from the ledger and not from now, so that they are
equal byte for byte while the images, the bundle and the settings are the same.
"""

from __future__ import annotations

from pathlib import Path

from node.config import Settings
from node.declared import Declared
from node.errors import JobError, LedgerError
from node.jobs.job import FAST, FILE_MISSING, Completeness, JobRequest
from node.jobs.ledger import Ledger
from node.jobs.ledger_history import ResultRow
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_studies import StudyRow
from node.jobs.request import bundle_of


def repeat_request(
    job: JobRow,
    ledger: Ledger,
    settings: Settings,
    folder: Path,
    *,
    in_order: bool = True,
) -> JobRequest:
    """Return the request that makes the last result of ``job`` once more.

    Parameters
    ----------
    folder
        Where the objects are written; nothing else of the job or the ledger changes.
    in_order
        Whether the study came image by image; offline its files are in no order.

    Raises
    ------
    JobError
        Permanent ``file_missing``: some received images have no file any more.
    LedgerError
        The job has no result, or the ledger does not hold its study.
    """
    study = ledger.studies.get(job.study_instance_uid)
    results = [r for r in ledger.history.results(job.job_id) if r.version > 0]
    if study is None or not results:
        raise LedgerError(f"job {job.job_id} has no result")
    if ledger.studies.without_file(job.study_instance_uid):
        raise JobError(
            FILE_MISSING, "the images are gone; send the study again", permanent=True
        )
    last = results[-1]
    completeness, reason = _completeness(last, study)
    return JobRequest(
        job_id=job.job_id,
        study_instance_uid=job.study_instance_uid,
        model=job.model,
        files=ledger.studies.files(job.study_instance_uid),
        output_dir=folder,
        completeness=completeness,
        completeness_reason=reason,
        version=last.version,
        replaces=results[-2].sr_uid if len(results) > 1 else None,
        previous_identity=None,
        completed_at=last.completed_at,
        installation_id=ledger.installation_id,
        site_salt=ledger.site_salt,
        bundle=bundle_of(settings, job.model),
        report=settings.report,
        retrieve_ae_title=settings.archive.ae_title,
        device=last.made_with.get("device", settings.jobs.device),
        precision=last.precision or settings.jobs.precision,
        threads=settings.jobs.threads,
        in_order=in_order,
        accept=settings.models.of(job.model).accept,
        only_series=job.only_series,
        priors=last.known.priors,
        priors_withheld=last.known.withheld,
        declared=Declared.by(settings.models.of(job.model)),
        fast=FAST in last.made_with,
    )


def _completeness(last: ResultRow, study: StudyRow) -> tuple[Completeness, str]:
    """Return what stands in the objects; an older ledger knows only the study's."""
    recorded = last.made_with.get("completeness")
    if recorded:
        return Completeness(recorded), last.made_with.get("completeness_reason", "")
    return study.completeness or Completeness.UNCONFIRMED, study.completeness_reason
