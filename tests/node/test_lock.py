"""One process per folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from node.errors import ConfigError
from node.lock import LOCK_FILE, FolderLock, holder
from tests.processes import ended_with_the_test

HOLD = """
import sys, time
from pathlib import Path
from node.lock import FolderLock
lock = FolderLock(Path(sys.argv[1])); lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_holder_is_told_who_the_first_is(tmp_path: Path) -> None:
    """And can have the folder when the first is done."""
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()

    with pytest.raises(ConfigError, match=f"in use .*process {os.getpid()}.*stop"):
        second.acquire()

    first.release()
    second.acquire()
    second.release()


def test_a_process_that_was_killed_leaves_no_lock(tmp_path: Path) -> None:
    """Its file stays behind and means nothing."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE
    )
    with ended_with_the_test(holder) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(ConfigError, match=f"process {process.pid}"):
            FolderLock(tmp_path).acquire()
        process.send_signal(signal.SIGKILL)

    lock = FolderLock(tmp_path)
    lock.acquire()
    lock.release()
    assert (tmp_path / LOCK_FILE).exists()


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """The message names it."""
    with pytest.raises(ConfigError, match="nowhere"):
        FolderLock(tmp_path / "nowhere").acquire()


def test_releasing_twice_is_no_error(tmp_path: Path) -> None:
    """Stopping may run twice."""
    lock = FolderLock(tmp_path)
    lock.acquire()
    lock.release()
    lock.release()

    assert holder(tmp_path) is None


def test_whoever_asks_who_holds_it_leaves_nothing_behind(tmp_path: Path) -> None:
    """The process is named while it holds; no lock file is made by asking."""
    lock = FolderLock(tmp_path)
    assert holder(tmp_path) is None
    assert not (tmp_path / LOCK_FILE).exists()

    lock.acquire()
    held_by = holder(tmp_path)
    lock.release()

    assert held_by == str(os.getpid())
    assert holder(tmp_path) is None, "the file that stays means nothing"
