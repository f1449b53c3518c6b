"""The watcher outlives every fault, and forgets nothing that was noted."""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from node.inbound import watcher
from node.inbound.archive import Store
from node.inbound.drop import DropFolder
from node.inbound.spool import Spool
from tests.node.inbound.archives import StoryArchive
from tests.node.inbound.objects import as_file, build_instance, eventually, files
from tests.node.inbound.story import SERIES, STUDY, Story, knows


def test_an_own_object_that_cannot_be_removed_holds_nobody_up(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images that came with it are noted all the same."""
    image, own = build_instance(STUDY, SERIES), build_instance(STUDY, SERIES)
    monkeypatch.setattr(
        story.ledger.studies, "is_own", lambda uid: uid == own.SOPInstanceUID
    )
    story.sends(image)
    story.sends(own)
    unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if own.SOPInstanceUID in path.name:
            raise OSError(errno.EIO, "broken")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    story.watcher.tick(story.now)

    assert story.ledger.studies.series_counts(STUDY) == {SERIES: 1}


@pytest.mark.parametrize(
    "error",
    [sqlite3.OperationalError("full"), OSError("broken"), KeyError("unforeseen")],
)
def test_notes_survive_whatever_the_ledger_raises(
    story: Story, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """They are written at the next tick, with the end of their association."""
    knows(story, 1)

    def fail(*arguments: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(story.ledger.studies, "record", fail)
        story.sends(build_instance(STUDY, SERIES))
        story.watcher.released(1, False)
        with pytest.raises(type(error)):
            story.watcher.tick(story.now)
    story.watcher.tick(story.now)

    assert story.verdict() is not None


def test_a_tick_that_raises_anything_is_not_the_last(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread goes on; the type of the error is logged."""

    def fail(*arguments: object) -> None:
        raise UnboundLocalError("nobody foresaw it")

    with monkeypatch.context() as patched:
        patched.setattr(DropFolder, "ready", fail)
        story.watcher._tick_once()
    story.arrives()

    assert story.study().state == "receiving"


def test_one_dropped_file_does_not_hold_up_the_next(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever reading it raises, the next one is taken."""
    bad, good = story.spool.drop / "1.dcm", story.spool.drop / "2.dcm"
    for path in (bad, good):
        path.write_bytes(as_file(build_instance(STUDY, SERIES)))
    ingest = Spool.ingest

    def fail(spool: Spool, path: Path) -> object:
        if path == bad:
            raise ValueError("nobody foresaw it")
        return ingest(spool, path)

    monkeypatch.setattr(Spool, "ingest", fail)
    story.after(20)

    assert story.ledger.studies.series_counts(STUDY) == {SERIES: 1}
    assert bad.exists()


def test_files_that_could_not_be_read_at_the_start_are_read_later(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No restart is needed when the disk is well again."""
    story.sends(build_instance(STUDY, SERIES))  # killed before the watcher looks

    def refuse(path: Path) -> bytes:
        raise OSError(errno.EMFILE, "too many")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", refuse)
        story.restart()
        story.after(30)
        assert story.ledger.studies.get(STUDY) is None
    story.after(watcher.RECOVER_AGAIN.total_seconds())

    assert story.ledger.studies.series_counts(STUDY) == {SERIES: 1}


def test_a_file_that_goes_while_it_is_looked_at_is_passed_over(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program may move a file out of the folder at any moment."""
    (story.spool.drop / "1.dcm").write_bytes(b"here")
    drop = DropFolder(story.spool.drop, lambda: None)

    def gone(path: Path, **options: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "gone")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", gone)
        assert drop._stable(story.now) == set()


class SlowArchive(StoryArchive):
    """Gives one image back, and the others when ``go_on`` is set."""

    def __init__(self, images: list[bytes], go_on: threading.Event) -> None:
        super().__init__({STUDY: {SERIES: len(images)}}, files={STUDY: images})
        self.go_on = go_on

    def fetch_study(
        self,
        study_instance_uid: str,
        store: Store,
        series_instance_uids: Collection[str] | None = None,
    ) -> int:
        """Hand over ``files``."""
        first, *others = self.files[study_instance_uid]
        store(first)
        self.fetched.append(study_instance_uid)
        assert self.go_on.wait(10)
        for content in others:
            store(content)
        return 1 + len(others)


def test_a_fetch_writes_nothing_after_the_stop(story: Story) -> None:
    """Another node may hold the folder by then; what was written is noted."""
    images = [build_instance(STUDY, SERIES) for _ in range(3)]
    archive = SlowArchive([as_file(ds) for ds in images], go_on=threading.Event())
    story.archive = archive
    story.restart()
    for ds in images:
        story.sends(ds)
    story.watcher.tick(story.now)
    story.forget_images()

    def is_fetching() -> bool:
        story.watcher.tick(story.now)
        return bool(archive.fetched)

    with ThreadPoolExecutor(1) as threads:
        story.watcher._questions._executor = threads
        story.ends()
        eventually(is_fetching)
        story.watcher.stop()
        story.watcher.tick(story.now)
        archive.go_on.set()

    assert len(files(story.spool)) == 1
    assert story.ledger.studies.without_file(STUDY) == 2
