"""The request that makes a result once more, with what was recorded of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from node.config import JobsSettings, Settings
from node.errors import JobError, LedgerError
from node.jobs.job import Completeness
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.repeat import repeat_request
from tests.node.jobs.ledger_stories import T0, instance, queue, result, spooled

RECORDED = {
    "device": "cuda",
    "completeness": "unconfirmed",
    "completeness_reason": "nobody could be asked",
}


def read(ledger: Ledger, name: str) -> JobRow:
    """Queue the study and report a result; return its job."""
    queue(ledger)
    job = ledger.jobs.claim(T0)
    assert job is not None
    made = replace(
        result(name),
        made_with=RECORDED,
        precision="bf16",
        completed_at=T0 - timedelta(days=int(name)),
    )
    ledger.jobs.report(job.job_id, made, [], T0)
    return ledger.jobs.get(job.job_id)


def test_a_repeat_is_asked_as_it_was_the_first_time(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Version, dates, completeness, precision and device are those of the ledger."""
    job = read(ledger, "1")
    settings = Settings(jobs=JobsSettings(precision="fp32", device="cpu"))

    request = repeat_request(job, ledger, settings, tmp_path, in_order=False)

    assert (request.version, request.replaces) == (1, None)
    assert request.previous_identity is None, "nothing may stand in its way"
    assert request.completed_at == T0 - timedelta(days=1)
    assert request.completeness is Completeness.UNCONFIRMED
    assert request.completeness_reason == "nobody could be asked"
    assert (request.precision, request.device) == ("bf16", "cuda")
    assert (request.output_dir, request.in_order) == (tmp_path, False)
    assert request.files == ledger.studies.files("1.1")


def test_a_later_version_replaces_the_report_before(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The last result is repeated, and names the SR of the one before it."""
    read(ledger, "1")
    ledger.studies.record([spooled(ledger, instance(number=2))], T0)
    job = read(ledger, "2")

    request = repeat_request(job, ledger, Settings(), tmp_path)

    assert (request.version, request.replaces) == (2, "2.25.2.1")


def test_without_its_images_nothing_can_be_repeated(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The words say what to do."""
    job = read(ledger, "1")
    ledger.studies.files("1.1")[0].unlink()

    with pytest.raises(JobError, match="the images are gone; send the study again"):
        repeat_request(job, ledger, Settings(), tmp_path)


def test_a_job_without_a_result_has_nothing_to_repeat(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Nor is a notice a result."""
    (job,) = queue(ledger)

    with pytest.raises(LedgerError, match="no result"):
        repeat_request(job, ledger, Settings(), tmp_path)
