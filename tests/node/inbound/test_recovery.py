"""What was acknowledged is found again at a start, whatever the disk says today."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from node.inbound.recovery import Recovery
from node.inbound.spool import Spool
from node.jobs.ledger import Ledger
from node.jobs.ledger_studies import ReceivedInstance
from tests.node.inbound.objects import build_instance, build_spool, encoded, sent
from tests.node.jobs.ledger_stories import T0


def stored(spool: Spool, ds: Dataset) -> ReceivedInstance:
    """Store an image."""
    return spool.store(encoded(ds), sent(ds)).instance


def fail_reading(
    monkeypatch: pytest.MonkeyPatch, number: int = errno.EMFILE, ending: str = ".dcm"
) -> None:
    """Let the disk, or the process, refuse to read files."""
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name.endswith(ending):
            raise OSError(number, os.strerror(number))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)


def test_what_was_stored_comes_back_as_it_was(spool: Spool, tmp_path: Path) -> None:
    """With its sender; what the ledger knows is left out."""
    known, *others = [stored(spool, build_instance()) for _ in range(3)]

    found = list(
        Recovery(
            build_spool(tmp_path),
            lambda uid: [known.path] if uid == known.study_instance_uid else [],
        ).instances()
    )

    assert sorted(found, key=str) == sorted(others, key=str)


def test_images_come_back_in_the_order_in_which_they_came(spool: Spool) -> None:
    """Of two contents under one UID the later one counts."""
    ds = build_instance()
    first = stored(spool, ds)
    ds.PatientID = "OTHER"
    second = stored(spool, ds)
    os.utime(first.path, ns=(2, 2))
    os.utime(second.path, ns=(1, 1))

    assert list(Recovery(spool).instances()) == [second, first]


class Node:
    """A spool and a ledger that hear of images; ``crash`` loses what was noted only."""

    def __init__(self, tmp_path: Path) -> None:
        self.ledger = Ledger(tmp_path)
        self._tmp_path = tmp_path
        self.crash()

    def crash(self) -> None:
        """Start again from what lies on the disk."""
        self.spool = build_spool(self._tmp_path)
        self.noted: list[ReceivedInstance] = []

    def store(self, ds: Dataset, name: str) -> None:
        """Acknowledge the image under this name."""
        ds.PatientName = name
        self.noted.append(stored(self.spool, ds))

    def tick(self) -> set[str]:
        """Let the ledger hear of it; return the studies that changed."""
        changed = self.ledger.studies.record(self.noted, T0)
        self.spool.recorded(self.noted)
        self.noted = []
        return changed

    def recover(self) -> list[ReceivedInstance]:
        """Bring what the ledger does not know into it."""
        self.noted = list(Recovery(self.spool, self.ledger.studies.files).instances())
        found = list(self.noted)
        self.tick()
        return found

    def counting(self, ds: Dataset) -> str:
        """Return the name in the content that counts."""
        last = self.ledger.studies.files(ds.StudyInstanceUID)[-1]
        return str(dcmread(last).PatientName)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """Return a node without images."""
    node = Node(tmp_path)
    yield node
    node.ledger.close()


@pytest.mark.parametrize("recorded", [0, 1, 2])
@pytest.mark.parametrize("names", ["AB", "ABA", "ABAB", "ABCAB", "ABAC"])
def test_the_content_acknowledged_last_counts_after_a_crash(
    node: Node, names: str, recorded: int
) -> None:
    """However many of the receipts before it the ledger had heard of."""
    ds = build_instance()
    for number, name in enumerate(names):
        node.store(ds, name)
        if number < recorded:
            node.tick()
    node.crash()

    node.recover()

    assert node.counting(ds) == names[-1]


def test_what_the_ledger_has_heard_of_is_not_read_again(node: Node) -> None:
    """Neither what came again, nor what was recovered once."""
    ds = build_instance()
    for name in "ABA":
        node.store(ds, name)
    node.tick()
    node.crash()
    assert node.recover() == []

    node.store(ds, "B")
    node.crash()
    assert [found.digest for found in node.recover()]
    node.crash()

    assert node.recover() == []


def test_what_comes_again_while_the_ledger_writes_keeps_its_mark(node: Node) -> None:
    """The first receipt being recorded says nothing of the second."""
    ds = build_instance()
    for name in "ABA":
        node.store(ds, name)
    *first, again = node.noted
    node.ledger.studies.record(first, T0)
    node.spool.recorded(first)
    node.crash()

    assert node.recover() == [replace(again, was_sent=False)]
    assert node.counting(ds) == "A"


def test_what_comes_again_while_it_is_recovered_keeps_its_mark(node: Node) -> None:
    """The node listens again before everything that it found is recorded."""
    ds = build_instance()
    for name in "ABA":
        node.store(ds, name)
    node.tick()
    node.store(ds, "B")
    node.crash()
    found = list(Recovery(node.spool, node.ledger.studies.files).instances())
    node.store(ds, "B")
    node.ledger.studies.record(found, T0)
    node.spool.recorded(found)
    again = node.noted
    node.crash()

    assert node.recover() == [replace(again[0], was_sent=False)]


def test_a_file_that_fills_a_gap_comes_before_the_later_one(node: Node) -> None:
    """What retention removed and the archive gave back is younger, and counts less."""
    ds = build_instance()
    node.store(ds, "A")
    node.tick()
    [gone] = node.ledger.studies.files(ds.StudyInstanceUID)
    gone.unlink()
    node.ledger.studies.forget_files([gone])
    node.store(ds, "B")
    node.tick()
    node.store(ds, "A")
    node.tick()
    node.crash()

    node.recover()

    assert node.counting(ds) == "B"


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.EACCES])
def test_a_file_that_cannot_be_read_now_is_left_for_later(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """It was acknowledged: it stays where it is, and is counted."""
    images = [stored(spool, build_instance()) for _ in range(3)]
    recovery = Recovery(spool)
    fail_reading(monkeypatch, number)
    assert list(recovery.instances()) == []
    assert recovery.left == 3
    monkeypatch.undo()

    found = list(recovery.instances())

    assert sorted(found, key=str) == sorted(images, key=str)
    assert recovery.left == 0
    assert list(spool.refused.folder.iterdir()) == []


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian]
)
def test_a_lowered_limit_takes_nothing_back(
    spool: Spool, tmp_path: Path, syntax: str
) -> None:
    """The limit is for what comes; this has come."""
    image = stored(
        spool, build_instance(syntax=syntax, PixelData=bytes(3 << 20), BitsAllocated=8)
    )

    found = list(Recovery(build_spool(tmp_path, max_object_mib=1)).instances())

    assert found == [image]


def test_an_object_of_exactly_the_largest_size_comes_back(tmp_path: Path) -> None:
    """Its file is larger than the object, by the meta information."""
    spool = build_spool(tmp_path, max_object_mib=1)
    ds = build_instance(PixelData=b"", BitsAllocated=8)
    ds.PixelData = bytes((1 << 20) - len(encoded(ds)))
    image = stored(spool, ds)

    assert list(Recovery(spool).instances()) == [image]


def test_what_a_power_cut_emptied_is_put_aside_each_by_itself(spool: Spool) -> None:
    """It can happen with durability ``none``; it must not stop the start."""
    for number in range(3):
        path = stored(spool, build_instance()).path
        path.write_bytes(bytes(number))

    recovery = Recovery(spool)

    assert list(recovery.instances()) == []
    assert recovery.left == 0
    assert len(list(spool.refused.folder.iterdir())) == 3


def test_every_instance_that_is_found_claims_its_study(
    spool: Spool, tmp_path: Path
) -> None:
    """Until the ledger knows it, retention keeps away."""
    image = stored(spool, build_instance())
    restarted = build_spool(tmp_path)
    [found] = Recovery(restarted).instances()

    with restarted.claims.alone(image.study_instance_uid) as before:
        pass
    restarted.recorded([found])
    with restarted.claims.alone(image.study_instance_uid) as after:
        pass

    assert (before, after) == (False, True)
