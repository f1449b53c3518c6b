"""A file says when its content came last, and whether the ledger has heard of it."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from node.inbound.receipts import Receipts, came_again


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """Return a received file."""
    path = tmp_path / "1.2.3.dcm"
    path.touch(0o600)
    return path


def test_only_what_came_again_is_marked(image: Path) -> None:
    """A new file is unknown to the ledger by its path; nobody else sees the mark."""
    receipts = Receipts()

    receipts.acknowledge(image, is_new=True)
    assert not came_again(image)
    receipts.acknowledge(image, is_new=False)

    assert came_again(image)
    assert stat.S_IMODE(image.stat().st_mode) == 0o700


def test_the_mark_stays_until_the_last_receipt_is_recorded(image: Path) -> None:
    """The first receipt being recorded says nothing of the second."""
    receipts = Receipts()
    receipts.acknowledge(image, is_new=True)
    receipts.acknowledge(image, is_new=False)

    receipts.recorded(image)
    assert came_again(image)
    receipts.recorded(image)

    assert stat.S_IMODE(image.stat().st_mode) == 0o600


def test_a_mark_that_was_found_is_taken_away_as_well(image: Path) -> None:
    """After a crash nobody remembers whose it was."""
    Receipts().acknowledge(image, is_new=False)
    before = image.stat().st_mtime_ns
    after_crash = Receipts()

    after_crash.found(image)
    assert (came_again(image), image.stat().st_mtime_ns) == (True, before)
    after_crash.recorded(image)

    assert not came_again(image)


def test_each_receipt_is_later_than_the_one_before(tmp_path: Path) -> None:
    """Also within one tick of the file system's clock."""
    receipts, files = Receipts(), [tmp_path / name for name in "ab"]
    times = []
    for path in (*files, *files):
        is_new = not path.exists()
        path.touch()
        receipts.acknowledge(path, is_new=is_new)
        times.append(path.stat().st_mtime_ns)

    assert times == sorted(set(times))


def test_a_file_that_is_gone_is_no_hindrance(tmp_path: Path) -> None:
    """An object of our own is removed before its receipt is settled."""
    gone = tmp_path / "gone.dcm"
    receipts = Receipts()
    receipts.found(gone)

    receipts.recorded(gone)

    assert not came_again(gone)


def test_receipts_of_many_threads_are_all_counted(image: Path) -> None:
    """Associations store side by side."""
    receipts = Receipts()

    def receive() -> None:
        for _ in range(100):
            receipts.acknowledge(image, is_new=False)

    threads = [threading.Thread(target=receive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for _ in range(399):
        receipts.recorded(image)
    assert came_again(image)
    receipts.recorded(image)
    assert not came_again(image)
