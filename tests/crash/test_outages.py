"""An archive that is down, and a disk that is full."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node.config import Settings
from node.jobs.job import JobState
from tests.crash.hospital import Hospital
from tests.crash.host import Host, crash_settings, hosted
from tests.crash.scanner import answers, send, small_study
from tests.pacs.archive import running_archive, until

pytestmark = [pytest.mark.pacs, pytest.mark.slow, pytest.mark.crash]

DOWN_S = 8.0
"""Eight times the longest wait between two attempts, which is 1 s in these tests and
300 s in the product: this stands for forty minutes."""

OUT_OF_RESOURCES = 0xA700
DISK_MIB = 16
ROOM_BYTES = 48 * 1024
"""Left on the disk: for some of the images of a study, not for all."""

LARGEST_FILE_BYTES = 1024
"""Where this user may not mount: no file can grow beyond this, the ledger neither."""

Shortage = tuple[Callable[[], None], Callable[[], None]]
"""What takes the room from the node, and what gives it back."""


def is_reported(host: Host, study_instance_uid: str) -> bool:
    """Tell whether the objects of a study are made; no matter where they are."""
    job = host.jobs().get(study_instance_uid)
    return job is not None and job.state is JobState.REPORTED


def test_results_wait_for_an_archive_that_is_down(tmp_path: Path) -> None:
    """Before, during and across a kill: each is read once and arrives once."""
    settings = crash_settings(tmp_path, archive={"stable_age_s": 3600})
    first, second = (small_study(tmp_path / f"study{n}", 700 + n) for n in range(2))
    with hosted(tmp_path, settings) as host:
        with running_archive(settings) as archive:
            hospital = Hospital(archive, host)
            hospital.store(first, tmp_path / "first")
            hospital.expect(first, first.read)
            fault = host.fault(first.uid, "wait")
            assert send(first, settings)
            until(lambda: host.readings(first.uid), "the reading", 60)
        fault.unlink()
        assert send(second, settings)
        for study in (first, second):
            until(lambda s=study: is_reported(host, s.uid), "the report", 60)  # type: ignore[misc]  # mypy infers no default of a lambda
        host.kill(with_workers=True)
        host.start()
        time.sleep(DOWN_S)

        with running_archive(settings) as archive:
            hospital.store(second, tmp_path / "second")
            hospital.expect(second, second.read)
            for study in (first, second):
                hospital.wait_for(study.uid)
            time.sleep(1.0)
            assert hospital.all_complaints() == {}
            assert [len(host.readings(s.uid)) for s in (first, second)] == [1, 1]


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a file system of ``DISK_MIB``; skip where this user may not."""
    folder.mkdir()
    options = f"size={DISK_MIB}m"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("only root may mount; the limit on file size is tried as well")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607 - the system's


def ballast(folder: Path) -> Shortage:
    """Fill a disk but for a little room, and empty it again."""
    file = folder / "ballast"

    def fill() -> None:
        free = shutil.disk_usage(folder).free
        file.write_bytes(bytes(max(free - ROOM_BYTES, 0)))

    return fill, file.unlink


@contextmanager
def short(how: str, folder: Path, host_of: Callable[[Path], Host]) -> Iterator[
    tuple[Host, Shortage]
]:  # fmt: skip
    """Run a node whose room can be taken from it."""
    if how == "small disk":
        with small_disk(folder / "disk") as disk:
            host = host_of(disk)
            try:
                host.start()
                yield host, ballast(disk)
            finally:
                host.stop()
        return
    host = host_of(folder)
    try:
        host.start()
        limit = host.limit_file_size
        yield host, (lambda: limit(LARGEST_FILE_BYTES), lambda: limit(-1))
    finally:
        host.stop()


def on(disk: Path, settings: Settings) -> Settings:
    """Return the settings with the node's folder on another disk."""
    node = settings.node.model_copy(update={"data_dir": disk})
    return settings.model_copy(update={"node": node})


@pytest.mark.parametrize("how", ["small disk", "file size limit"])
def test_a_full_disk_refuses_and_goes_on_when_there_is_room(
    tmp_path: Path, how: str
) -> None:
    """0xA700 for what has no room; what was acknowledged is in the result."""
    settings = crash_settings(tmp_path, archive={"stable_age_s": 3600})
    study, reading = (small_study(tmp_path / f"study{n}", 800 + n) for n in range(2))

    def host_of(disk: Path) -> Host:
        return Host(tmp_path, on(disk, settings))

    with running_archive(settings) as archive, short(how, tmp_path, host_of) as both:
        host, (fill, empty) = both
        hospital = Hospital(archive, host)
        for number, each in enumerate((study, reading)):
            hospital.store(each, tmp_path / f"sent{number}")
            hospital.expect(each, each.read)
        fault = host.fault(reading.uid, "wait")
        assert send(reading, host.settings)
        until(lambda: host.readings(reading.uid), "the reading", 60)
        assert send(study, host.settings, leave=len(study.images) - 3)

        fill()
        fault.unlink()
        statuses = answers(study, host.settings)
        time.sleep(3.0)
        empty()

        assert set(statuses) <= {0x0000, OUT_OF_RESOURCES}
        assert OUT_OF_RESOURCES in statuses
        assert send(study, host.settings)
        for each in (study, reading):
            hospital.wait_for(each.uid)
        assert hospital.all_complaints() == {}
