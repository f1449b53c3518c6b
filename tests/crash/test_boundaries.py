"""The node is killed at every named moment in the life of a study."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.crash.boundaries import BOUNDARIES, ESSENTIAL, Boundary, arm, sprung
from tests.crash.hospital import Hospital
from tests.crash.host import Host, crash_settings, hosted
from tests.crash.scanner import Study, send, small_study
from tests.pacs.archive import running_archive, until

pytestmark = [pytest.mark.pacs, pytest.mark.slow]

SEEDS = count(100)
NEVER_STABLE_S = 3600
"""Orthanc's routing, and reconciliation, are tried elsewhere: here the test sends."""


CASES = [
    pytest.param(each, id=each.name, marks=[pytest.mark.crash] * is_rare)
    for each in BOUNDARIES
    for is_rare in [each.name not in ESSENTIAL]
]


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """Run an archive and a node for all boundaries, as one long bad day."""
    folder = tmp_path_factory.mktemp("boundaries")
    settings = crash_settings(
        folder,
        archive={"stable_age_s": NEVER_STABLE_S},
        reconcile={"fetch": False},
        retention={"keep_received_h": 0, "every_s": 1.0},
    )
    with running_archive(settings) as archive, hosted(folder, settings) as host:
        yield Hospital(archive, host)


def be_killed(host: Host, boundary: Boundary, study: Study, *, leave: int = 0) -> None:
    """Arm the boundary, send, and start the node again after each kill."""
    arm(host.folder, boundary.traps)
    send(study, host.settings, leave=leave)
    for left in reversed(range(len(boundary.traps))):
        until(host.was_killed, "the kill", timeout_s=60)
        host.start(wait=left == 0)


def act(hospital: Hospital, boundary: Boundary, study: Study, folder: Path) -> None:
    """Tell the story of a boundary, in which not every image may be acknowledged."""
    host, early = hospital.host, list(study.images)[:-1]
    match boundary.story:
        case "plain":
            hospital.store(study, folder / "sent")
            hospital.expect(study, study.images)
            be_killed(host, boundary, study)
        case "refused":
            host.fault(study.uid, "refuse")
            hospital.store(study, folder / "sent")
            hospital.expect(study, notices=1)
            be_killed(host, boundary, study)
        case "late":
            hospital.store(study, folder / "early", leave=1)
            hospital.expect(study, early)
            assert send(study, host.settings, leave=1)
            hospital.wait_for(study.uid)
            hospital.store(study, folder / "late")
            hospital.expect(study, early, study.images)
            be_killed(host, boundary, study)
        case "aged":
            hospital.store(study, folder / "early", leave=1)
            hospital.expect(study, early)
            be_killed(host, boundary, study, leave=1)
            hospital.wait_for(study.uid)
            hospital.store(study, folder / "late")
            hospital.expect(study, early, study.images)


@pytest.mark.parametrize("boundary", CASES)
def test_a_kill_costs_no_study_and_doubles_none(
    hospital: Hospital, boundary: Boundary, tmp_path: Path
) -> None:
    """Exactly one SEG, SR and SC per version, from every acknowledged image."""
    study = small_study(tmp_path / "study", next(SEEDS))
    act(hospital, boundary, study, tmp_path)

    assert send(study, hospital.host.settings)

    hospital.wait_for(study.uid)
    assert sprung(hospital.host.folder)


def test_nothing_came_afterwards(hospital: Hospital) -> None:
    """Judged again when all is quiet, and after one more start."""
    hospital.host.stop()
    hospital.host.start()
    time.sleep(2.0)

    assert hospital.all_complaints() == {}
    assert len(hospital.expected) >= len(ESSENTIAL)
