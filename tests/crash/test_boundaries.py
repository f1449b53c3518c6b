"""The node is killed at every named moment in the life of a study."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from tests.crash.boundaries import BOUNDARIES, ESSENTIAL, Boundary, arm, sprung
from tests.crash.host import Host, crash_settings, hosted
from tests.crash.judge import Expected, complaints, held, made_of
from tests.crash.scanner import Study, answers, send, small_study
from tests.pacs.archive import Archive, running_archive, until

pytestmark = [pytest.mark.pacs, pytest.mark.slow]

SEEDS = count(100)
NEVER_STABLE_S = 3600
"""Orthanc's routing is tried elsewhere: here the test sends, and hears the answers."""


CASES = [
    pytest.param(each, id=each.name, marks=[pytest.mark.crash] * is_rare)
    for each in BOUNDARIES
    for is_rare in [each.name not in ESSENTIAL]
]


@dataclass
class Hospital:
    """An archive, a node, and what the archive should hold of each study."""

    archive: Archive
    host: Host
    expected: dict[str, Expected] = field(default_factory=dict)

    def complaints(self, study_instance_uid: str) -> list[str]:
        """Judge one study."""
        return complaints(
            self.expected[study_instance_uid],
            held(self.archive, study_instance_uid),
            made_of(self.host.settings.node.data_dir, study_instance_uid),
        )

    def expect(self, study: Study, *versions: set[str], notices: int = 0) -> None:
        """Note what should be there, with the images as they are now."""
        images = held(self.archive, study.uid).images
        frozen = tuple(frozenset(version) for version in versions)
        self.expected[study.uid] = Expected(images, frozen, notices)

    def wait_for(self, study: Study) -> None:
        """Wait until the archive holds what it should."""
        try:
            until(lambda: not self.complaints(study.uid), "the result", timeout_s=60)
        except TimeoutError:
            pytest.fail(f"{self.complaints(study.uid)}\n{self.host.log()[-3000:]}")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """Run an archive and a node for all boundaries, as one long bad day."""
    folder = tmp_path_factory.mktemp("boundaries")
    settings = crash_settings(folder, archive={"stable_age_s": NEVER_STABLE_S})
    with running_archive(settings) as archive, hosted(folder, settings) as host:
        yield Hospital(archive, host)


def send_past_the_kills(study: Study, host: Host, kills: int) -> None:
    """Send, start the node again after each kill, and send what was not answered."""
    for left in reversed(range(kills)):
        send(study, host.settings)
        until(host.was_killed, "the kill", timeout_s=60)
        host.start(wait=left == 0)
    assert send(study, host.settings)


def store(archive: Archive, study: Study, folder: Path, *, leave: int = 0) -> None:
    """Let the archive have the images, but the last ``leave``."""
    folder.mkdir()
    for uid in list(study.images)[: len(study.images) - leave]:
        study.images[uid].save_as(folder / uid)
    archive.store(folder)


def act(hospital: Hospital, boundary: Boundary, folder: Path) -> Study:
    """Tell the story of a boundary until every image is acknowledged."""
    archive, host = hospital.archive, hospital.host
    study = small_study(folder / "study", next(SEEDS))
    uids = set(study.images)
    match boundary.story:
        case "plain":
            store(archive, study, folder / "all")
            hospital.expect(study, uids)
        case "refused":
            host.fault(study.uid, "refuse")
            store(archive, study, folder / "all")
            hospital.expect(study, notices=1)
        case "late":
            store(archive, study, folder / "first", leave=1)
            early = uids - {list(study.images)[-1]}
            hospital.expect(study, early)
            assert set(answers(study, host.settings, leave=1)) == {0x0000}
            hospital.wait_for(study)
            store(archive, study, folder / "all")
            hospital.expect(study, early, uids)
    arm(host.folder, boundary.traps)
    send_past_the_kills(study, host, len(boundary.traps))
    return study


@pytest.mark.parametrize("boundary", CASES)
def test_a_kill_costs_no_study_and_doubles_none(
    hospital: Hospital, boundary: Boundary, tmp_path: Path
) -> None:
    """Exactly one SEG, SR and SC per version, from every acknowledged image."""
    study = act(hospital, boundary, tmp_path)

    hospital.wait_for(study)
    assert sprung(hospital.host.folder)


def test_nothing_came_afterwards(hospital: Hospital) -> None:
    """Judged again when all is quiet, and after one more start."""
    hospital.host.stop()
    hospital.host.start()
    time.sleep(2.0)

    wrong = {uid: hospital.complaints(uid) for uid in hospital.expected}

    assert not {uid: words for uid, words in wrong.items() if words}
    assert len(wrong) >= len(ESSENTIAL)
