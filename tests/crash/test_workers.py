"""Workers that are killed, hang, or eat the memory, among studies that do not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.jobs.job import JobState
from node.report.notice_words import WORDS
from tests.crash.hospital import Hospital
from tests.crash.host import Host, crash_settings, hosted
from tests.crash.judge import held
from tests.crash.scanner import Study, send, small_study
from tests.pacs.archive import running_archive, until

pytestmark = [pytest.mark.pacs, pytest.mark.slow, pytest.mark.crash]

ATTEMPTS = 3
DEADLINE_S = 8.0
MEMORY_MIB = 700
"""Between what a worker needs without torch and what the fault takes."""


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """Run an archive, and a node with two workers and the product's attempts."""
    folder = tmp_path_factory.mktemp("workers")
    settings = crash_settings(
        folder,
        archive={"stable_age_s": 3600},
        jobs={
            "workers": 2,
            "attempts": ATTEMPTS,
            "deadline_s": DEADLINE_S,
            "memory_limit_mib": MEMORY_MIB,
        },
    )
    with running_archive(settings) as archive, hosted(folder, settings) as host:
        yield Hospital(archive, host)


def sent(hospital: Hospital, folder: Path, seed: int, fault: str = "") -> Study:
    """Send a study to archive and node; with a fault a notice is expected."""
    study = small_study(folder / f"study{seed}", seed)
    hospital.store(study, folder / f"sent{seed}")
    if fault:
        hospital.host.fault(study.uid, fault)
        hospital.expect(study, notices=1)
    else:
        hospital.expect(study, study.read)
    assert send(study, hospital.host.settings)
    return study


def kill_readers(host: Host, study: Study, times: int) -> None:
    """Kill the worker that reads the study, as often as this."""
    for number in range(1, times + 1):
        until(lambda n=number: len(host.readings(study.uid)) == n, "a reading", 60)  # type: ignore[misc]  # mypy infers no default of a lambda
        os.kill(host.readings(study.uid)[-1], signal.SIGKILL)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param("wait", "worker_died", id="killed"),
        pytest.param("wait", "deadline_exceeded", id="hung"),
        pytest.param("eat", "out_of_memory", id="out of memory"),
    ],
)
def test_after_three_lost_workers_a_study_has_failed_by_name(
    hospital: Hospital, tmp_path: Path, fault: str, reason: str
) -> None:
    """Its notice is in the archive; studies before and after it are read."""
    host, number = hospital.host, 10 * len(hospital.expected) + 500
    before = sent(hospital, tmp_path, number)
    sick = sent(hospital, tmp_path, number + 1, fault)
    after = sent(hospital, tmp_path, number + 2)
    if reason == "worker_died":
        kill_readers(host, sick, ATTEMPTS)

    for study in (before, after, sick):
        hospital.wait_for(study.uid)

    job = host.jobs()[sick.uid]
    assert (job.state, job.reason) == (JobState.FAILED, reason)
    assert len(set(host.readings(sick.uid))) == ATTEMPTS
    (notice,) = held(hospital.archive, sick.uid).objects
    said = " ".join(e.value for e in notice.iterall() if e.keyword == "TextValue")
    assert WORDS[reason].what in said


def test_a_worker_that_dies_once_costs_one_attempt(
    hospital: Hospital, tmp_path: Path
) -> None:
    """The second attempt, in another process, reads the study."""
    study = small_study(tmp_path / "study", 900)
    hospital.store(study, tmp_path / "sent")
    hospital.expect(study, study.read)
    fault = hospital.host.fault(study.uid, "wait")
    assert send(study, hospital.host.settings)
    until(lambda: hospital.host.readings(study.uid), "the first reading", 60)
    fault.unlink()
    kill_readers(hospital.host, study, times=1)

    hospital.wait_for(study.uid)

    assert len(set(hospital.host.readings(study.uid))) == 2


def test_nothing_came_afterwards(hospital: Hospital) -> None:
    """Every study, sick or not, is judged again."""
    assert hospital.all_complaints() == {}
