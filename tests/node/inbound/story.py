"""A node whose clock a test moves, and whose archive says what it wants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydicom.dataset import Dataset

from node.config import InboundSettings
from node.inbound.spool import Spool
from node.inbound.watcher import Watcher
from node.jobs.job import Completeness
from node.jobs.ledger import Ledger
from node.jobs.ledger_studies import StudyRow
from tests.node.inbound.archives import InlineExecutor, PatientExecutor, StoryArchive
from tests.node.inbound.objects import build_instance, encoded, sent

CONFIRMED, UNCONFIRMED = Completeness.CONFIRMED, Completeness.UNCONFIRMED
STUDY, SERIES = "1.2", "1.2.1"
QUIET_S, MAX_WAIT_S = 60.0, 3600.0


class Story:
    """A node whose clock the story moves, and whose archive says what it wants."""

    def __init__(self, folder: Path, archive: StoryArchive | None) -> None:
        self.archive = archive
        self.now = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
        self.settings = InboundSettings(
            min_free_mib=0, quiet_s=QUIET_S, max_wait_s=MAX_WAIT_S, durability="none"
        )
        self.folder = folder
        self.wakes = 0
        self.executor: InlineExecutor | PatientExecutor = InlineExecutor()
        self.start()

    def start(self) -> None:
        """Start the node, for the first time or again."""
        self.ledger = Ledger(self.folder)
        self.spool = Spool(self.folder / "spool", self.settings)
        self.watcher = Watcher(
            self.settings,
            self.ledger,
            self.spool,
            self.archive,
            models=("hippocampus",),
            on_complete=self._wake,
            clock=lambda: self.now,
            executor=self.executor,
        )
        self.watcher.recover()

    def restart(self) -> None:
        """Kill the node and start it again."""
        self.ledger.close()
        self.start()

    def _wake(self) -> None:
        self.wakes += 1

    def arrives(
        self,
        number: int = 1,
        study: str = STUDY,
        series: str = SERIES,
        association: int | None = 1,
    ) -> list[Dataset]:
        """Let so many new images arrive, and the watcher look."""
        images = [build_instance(study, series) for _ in range(number)]
        for ds in images:
            self.sends(ds, association)
        self.watcher.tick(self.now)
        return images

    def sends(self, ds: Dataset, association: int | None = 1) -> None:
        """Let one image arrive."""
        kept = self.spool.store(encoded(ds), sent(ds))
        self.watcher.stored(kept.instance, association)

    def ends(self, association: int = 1, *, aborted: bool = False) -> None:
        """Let an association end, and the watcher look."""
        self.watcher.released(association, aborted)
        self.watcher.tick(self.now)

    def after(self, seconds: float) -> None:
        """Let time pass, in steps as the watcher's thread makes them."""
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.now = min(until, self.now + timedelta(seconds=5))
            self.watcher.tick(self.now)

    def study(self, uid: str = STUDY) -> StudyRow:
        """Return the study as the ledger knows it."""
        row = self.ledger.studies.get(uid)
        assert row is not None
        return row

    def verdict(self, uid: str = STUDY) -> Completeness | None:
        """Return how complete the study is; None while it is awaited."""
        row = self.study(uid)
        return row.completeness if row.state == "complete" else None

    def forget_images(self, uid: str = STUDY) -> None:
        """Remove the received images as retention does."""
        for path in self.ledger.studies.files(uid):
            path.unlink()
        self.ledger.studies.forget_files(self.ledger.studies.files(uid))


def archive_of(story: Story) -> StoryArchive:
    """Return the story's archive."""
    assert story.archive is not None
    return story.archive


def knows(story: Story, count: int, study: str = STUDY, series: str = SERIES) -> None:
    """Let the archive hold so many images of a series."""
    archive_of(story).counts.setdefault(study, {})[series] = count
