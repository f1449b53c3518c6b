"""A run over ZIPs: what a folder of the same images gives, and nothing left behind."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.hippocampus.phantom import write_study
from node.batch.entry import INTERRUPTED, NO_STUDY, Entry
from node.batch.found import StudyFiles
from node.batch.run import Done, read
from node.batch.unpacking import Unpacking
from node.jobs.job import FILE_MISSING
from tests.hostile.zips import one_damaged, one_encrypted, packed, truncated
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


@dataclass(frozen=True)
class Ward:
    """A folder of two ZIPs that was read.

    Attributes
    ----------
    images
        Of the first.
    most
        How many studies might lie unpacked, each time that one was.
    """

    folder: Path
    images: Images
    done: Done
    most: list[int]


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    """Read two ZIPs."""
    folder, most = tmp_path_factory.mktemp("ward"), list[int]()
    images = simulated(folder / "simulated", 61)
    write_zip(folder / "in" / "a.zip", images)
    write_zip(folder / "in" / "b.zip", simulated(folder / "simulated", 62))
    unpack = Unpacking.unpack

    def noted(
        self: Unpacking, study: StudyFiles, at_most: int, meanwhile: Callable[[], None]
    ) -> dict[Path, Path]:
        most.append(at_most)
        return unpack(self, study, at_most, meanwhile)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Unpacking, "unpack", noted)
        return Ward(folder, images, read(order(folder)), most)


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
    """The row names the ZIP, and nothing stays unpacked."""
    paths = [entry.path for entry in ward.done.entries]

    assert paths == [str(ward.folder / "in" / f"{name}.zip") for name in "ab"]
    assert all(entry.is_reported for entry in ward.done.entries)
    assert len(objects(ward.folder)) == 6
    assert not left(ward.folder)


def test_no_more_is_unpacked_than_is_about_to_be_read(ward: Ward) -> None:
    """One more than the one worker reads: the disk does not fill with the ZIPs."""
    assert ward.most == [2, 2]


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


def test_a_run_reads_what_changed_and_makes_again_what_was_removed(
    ward: Ward, copy: Path
) -> None:
    """Both out of the ZIPs; the objects are the same bytes in the same place."""
    before = objects(copy)
    fewer = {n: i for n, i in ward.images.items() if "hippocrop" in n}
    write_zip(copy / "in" / "a.zip", fewer)
    second = ward.done.entries[1]
    (copy / "out" / second.study_instance_uid / "hippocampus/v1/SR.dcm").unlink()

    entries = by_name(read(order(copy)))

    assert not any(entry.was_kept for entry in entries.values())
    assert all(entry.is_reported for entry in entries.values())
    assert before.items() <= objects(copy).items()
    assert not left(copy)


@dataclass(frozen=True)
class Story:
    """Runs over the same ZIPs, most of which ended early; what each left unpacked."""

    between: Done
    within: Done
    full: Done
    last: Done
    left: list[list[Path]]


class Listening:
    """Hears a run, and does something at its beginning or at its first entry."""

    def __init__(
        self,
        at_first: Callable[[], None] = lambda: None,
        at_start: Callable[[], None] = lambda: None,
    ) -> None:
        self._at_first = at_first
        self._at_start = at_start

    def found(self, entries: int) -> None:
        """Do what is to be done at the beginning."""
        self._at_start()

    def working(self, running: object) -> None:
        """Need not know."""

    def ended(self, entry: Entry) -> None:
        """Do what is to be done at the first entry."""
        self._at_first()
        self._at_first = lambda: None


BROKEN = {
    "damaged": one_damaged,
    "encrypted": one_encrypted,
    "gone": packed,
    "truncated": truncated,
}


def interrupt(*_: object) -> None:
    """Press Ctrl-C."""
    raise KeyboardInterrupt


def fill_the_disk(*_: object) -> None:
    """Say what a full disk says."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, ward: Ward) -> Story:
    """Interrupt a run twice, fill its disk, kill it, steal a ZIP; then let it be."""
    folder = tmp_path_factory.mktemp("story")
    inputs, found_left = folder / "in", list[list[Path]]()
    shutil.copytree(ward.folder / "in", inputs)

    def run(*listeners: Listening, **faults: Callable[..., None]) -> Done:
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
    for seed, (broken, make) in enumerate(BROKEN.items(), start=63):
        images = simulated(folder / "simulated", seed)
        (inputs / f"{broken}.zip").write_bytes(make(images))
    gone = inputs / "gone.zip"
    last = run(Listening(at_start=gone.unlink))
    return Story(between, within, full, last, found_left)


def test_an_interrupt_keeps_what_was_finished(story: Story) -> None:
    """What was not come to says so; the next run goes on there."""
    assert story.between.was_interrupted
    assert [entry.reason_code for entry in story.between.entries] == ["", INTERRUPTED]
    assert by_name(story.last)["a.zip"].was_kept
    assert not by_name(story.last)["b.zip"].was_kept


def test_an_interrupt_may_come_while_a_study_is_unpacked(story: Story) -> None:
    """It is an entry like the others."""
    assert story.within.was_interrupted
    assert by_name(story.within)["a.zip"].was_kept
    assert by_name(story.within)["b.zip"].reason_code == INTERRUPTED


def test_a_disk_that_is_full_ends_the_run_with_what_to_do(story: Story) -> None:
    """When there is room, the same command goes on."""
    assert "make room and type the same command again" in story.full.trouble
    assert by_name(story.full)["b.zip"].reason_code == INTERRUPTED
    assert by_name(story.last)["b.zip"].is_reported


def test_nothing_is_left_unpacked_however_a_run_ended(story: Story) -> None:
    """What a killed one left is removed by the next."""
    assert story.left == [[], [], [], []]


def test_a_broken_zip_spoils_only_itself(story: Story) -> None:
    """A row each; a study that may lack an image is not read without it."""
    assert {key: outcome(each) for key, each in by_name(story.last).items()} == {
        "a.zip": ("reported", ""),
        "b.zip": ("reported", ""),
        "damaged.zip": ("failed", "damaged_file"),
        "encrypted.zip": ("failed", "damaged_file"),
        "gone.zip": ("", FILE_MISSING),
        "truncated.zip": ("", NO_STUDY),
    }
