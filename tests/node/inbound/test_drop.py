"""The drop folder: a file is taken when it is whole, never half."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.inbound.drop import LOOK_EVERY_S, STABLE_S, DropFolder
from tests.node.inbound.objects import eventually

T0 = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
def woken() -> threading.Event:
    """Return the event that the folder sets."""
    return threading.Event()


@pytest.fixture
def watched(tmp_path: Path, woken: threading.Event) -> Iterator[DropFolder]:
    """Return a folder that listens for events."""
    folder = DropFolder(tmp_path, woken.set)
    folder.start()
    yield folder
    folder.stop()


def at(seconds: float) -> datetime:
    """Return a moment of the frozen time."""
    return T0 + timedelta(seconds=seconds)


def test_a_file_is_taken_when_it_is_closed(
    watched: DropFolder, tmp_path: Path, woken: threading.Event
) -> None:
    """Not while somebody writes it."""
    path = tmp_path / "1.dcm"
    with path.open("wb") as file:
        file.write(b"half")
        file.flush()
        assert not woken.wait(0.2)
        assert watched.ready(at(0)) == []
        file.write(b"whole")
    assert woken.wait(5)

    assert watched.ready(at(1)) == [path]


def test_a_file_is_taken_when_it_is_moved_in(
    watched: DropFolder, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """From elsewhere, or from its temporary name as rsync does."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "1"
    elsewhere.write_bytes(b"1")
    elsewhere.rename(tmp_path / "1.dcm")
    (tmp_path / ".2.dcm.part").write_bytes(b"2")
    (tmp_path / ".2.dcm.part").rename(tmp_path / "2.dcm")

    found: set[Path] = set()

    def both() -> bool:
        found.update(watched.ready(at(0)))
        return len(found) == 2

    eventually(both)
    assert found == {tmp_path / "1.dcm", tmp_path / "2.dcm"}


def test_files_in_folders_below_are_found(watched: DropFolder, tmp_path: Path) -> None:
    """A whole study is copied as its folder; what events miss, the look finds."""
    folder = tmp_path / "study" / "series"
    folder.mkdir(parents=True)
    (folder / "1.dcm").write_bytes(b"1")
    now = iter(range(0, 1000, 5))

    assert eventually(lambda: watched.ready(at(next(now)))) == [folder / "1.dcm"]


def test_without_events_a_file_is_taken_when_it_stands_still(tmp_path: Path) -> None:
    """It lay there before the start, or the file system tells of nothing."""
    path = tmp_path / "1.dcm"
    path.write_bytes(b"1")
    folder = DropFolder(tmp_path, lambda: None)

    assert folder.ready(at(0)) == []
    assert folder.ready(at(STABLE_S - 1)) == []
    assert folder.ready(at(STABLE_S + LOOK_EVERY_S)) == [path]


def test_a_file_that_grows_slowly_is_not_taken(tmp_path: Path) -> None:
    """Each change begins the wait anew."""
    path = tmp_path / "1.dcm"
    folder = DropFolder(tmp_path, lambda: None)
    for number in range(10):
        path.write_bytes(bytes(number))
        assert folder.ready(at(number * LOOK_EVERY_S)) == []
    last = 9 * LOOK_EVERY_S
    assert folder.ready(at(last + STABLE_S - 1)) == []

    assert folder.ready(at(last + STABLE_S + LOOK_EVERY_S)) == [path]


def test_hidden_files_are_left_alone(watched: DropFolder, tmp_path: Path) -> None:
    """They are somebody's temporary ones."""
    (tmp_path / ".1.dcm.XXXX").write_bytes(b"1")
    (tmp_path / "2.dcm").write_bytes(b"2")

    assert eventually(lambda: watched.ready(at(0))) == [tmp_path / "2.dcm"]
    assert watched.ready(at(100)) == [tmp_path / "2.dcm"]


def test_the_folder_is_not_walked_at_every_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look every few seconds, however often the watcher ticks."""
    folder = DropFolder(tmp_path, lambda: None)
    looks: list[datetime] = []

    def look(now: datetime) -> set[Path]:
        looks.append(now)
        return set()

    monkeypatch.setattr(folder, "_stable", look)
    for tick in range(100):
        folder.ready(at(tick * 0.1))

    assert len(looks) == 2
