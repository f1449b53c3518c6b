"""Studies out of ZIPs, in the working folder of a run."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from zipfile import ZIP_STORED

import pytest

from models.volume.headers import read_headers
from node.batch.found import StudyFiles
from node.batch.unpacking import Unpacking
from tests.hostile.zips import one_damaged, packed
from tests.node.batch.zipped import images, only_study, studies, write_zip

LARGE = 300
"""Matrix of an image of which the beginning does not tell that its end is damaged."""


@pytest.fixture
def unpacking(tmp_path: Path) -> Iterator[Unpacking]:
    """Return a working folder; nothing is left of it in the end."""
    made = Unpacking(tmp_path / "work")
    yield made
    made.stop()
    assert not (tmp_path / "work").exists()


def patience() -> None:
    """Wait for nothing in particular."""


def unpacked(unpacking: Unpacking, study: StudyFiles) -> dict[Path, Path]:
    """Unpack a study at once."""
    return unpacking.unpack(study, 9, patience)


def test_an_image_comes_out_as_it_was_packed(
    tmp_path: Path, unpacking: Unpacking
) -> None:
    """Byte for byte, for this user alone, under a name that tells nothing."""
    inside = images("Petrov")
    study = only_study(write_zip(tmp_path / "Petrov.zip", inside))

    places = unpacked(unpacking, study)

    for (path, _), place in zip(study.files, places.values(), strict=True):
        name = str(path.relative_to(tmp_path / "Petrov.zip"))
        assert place.read_bytes() == inside[name]
        assert not place.stat().st_mode & 0o077
        assert "Petrov" not in str(place.relative_to(tmp_path))


def test_no_two_studies_ever_lie_at_one_path(tmp_path: Path) -> None:
    """Neither in one run nor in two: the ledger tells files by their paths."""
    write_zip(tmp_path / "a.zip", images("1"), images("2"))
    places = set[Path]()
    for study in studies(tmp_path):
        unpacking = Unpacking(tmp_path / "work")
        places |= set(unpacked(unpacking, study).values())
        unpacking.stop()

    assert len(places) == 8


def test_what_lay_in_one_folder_does_so_again(
    tmp_path: Path, unpacking: Unpacking
) -> None:
    """A damaged image counts for its neighbours, and for no other."""
    one = images("one", count=4)
    names = ("a/1", "a/2", "b/1", "b/2")
    moved = dict(zip(names, one.values(), strict=True))
    study = only_study(write_zip(tmp_path / "a.zip", moved))

    places = unpacked(unpacking, study)

    folders = [places[path].parent for path, _ in study.files]
    assert folders[0] == folders[1] != folders[2] == folders[3]


def test_an_image_that_turns_out_damaged_is_left_empty(
    tmp_path: Path, unpacking: Unpacking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pixels are not what was packed: nobody may read the part that came out."""
    monkeypatch.setattr("node.batch.unpacking.CHUNK_BYTES", 1 << 12)
    content = one_damaged(images("one", matrix=LARGE))
    (tmp_path / "a.zip").write_bytes(content)
    study = only_study(tmp_path / "a.zip")
    assert len(study.files) == 4

    places = unpacked(unpacking, study)

    _, refused = read_headers(list(places.values()), threads=1)
    assert [reason for _, reason in refused] == ["empty"]


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    """By the next one."""
    (tmp_path / "work" / "1").mkdir(parents=True)
    (tmp_path / "work" / "1" / "0").write_bytes(b"image")

    unpacking = Unpacking(tmp_path / "work")

    assert not (tmp_path / "work").exists()
    unpacking.stop()


def test_no_more_studies_lie_unpacked_than_are_allowed(
    tmp_path: Path, unpacking: Unpacking
) -> None:
    """The next waits until one of them is not needed any more."""
    write_zip(tmp_path / "a.zip", *(images(name) for name in ("1", "2", "3")))
    first, second, third = studies(tmp_path)
    removed: list[StudyFiles] = []

    def a_job_ends() -> None:
        if not removed:
            time.sleep(0.05)
            assert not (tmp_path / "work" / third.study_instance_uid).exists()
            unpacking.remove(first.study_instance_uid)
            removed.append(first)

    unpacked(unpacking, first)
    unpacked(unpacking, second)
    unpacking.unpack(third, 2, a_job_ends)

    assert removed
    assert len(list((tmp_path / "work").iterdir())) == 2


def test_a_full_disk_waits_for_what_is_being_read(
    tmp_path: Path, unpacking: Unpacking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And only then is an error: that the disk cannot hold even one study."""
    write_zip(tmp_path / "a.zip", images("1"), images("2"))
    first, second = studies(tmp_path)
    unpacked(unpacking, first)
    free = shutil.disk_usage(tmp_path).free

    def room(folder: Path) -> SimpleNamespace:
        is_full = (folder / first.study_instance_uid).exists()
        return SimpleNamespace(free=0 if is_full else free)

    def a_job_ends() -> None:
        unpacking.remove(first.study_instance_uid)

    monkeypatch.setattr(shutil, "disk_usage", room)
    assert unpacking.unpack(second, 9, a_job_ends)
    unpacking.remove(second.study_instance_uid)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        unpacked(unpacking, first)


def test_a_disk_that_fills_meanwhile_leaves_nothing(
    tmp_path: Path, unpacking: Unpacking
) -> None:
    """The limit of a process on a file's size stands for it."""
    study = only_study(write_zip(tmp_path / "a.zip", images("one", matrix=LARGE)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            unpacked(unpacking, study)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)

    assert not list((tmp_path / "work").iterdir())


def test_a_zip_that_is_gone_is_an_error(tmp_path: Path, unpacking: Unpacking) -> None:
    """And so is one that was replaced since it was looked into."""
    path = write_zip(tmp_path / "a.zip", images())
    study = only_study(path)

    os.utime(path, ns=(1, 1))
    with pytest.raises(FileNotFoundError):
        unpacked(unpacking, study)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        unpacked(unpacking, study)


def test_an_interrupt_ends_the_unpacking_of_a_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of an image; nothing is left."""
    study = only_study(write_zip(tmp_path / "a.zip", images()))
    unpacking, many, parts = Unpacking(tmp_path / "work"), 10_000, list[bytes]()

    class Slow:
        def read(self, size: int) -> bytes:
            time.sleep(0.001)
            parts.append(b"part" if len(parts) < many else b"")
            return parts[-1]

    monkeypatch.setattr("node.batch.unpacking.reading", lambda *_: nullcontext(Slow()))

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpacking.unpack(study, 9, interrupt)
    unpacking.stop()

    assert len(parts) < many
    assert not (tmp_path / "work").exists()


def test_memory_does_not_grow_with_the_zips(
    tmp_path: Path, unpacking: Unpacking
) -> None:
    """Neither with their number nor with their size: they are read in parts."""
    for number in range(4):
        noise = images(str(number), count=2, matrix=1500)
        (tmp_path / f"{number}.zip").write_bytes(packed(noise, ZIP_STORED))
    image = 1500 * 1500 * 2
    tracemalloc.start()
    try:
        for study in studies(tmp_path):
            unpacked(unpacking, study)
            unpacking.remove(study.study_instance_uid)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < image
