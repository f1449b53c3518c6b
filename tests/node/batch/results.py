"""Entries as the ledger gives them, without a run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import models
from models.volume.bundle import Bundle, load_bundle
from node.batch.entry import INTERRUPTED, NO_STUDY, Entry
from node.jobs.job import JobState, Measured, ObjectFile, Verdict
from node.jobs.ledger_deliveries import Delivery
from node.jobs.ledger_jobs import JobRow

MODEL = "hippocampus"
NOW = datetime(2026, 11, 21, 11, 30, 5, tzinfo=UTC)

MEASURED = (
    Measured("Anterior hippocampus", "Volume", 1488.9, "1489", "mm3"),
    Measured("Anterior hippocampus", "Volume", 1.4889, "1.5", "mL"),
    Measured("Posterior hippocampus", "Volume", 1896.0, "1896", "mm3"),
    Measured("Posterior hippocampus", "Volume", 1.896, "1.9", "mL"),
    Measured("Hippocampus", "Volume", 3384.9, "3385", "mm3"),
    Measured("Hippocampus", "Volume", 3.3849, "3.4", "mL"),
)
CHOSEN = Verdict("1.2.2", 901, "HippoCrop", 40, True, "", "MR 'HippoCrop'")
OTHER = Verdict("1.2.1", 1, "T1post", 192, False, "description", "'T1post'")


@cache
def bundle() -> Bundle:
    """Return the shipped bundle."""
    return load_bundle(models.bundle_folder(MODEL))


def job(state: JobState = JobState.REPORTED, **changes: Any) -> JobRow:
    """Return a job; as it stands, with a second version of its result."""
    return replace(
        JobRow(
            job_id=1,
            study_instance_uid="1.2.840.1",
            model=MODEL,
            state=state,
            attempts=1,
            queued_at=NOW,
            ended_at=NOW,
            reason="",
            detail="",
            version=2,
            identity="x",
            summary={"grade": "B", "flags": "nominal_geometry, of_their_own"},
            timings_s={},
            sr_uid="1.2.9",
            series_instance_uid="1.2.2",
            model_version="0.9.0",
            weights_digest="0123456789abcdef",
            measurements=MEASURED,
            verdicts=(OTHER, CHOSEN),
        ),
        **changes,
    )


def reported(path: str = "studies/one", **changes: Any) -> Entry:
    """Return an entry with results."""
    made = ObjectFile("SR", "1.2.3", "1.2.9", "1.2.8", "1.2", Path("r/v2/SR.dcm"), "ab")
    given: dict[str, Any] = {
        "job": job(),
        "objects": (made,),
        "seconds": 1.834,
    } | changes
    return Entry(path, MODEL, "1.2.840.1", **given)


def not_applicable() -> Entry:
    """Return an entry of a study that the model does not read."""
    lines = "series 1: description\nseries ?: modality"
    ended = job(
        JobState.NOT_APPLICABLE,
        reason="no_series_accepted",
        detail=lines,
        verdicts=(OTHER,),
    )
    return Entry("studies/two", MODEL, "1.2.840.2", ended, seconds=0.2)


def failed() -> Entry:
    """Return an entry that failed, although an earlier version has a result."""
    ended = job(JobState.FAILED, reason="slice_gap", detail="12 mm", verdicts=())
    return Entry("studies/three", MODEL, "1.2.840.3", ended, seconds=0.5)


def no_study() -> Entry:
    """Return an input in which no study was found."""
    return Entry("studies/four", MODEL, reason=NO_STUDY, detail="not_dicom")


def not_read() -> Entry:
    """Return a study that was not come to."""
    return Entry("studies/five", MODEL, "1.2.840.5", reason=INTERRUPTED)


def delivery(state: str, detail: str = "") -> Delivery:
    """Return one object on its way."""
    return Delivery(
        delivery_id=1,
        job_id=1,
        study_instance_uid="1.2.840.1",
        kind="SR",
        sop_class_uid="1.2.3",
        sop_instance_uid="1.2.9",
        transfer_syntax_uid="1.2",
        path=Path("SR.dcm"),
        sha256="ab",
        destination="PACS@10.0.0.5:104",
        state=state,
        attempts=1,
        created_at=NOW,
        status=None,
        detail=detail,
    )


def of_another_model(name: str, study: Entry | None = None) -> Entry:
    """Return what a model makes of a study that is not for it."""
    entry = not_applicable()
    assert entry.job is not None
    uid = (study or reported()).study_instance_uid
    job = replace(entry.job, model=name, study_instance_uid=uid)
    return replace(entry, model=name, study_instance_uid=uid, job=job)
