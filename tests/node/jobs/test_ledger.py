"""The ledger as a whole, and ledgers that earlier versions have left in hospitals."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.jobs.job import JobState
from node.jobs.ledger import LEDGER_FILE, Ledger
from tests.node.jobs.ledger_stories import T0, queue

FIXTURE = Path(__file__).parents[2] / "fixtures" / "ledger_v1.sqlite"


@pytest.fixture
def version_1(tmp_path: Path) -> Iterator[Ledger]:
    """Return a copy of the ledger that schema version 1 wrote."""
    shutil.copyfile(FIXTURE, tmp_path / LEDGER_FILE)
    ledger = Ledger(tmp_path)
    yield ledger
    ledger.close()


def test_two_ledgers_have_two_identities(tmp_path: Path) -> None:
    """So that they never give one UID to different bytes."""
    ledgers = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        ledgers.append(Ledger(tmp_path / name))

    assert ledgers[0].installation_id != ledgers[1].installation_id
    assert ledgers[0].site_salt != ledgers[1].site_salt
    for ledger in ledgers:
        ledger.close()


def test_a_second_process_may_look_while_the_node_runs(tmp_path: Path) -> None:
    """It sees what was committed since it opened the file."""
    ledger = Ledger(tmp_path)
    looking = Ledger(tmp_path, read_only=True)

    queue(ledger)

    assert [job.state for job in looking.jobs.listing()] == [JobState.QUEUED]
    looking.close()
    ledger.close()


def test_a_ledger_of_version_1_keeps_its_jobs(version_1: Ledger) -> None:
    """One of each fate, as the program of its time left them."""
    fates = {j.study_instance_uid: j for j in version_1.jobs.listing()}

    assert {uid: (job.state, job.reason) for uid, job in fates.items()} == {
        "1.1": (JobState.QUEUED, ""),
        "1.2": (JobState.NOT_APPLICABLE, "no_series_accepted"),
        "1.3": (JobState.FAILED, "identity_conflict"),
        "1.4": (JobState.RUNNING, ""),
        "1.5": (JobState.QUEUED, ""),
    }
    assert fates["1.1"].version == 1
    assert fates["1.1"].sr_uid == "2.25.2.1"
    assert fates["1.1"].summary["Hippocampus volume"] == "3370 mm3"


def test_a_ledger_of_version_1_goes_on(version_1: Ledger) -> None:
    """Its studies, deliveries and identity are there, and it can be written."""
    assert version_1.installation_id == "0" * 32
    assert [s.study_instance_uid for s in version_1.studies.receiving()] == ["1.6"]
    assert {d.state for d in version_1.deliveries.of_job(1)} == {"sent"}
    assert [job.study_instance_uid for job in version_1.jobs.interrupted()] == ["1.4"]

    queue(version_1, "1.7", now=T0)

    assert version_1.jobs.listing("1.7")[0].state is JobState.QUEUED
