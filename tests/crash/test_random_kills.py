"""The node is killed at 20 random moments while 30 studies are routed to it."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.crash.hospital import Hospital
from tests.crash.host import Host, crash_settings
from tests.crash.scanner import Study, small_study, whole_study
from tests.pacs.archive import running_archive

pytestmark = [pytest.mark.pacs, pytest.mark.slow, pytest.mark.crash]

SEED = int(os.environ.get("CRASH_SEED") or time.time_ns() % 1_000_000)
"""Stands in the name of the test; the same seed kills after the same waits."""

STUDIES = 30
KILLS = 20
LISTENS = 0.75
"""Share of the lives that count from when the node listens, not from its start."""
LIVES_S = (0.1, 4.0)
PAUSE_S = (0.5, 4.0)
"""Between two studies: together as long as the kills take."""
RECONCILE = {
    "every_s": 1.0,
    "settle_s": 2.0,
    "backoff_s": 0.5,
    "backoff_max_s": 1.0,
    "look_back_days": 1,
}
"""Orthanc never repeats a routing job that failed: the node has to ask for it."""


def deliver(hospital: Hospital, studies: list[Study], draw: random.Random) -> None:
    """Let the scanner send one study after the other to the archive."""
    for study in studies:
        hospital.archive.store(study.folder)
        hospital.expect(study, study.read)
        time.sleep(draw.uniform(*PAUSE_S))


def kill_at_random(host: Host, draw: random.Random) -> None:
    """Start and kill the node, and print what it did last, kill by kill."""
    for number in range(1, KILLS + 1):
        host.start(wait=draw.random() < LISTENS)
        life_s = draw.uniform(*LIVES_S)
        time.sleep(life_s)
        whole = draw.random() < 0.5
        host.kill(with_workers=whole)
        who = "node and workers" if whole else "node alone"
        sys.stdout.write(f"{number}: {who}, {life_s:.2f} s, {host.last_event()}\n")


@pytest.mark.parametrize("seed", [SEED])
@pytest.mark.timeout(900)
def test_thirty_studies_survive_twenty_kills(seed: int, tmp_path: Path) -> None:
    """Each has one SEG, SR and SC in the archive, and its images as they were."""
    settings = crash_settings(tmp_path, reconcile=RECONCILE)
    host = Host(tmp_path, settings)
    number = random.Random(seed).randrange(10_000) * STUDIES  # noqa: S311 - repeatable
    studies = [
        (whole_study if n == 0 else small_study)(tmp_path / f"study{n}", number + n)
        for n in range(STUDIES)
    ]

    with running_archive(settings) as archive:
        hospital = Hospital(archive, host)
        pauses = random.Random(seed + 1)  # noqa: S311 - repeatable
        scanner = threading.Thread(target=deliver, args=(hospital, studies, pauses))
        scanner.start()
        try:
            kill_at_random(host, random.Random(seed + 2))  # noqa: S311 - repeatable
            host.start()
            scanner.join()
            for study in studies:
                hospital.wait_for(study.uid, timeout_s=120)
            time.sleep(5.0)
            assert hospital.all_complaints() == {}
        finally:
            host.stop()
            scanner.join()
    assert len(hospital.expected) == STUDIES
