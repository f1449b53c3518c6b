"""Small stories in a ledger: studies that were received, complete, and their jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from node.jobs.job import Completeness, JobRequest, ObjectFile, Reported
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_studies import ReceivedInstance

T0 = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def instance(
    study: str = "1.1", series: str = "1", number: int = 1
) -> ReceivedInstance:
    """Return one received image of a study; nothing lies where it says."""
    uid = f"{study}.{series}.{number}"
    return ReceivedInstance(
        study_instance_uid=study,
        series_instance_uid=f"{study}.{series}",
        sop_instance_uid=uid,
        sop_class_uid="1.2.840.10008.5.1.4.1.1.4",
        digest=f"digest of {uid}",
        path=Path("spool") / study / f"{uid}.dcm",
        calling_ae_title="SCANNER",
    )


def spooled(ledger: Ledger, received: ReceivedInstance) -> ReceivedInstance:
    """Return the image with a file of its own, in a spool beside the ledger."""
    name = f"{received.sop_instance_uid}.{received.digest}.dcm"
    path = ledger.database.path.parent / "spool" / received.study_instance_uid / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(received.digest)
    return replace(received, path=path)


def complete(
    ledger: Ledger,
    study: str = "1.1",
    models: Sequence[str] = ("hippocampus",),
    now: datetime = T0,
) -> None:
    """Call a study complete; its jobs are queued."""
    ledger.studies.complete(
        study,
        completeness=Completeness.CONFIRMED,
        reason="the archive counts the same",
        archive_counts={f"{study}.1": 1},
        models=models,
        now=now,
    )


def queue(
    ledger: Ledger,
    study: str = "1.1",
    models: Sequence[str] = ("hippocampus",),
    now: datetime = T0,
) -> list[JobRow]:
    """Receive a study of one image and complete it; return its jobs."""
    ledger.studies.record([spooled(ledger, instance(study))], now)
    complete(ledger, study, models, now)
    return ledger.jobs.listing(study)


def request(job: JobRow, ledger: Ledger, folder: Path) -> JobRequest:
    """Return the next attempt of a job, with results under ``folder``."""
    return JobRequest(
        job_id=job.job_id,
        study_instance_uid=job.study_instance_uid,
        model=job.model,
        files=ledger.studies.files(job.study_instance_uid),
        output_dir=folder / str(job.job_id) / f"v{job.version + 1}",
        completeness=Completeness.CONFIRMED,
        completeness_reason="",
        version=job.version + 1,
        replaces=job.sr_uid,
        previous_identity=job.identity,
        completed_at=T0,
        installation_id=ledger.installation_id,
        site_salt=ledger.site_salt,
        threads=0,
    )


def result(name: str = "1", kinds: Sequence[str] = ("SEG", "SR", "SC")) -> Reported:
    """Return a result whose objects' UIDs end in ``name``."""
    return Reported(
        identity=f"identity {name}",
        series_instance_uid="1.1.1",
        completed_at=T0,
        objects=tuple(
            ObjectFile(
                kind=kind,
                sop_class_uid="1.2.3",
                sop_instance_uid=f"2.25.{index}.{name}",
                series_instance_uid=f"2.25.9{index}.{name}",
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                path=Path("results") / name / f"{kind}.dcm",
                sha256="0" * 64,
            )
            for index, kind in enumerate(kinds, start=1)
        ),
        summary={"Hippocampus volume": "3370 mm3", "grade": "A"},
        timings_s={"predict": 0.5},
        model_version="1",
        weights_digest="f" * 64,
    )
