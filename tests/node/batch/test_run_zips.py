"""A run over ZIPs: what a folder of the same images gives, and nothing left behind."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from models.hippocampus.phantom import write_study
from node.batch.entry import INTERRUPTED, NO_STUDY, Entry
from node.batch.found import StudyFiles
from node.batch.run import Done, read
from node.batch.unpacking import Unpacking
from node.jobs.job import FILE_MISSING
from tests.hostile.zips import (
    one_damaged,
    one_encrypted,
    packed,
    truncated,
)
from tests.node.batch.orders import name, objects, order, outcome
from tests.node.batch.zipped import write_zip

Images = dict[str, bytes]


def simulated(folder: Path, seed: int) -> Images:
    """Return the images of a simulated study that the model reads."""
    files = sorted(write_study(folder, seed))
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def by_name(done: Done) -> dict[str, Entry]:
    """Return the entries by the names of their ZIPs."""
    return {name(entry): entry for entry in done.entries}


def left(folder: Path) -> list[Path]:
    """Return what lies in the working folder of the last run."""
    return list((folder / "out" / ".pacs-node" / "unpacked").rglob("*"))


class Listening:
    """Hears a run, and does something at its beginning or at its first entry."""

    def __init__(
        self,
        at_first: Callable[[], None] = lambda: None,
        at_start: Callable[[], None] = lambda: None,
    ) -> None:
        self._at_first = at_first
        self._at_start = at_start

    def found(self, waiting: Sequence[Entry]) -> None:
        """Do what is to be done at the beginning."""
        self._at_start()

    def working(self, running: object) -> None:
        """Need not know."""

    def ended(self, entry: Entry) -> None:
        """Do what is to be done at the first entry."""
        self._at_first()
        self._at_first = lambda: None


def interrupt(*_: object) -> None:
    """Press Ctrl-C."""
    raise KeyboardInterrupt


def fill_the_disk(*_: object) -> None:
    """Say what a full disk says."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@dataclass(frozen=True)
class Ward:
    """A folder of two ZIPs, and the runs over it, of which only the last was let be.

    Attributes
    ----------
    images
        Of the first ZIP.
    left
        What each run left unpacked.
    most
        How many studies might lie unpacked, each time that one was.
    """

    folder: Path
    images: Images
    between: Done
    within: Done
    full: Done
    last: Done
    left: list[list[Path]]
    most: list[int]

    @property
    def finished(self) -> str:
        """The ZIP that the first run read: either may be the first."""
        return next(name(each) for each in self.between.entries if each.is_reported)

    @property
    def awaited(self) -> str:
        """The other ZIP."""
        return next(
            name(each) for each in self.last.entries if name(each) != self.finished
        )


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    """Interrupt a run twice, fill its disk, kill it; then let it be."""
    folder, unpack = tmp_path_factory.mktemp("ward"), Unpacking.unpack
    most, found_left = list[int](), list[list[Path]]()
    images = simulated(folder / "simulated", 61)
    write_zip(folder / "in" / "a.zip", images)
    write_zip(folder / "in" / "b.zip", simulated(folder / "simulated", 62))

    def noted(
        self: Unpacking, study: StudyFiles, at_most: int, meanwhile: Callable[[], None]
    ) -> dict[Path, Path]:
        most.append(at_most)
        return unpack(self, study, at_most, meanwhile)

    def run(*listeners: Listening, **faults: Callable[..., Any]) -> Done:
        with pytest.MonkeyPatch.context() as patched:
            for method, fault in faults.items():
                patched.setattr(Unpacking, method, fault)
            done = read(order(folder), listeners)
        found_left.append(left(folder))
        return done

    between = run(Listening(at_first=interrupt))
    within, full = run(unpack=interrupt), run(_copy=fill_the_disk)
    stale = folder / "out" / ".pacs-node" / "unpacked" / "1" / "0" / "0"
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"what a killed run left")
    last = run(unpack=noted)
    return Ward(folder, images, between, within, full, last, found_left, most)


@pytest.fixture
def copy(ward: Ward, tmp_path: Path) -> Path:
    """Return a copy of the ward that was read, with the times of its files."""
    shutil.copytree(ward.folder, tmp_path / "ward")
    return tmp_path / "ward"


