"""What a worker is asked, from ledger and settings."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from node.config import JobsSettings, Settings
from node.errors import JobError, LedgerError, StudyReopenedError
from node.jobs.job import JobRequest
from node.jobs.ledger import Ledger
from node.jobs.request import request_of
from tests.node.jobs.ledger_stories import T0, instance, queue, result, spooled


def ask(ledger: Ledger, job_id: int, **jobs: str) -> JobRequest:
    """Return the request of a job's next attempt."""
    settings = Settings(jobs=JobsSettings.model_validate(jobs))
    return request_of(ledger.jobs.get(job_id), ledger, settings, Path("results"))


def reported(ledger: Ledger, precision: str) -> int:
    """Let a job report once; return it."""
    [job] = queue(ledger, models=["hippocampus"])
    ledger.jobs.claim(T0)
    ledger.jobs.report(job.job_id, replace(result(), precision=precision), [], T0)
    return job.job_id


def test_a_first_request_is_version_one_with_every_file(ledger: Ledger) -> None:
    """Nothing came before it."""
    [job] = queue(ledger, models=["hippocampus"])

    request = ask(ledger, job.job_id)

    assert (request.version, request.replaces, request.previous_identity) == (
        1,
        None,
        None,
    )
    assert request.output_dir == Path("results/1.1/hippocampus/v1")
    assert request.files == ledger.studies.files("1.1")
    assert request.completed_at == T0


def test_the_next_version_names_the_report_before(ledger: Ledger) -> None:
    """And has a folder of its own."""
    request = ask(ledger, reported(ledger, "fp32"))

    assert (request.version, request.replaces) == (2, "2.25.2.1")
    assert request.previous_identity == "identity 1"
    assert request.output_dir.name == "v2"


def test_a_rule_of_the_site_goes_with_the_request(ledger: Ledger) -> None:
    """The worker sees no settings; what it judges by must come along."""
    [job] = queue(ledger, models=["hippocampus"])
    accept = {"description": "hippo", "max_slices": 90}
    settings = Settings.model_validate({"models": {"hippocampus": {"accept": accept}}})

    request = request_of(job, ledger, settings, Path("results"))

    assert request.accept.model_dump(exclude_none=True) == accept
    assert pickle.loads(pickle.dumps(request)) == request  # noqa: S301 - our own bytes


@pytest.mark.parametrize("made_with", ["fp32", "bf16"])
def test_auto_stays_with_the_precision_of_the_last_result(
    ledger: Ledger, made_with: str
) -> None:
    """Else a late image that no model reads could make a new version."""
    job_id = reported(ledger, made_with)

    assert ask(ledger, job_id).precision == made_with
    assert ask(ledger, job_id, precision="fp32").precision == "fp32"


def test_auto_is_left_to_the_worker_the_first_time(ledger: Ledger) -> None:
    """It times what is faster."""
    [job] = queue(ledger, models=["hippocampus"])

    assert ask(ledger, job.job_id).precision == "auto"


def test_a_job_without_a_complete_study_is_refused(ledger: Ledger) -> None:
    """Only damage of the ledger brings this about."""
    [job] = queue(ledger, models=["hippocampus"])
    with ledger.database.write() as connection:
        connection.execute("UPDATE studies SET completed_at = NULL")

    with pytest.raises(LedgerError, match="without its complete study"):
        ask(ledger, job.job_id)


def test_an_image_that_arrived_since_the_claim_sends_the_job_back(
    ledger: Ledger,
) -> None:
    """Half of what is arriving must not be read as a confirmed study."""
    [job] = queue(ledger, models=["hippocampus"])
    ledger.jobs.claim(T0)
    ledger.studies.record([instance(number=7)], T0)

    with pytest.raises(StudyReopenedError, match="receiving again"):
        ask(ledger, job.job_id)


@pytest.mark.parametrize("who", ["retention", "somebody"])
def test_a_study_that_lacks_a_file_is_not_asked_for(ledger: Ledger, who: str) -> None:
    """What is left of it might look whole; the attempt is worth another."""
    ledger.studies.record([spooled(ledger, instance(number=2))], T0)
    [job] = queue(ledger, models=["hippocampus"])
    file = ledger.studies.files("1.1")[0]
    file.unlink()
    if who == "retention":
        ledger.studies.forget_files([file])

    with pytest.raises(JobError, match="1 received images have no file") as caught:
        ask(ledger, job.job_id)

    assert (caught.value.reason, caught.value.permanent) == ("file_missing", False)


def test_offline_a_study_is_what_lies_there_now(ledger: Ledger) -> None:
    """An earlier run may have found more."""
    ledger.studies.record([spooled(ledger, instance(number=2))], T0)
    [job] = queue(ledger, models=["hippocampus"])
    ledger.studies.forget_files(ledger.studies.files("1.1")[:1])

    request = request_of(job, ledger, Settings(), Path("results"), every_file=False)

    assert request.files == ledger.studies.files("1.1")
    assert len(request.files) == 1
