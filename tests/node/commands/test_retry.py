"""`pacs-node retry` as a person types it, beside a ledger as a node leaves it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.inbound.priors import wait_for_priors
from node.jobs.job import Failed, JobState
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from tests.node.jobs.ledger_stories import T0, instance, queue, result, spooled
from tests.node.retraction.results import (
    deliver,
    destinations,
    environment,
    report,
    settings_for,
)
from tests.node.send.test_scu import StandInArchive
from tests.node.test_main import ROOT, pacs_node


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return an empty ledger in a data folder."""
    (tmp_path / "data").mkdir()
    ledger = Ledger(tmp_path / "data")
    yield ledger
    ledger.close()


def failed(ledger: Ledger, study: str) -> JobRow:
    """Have the reading of a study fail."""
    (job,) = queue(ledger, study)
    ledger.jobs.claim(T0, study)
    ledger.jobs.fail(job.job_id, Failed("worker_died", ""), T0)
    return job


def read(ledger: Ledger, study: str) -> JobRow:
    """Have a study read."""
    (job,) = queue(ledger, study)
    ledger.jobs.claim(T0, study)
    ledger.jobs.report(job.job_id, result(study), ["A@b:1"], T0)
    return job


def retry(ledger: Ledger, *arguments: str, **more: str) -> tuple[int, str, str]:
    """Type the command beside the ledger."""
    data_dir = ledger.database.path.parent
    places = {"PACS_NODE_NODE__DATA_DIR": str(data_dir), **more}
    return pacs_node("retry", *arguments, folder=data_dir.parent, **places)


def state(ledger: Ledger, job: JobRow) -> JobState:
    """Return the state of a job now."""
    return ledger.jobs.get(job.job_id).state


def test_failed_jobs_are_queued_and_the_others_told_apart(ledger: Ledger) -> None:
    """One is queued, one has no images any more, one is being received."""
    sound, bare, arriving = (failed(ledger, study) for study in ("1.1", "1.2", "1.3"))
    ledger.studies.forget_files(ledger.studies.files("1.2"))
    ledger.studies.record([spooled(ledger, instance("1.3", number=2))], T0)

    status, output, errors = retry(ledger)

    assert (status, errors) == (0, "")
    assert output.splitlines()[-1] == (
        "1 job queued again: the node does it when it runs: pacs-node run"
    )
    assert "send these studies again" in output
    assert max(map(len, output.splitlines())) <= 80
    assert "1.2" not in output, "a study is named by its hash"
    assert state(ledger, sound) is JobState.QUEUED
    assert state(ledger, bare) is state(ledger, arriving) is JobState.FAILED


def test_earlier_results_that_nobody_could_look_for_are_sought_again(
    ledger: Ledger,
) -> None:
    """The job waits for them as a study that has just come does; others are left."""
    job, whole = (read(ledger, study) for study in ("1.1", "1.2"))
    ledger.priors.give_up(job.job_id)

    assert retry(ledger, "--missed")[0] == 0

    (again,) = ledger.priors.unsought()
    assert again.job_id == job.job_id
    assert ledger.jobs.next_due() == again.queued_at + wait_for_priors(10)
    assert state(ledger, whole) is JobState.REPORTED


def test_a_person_is_asked_before_several_jobs(ledger: Ledger) -> None:
    """At a terminal, and Enter is no."""
    jobs = [failed(ledger, study) for study in ("1.1", "1.2")]

    status, shown = at_terminal(ledger, "\n")

    assert "Read 2 jobs again? [y/N]" in shown
    assert shown.endswith("nothing was done\n")
    assert status == 1
    assert {state(ledger, job) for job in jobs} == {JobState.FAILED}


def at_terminal(ledger: Ledger, answer: str) -> tuple[int, str]:
    """Type the command at a terminal; return its status and what is shown."""
    data_dir = ledger.database.path.parent
    person, terminal = pty.openpty()
    os.write(person, answer.encode())
    done = subprocess.run(
        [sys.executable, "-m", "node", "retry"],
        cwd=data_dir.parent,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PACS_NODE_NODE__DATA_DIR": str(data_dir),
        },
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        timeout=60,
        check=False,
    )
    os.close(terminal)
    shown = os.read(person, 65536).decode()
    os.close(person)
    return done.returncode, shown.replace("\r\n", "\n")


def test_a_machine_gets_what_was_done(ledger: Ledger) -> None:
    """Of one study of two; the other is left."""
    one, other = failed(ledger, "1.1"), failed(ledger, "1.2")

    status, output, _ = retry(ledger, "--study", "1.1", "--json")

    told = json.loads(output)
    assert status == 0
    assert [job["job"] for job in told["queued"]] == [one.job_id]
    assert told["queued"][0]["was"] == "failed"
    assert state(ledger, other) is JobState.FAILED


def test_nothing_that_fits_is_told_and_is_status_1(ledger: Ledger) -> None:
    """A script may wait for that."""
    job = failed(ledger, "1.1")

    status, output, _ = retry(ledger, "--since", "2026-01-05T09:00+00:00")

    assert (status, output) == (1, "nothing fits: no such job is failed\n")
    assert state(ledger, job) is JobState.FAILED


def test_an_archive_that_lost_everything_gets_it_again(
    ledger: Ledger, tmp_path: Path
) -> None:
    """The same objects; what is gone on our disk, too, is told."""
    archive = StandInArchive()
    settings = settings_for(tmp_path / "data", archive)
    job = report(ledger, settings)
    deliver(ledger, settings)
    first = list(archive.received)
    where = destinations(settings)[0]
    Path(ledger.deliveries.of_job(job.job_id)[0].path).unlink()

    untouched = retry(ledger, "--destination", where, **environment(settings))
    status, output, _ = retry(
        ledger, "--destination", where, "--again", **environment(settings)
    )
    between = state(ledger, job)
    deliver(ledger, settings)
    archive.server.shutdown()

    assert untouched[0] == 1
    assert "with --again it is offered all the same" in untouched[1]
    assert status == 0
    assert "The file is gone" in output
    assert output.endswith(
        "2 objects due now: the node does it when it runs: pacs-node run\n"
    )
    assert between is JobState.REPORTED
    assert state(ledger, job) is JobState.SENT
    assert archive.received == [*first, *first[1:]]


def test_what_was_missed_is_about_reading_alone(ledger: Ledger) -> None:
    """As is when a job ended."""
    status, output, errors = retry(ledger, "--missed", "--destination", "X@y:104")

    assert (status, output) == (2, "")
    assert errors.startswith("pacs-node: --missed is about jobs")


def test_a_destination_that_is_not_configured_is_one_line(
    ledger: Ledger, tmp_path: Path
) -> None:
    """With those that are."""
    settings = settings_for(tmp_path / "data")

    status, output, errors = retry(
        ledger, "--destination", "X@y:104", **environment(settings)
    )

    assert (status, output) == (2, "")
    assert errors.splitlines() == [
        "pacs-node: X@y:104 is no destination; configured: "
        + ", ".join(destinations(settings))
    ]
