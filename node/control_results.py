"""A study that this node has read, as a control of a calibration."""

from __future__ import annotations

from contextlib import suppress

from models.terms import Grade
from models.volume.headers import text
from node.controls import Reading
from node.jobs.job import JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_history import ResultRow
from node.prior_content import NoReportError
from node.prior_report import read_document

MODEL = "hippocampus"
WHOLE = "Hippocampus"


def reading_of(ledger: Ledger, study_uid: str) -> Reading:
    """Return what the last result of a study says.

    Raises
    ------
    LookupError
        There is none that counts.
    """
    for job in ledger.jobs.listing(study_uid):
        results = [r for r in ledger.history.results(job.job_id) if r.version > 0]
        if job.model != MODEL or not results:
            continue
        last = results[-1]
        if last.taken_back is not None:
            raise LookupError("its result was taken back; leave the line out")
        if job.state not in {JobState.REPORTED, JobState.SENT}:
            raise LookupError(f"it was to be read again: {job.state}; leave it out")
        if last.summary.get("grade") == Grade.C:
            raise LookupError(
                "its result has grade C, which nobody relies on; leave the line out"
            )
        for each in last.measurements:
            if (each.structure, each.unit) == (WHOLE, "mm3") and each.value > 0:
                weights = last.weights_digest or "unknown"
                return Reading(float(each.printed), weights, *_sex_and_age(last))
    raise LookupError(
        "no result of this study_uid in the ledger; write total_mm3, or name the "
        "results of a batch with --results"
    )


def _sex_and_age(result: ResultRow) -> tuple[str, int | None]:
    """Return what the report says of the person, nothing where its file is gone."""
    for made in result.objects:
        if made.kind == "SR":
            with suppress(OSError, NoReportError):
                report = read_document(made.path.read_bytes())
                years = text(report, "PatientAge").removesuffix("Y")
                age = int(years) if years.isdecimal() else None
                return text(report, "PatientSex"), age
    return "", None