@pytest.fixture
def unpacks_nothing(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes every run fail that unpacks a study from then on."""

    def refuse(*_: object) -> None:
        raise AssertionError("nothing needs to be unpacked")

    return lambda: monkeypatch.setattr(Unpacking, "unpack", refuse)


def test_a_study_is_read_out_of_its_zip(ward: Ward) -> None:
    """The row names the ZIP; both studies have their objects."""
    paths = [entry.path for entry in ward.last.entries]

    assert paths == [str(ward.folder / "in" / f"{name}.zip") for name in "ab"]
    assert all(entry.is_reported for entry in ward.last.entries)
    assert len(objects(ward.folder)) == 6


def test_no_more_is_unpacked_than_is_about_to_be_read(ward: Ward) -> None:
    """One more than the one worker reads: the disk does not fill with the ZIPs."""
    assert ward.most == [2]


def test_an_interrupt_keeps_what_was_finished(ward: Ward) -> None:
    """What was not come to says so; the next run goes on there."""
    assert ward.between.was_interrupted
    assert by_name(ward.between)[ward.awaited].reason_code == INTERRUPTED
    assert by_name(ward.last)[ward.finished].was_kept
    assert not by_name(ward.last)[ward.awaited].was_kept


def test_an_interrupt_may_come_while_a_study_is_unpacked(ward: Ward) -> None:
    """It is an entry like the others."""
    assert ward.within.was_interrupted
    assert by_name(ward.within)[ward.awaited].reason_code == INTERRUPTED


def test_a_disk_that_is_full_ends_the_run_with_what_to_do(ward: Ward) -> None:
    """When there is room, the same command goes on."""
    assert "make room and type the same command again" in ward.full.trouble
    assert by_name(ward.full)[ward.awaited].reason_code == INTERRUPTED
    assert by_name(ward.last)[ward.awaited].is_reported


def test_nothing_is_left_unpacked_however_a_run_ended(ward: Ward) -> None:
    """What a killed one left is removed by the next."""
    assert ward.left == [[], [], [], []]


def test_a_study_that_somebody_unpacked_is_the_same(
    ward: Ward, copy: Path, unpacks_nothing: Callable[[], None]
) -> None:
    """Its images are, byte for byte: what was read out of the ZIP stands."""
    unpacks_nothing()
    (copy / "in" / "a.zip").unlink()
    for path, image in ward.images.items():
        file = copy / "in" / "a" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(image)

    entries = by_name(read(order(copy)))

    assert {key: entry.was_kept for key, entry in entries.items()} == {
        "a": True,
        "b.zip": True,
    }


def test_what_is_finished_stays_packed(
    copy: Path, unpacks_nothing: Callable[[], None]
) -> None:
    """As long as its ZIP is untouched."""
    unpacks_nothing()

    assert all(entry.was_kept for entry in read(order(copy)).entries)


def test_a_zip_that_was_copied_is_compared_and_not_read_again(
    copy: Path, unpacks_nothing: Callable[[], None]
) -> None:
    """It is unpacked once: what it holds is the same, byte for byte."""
    os.utime(copy / "in" / "a.zip", ns=(1, 1))

    first = read(order(copy)).entries
    unpacks_nothing()
    second = read(order(copy)).entries

    assert all(entry.was_kept for entry in (*first, *second))


BROKEN = {
    "damaged.zip": one_damaged,
    "encrypted.zip": one_encrypted,
    "gone.zip": packed,
    "truncated.zip": truncated,
}


def test_a_run_reads_what_changed_and_spoils_nothing_else(
    ward: Ward, copy: Path
) -> None:
    """Objects that were removed are made again; a broken ZIP has its row.

    A study that may lack an image is not read without it.
    """
    before, inputs = objects(copy), copy / "in"
    fewer = {n: i for n, i in ward.images.items() if "hippocrop" in n}
    write_zip(inputs / "a.zip", fewer)
    second = ward.last.entries[1]
    (copy / "out" / second.study_instance_uid / "hippocampus/v1/SR.dcm").unlink()
    for seed, (broken, make) in enumerate(BROKEN.items(), start=63):
        (inputs / broken).write_bytes(make(simulated(copy / "simulated", seed)))

    done = read(order(copy), [Listening(at_start=(inputs / "gone.zip").unlink)])

    assert {key: outcome(entry) for key, entry in by_name(done).items()} == {
        "a.zip": ("reported", ""),
        "b.zip": ("reported", ""),
        "damaged.zip": ("failed", "damaged_file"),
        "encrypted.zip": ("failed", "damaged_file"),
        "gone.zip": ("", FILE_MISSING),
        "truncated.zip": ("", NO_STUDY),
    }
    assert not any(entry.was_kept for entry in done.entries)
    assert before.items() <= objects(copy).items()
    assert not left(copy)
