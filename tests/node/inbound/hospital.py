"""An archive full of studies, which a story fills, breaks and mends."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Self

from pydicom.dataset import Dataset

from node.config import ReconcileSettings
from node.errors import ArchiveError
from node.inbound.archive import (
    REFUSED_FOR_GOOD,
    Found,
    FoundSeries,
    FoundStudy,
    Holding,
    IsOver,
    Routing,
    Store,
)
from node.inbound.reconciliation import Reconciliation
from tests.node.inbound.archives import StoryArchive
from tests.node.inbound.objects import as_file, build_instance
from tests.node.inbound.story import STUDY, Story


@dataclass
class Hospital(StoryArchive):
    """Holds images by study and series; ``changes`` are found, page by page.

    Attributes
    ----------
    broken
        Studies that cannot be asked for.
    withheld
        Studies whose images do not come when they are fetched.
    damaged
        SOP Instance UIDs of images that end before their end.
    jobs_are_seen
        Whether ``routing`` tells of the store jobs.
    tells
        What a search tells of a study: numbers by "series", one "number", "nothing".
    is_never_done
        Whether a search always says that there is more.
    on_image
        Called after each image that was handed over.
    on_question
        Called when a study is asked for.
    """

    images: dict[str, dict[str, list[Dataset]]] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    unstable: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)
    withheld: set[str] = field(default_factory=set)
    damaged: set[str] = field(default_factory=set)
    under_way: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)
    jobs_are_seen: bool = True
    tells: str = "series"
    is_never_done: bool = False
    page: int = 2
    begins: list[str | None] = field(default_factory=list)
    asked_to_hold: list[str] = field(default_factory=list)
    sent_again: list[str] = field(default_factory=list)
    wanted: list[list[str]] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)
    on_image: Callable[[], None] = lambda: None
    on_question: Callable[[], None] = lambda: None
    source: str = "hospital"

    def receives(self, series: str, number: int = 1, modality: str = "MR") -> None:
        """Let new images of the story's study enter the archive."""
        self.takes(
            [build_instance(STUDY, series, Modality=modality) for _ in range(number)]
        )

    def takes(self, images: Collection[Dataset]) -> None:
        """Let images enter the archive, whose study is news then."""
        for ds in images:
            study = self.images.setdefault(str(ds.StudyInstanceUID), {})
            study.setdefault(str(ds.SeriesInstanceUID), []).append(ds)
            self.changes.append(str(ds.StudyInstanceUID))

    def series_counts(self, study_instance_uid: str) -> dict[str, int] | None:
        """Count what is there."""
        self.echo()
        study = self.images.get(study_instance_uid, {})
        return {uid: len(images) for uid, images in study.items()} or None

    def search(self, position: str | None, now: datetime, look_back_days: int) -> Found:
        """Return a page of the changes."""
        self.echo()
        self.begins.append(position)
        begin = int(position or 0)
        end = min(begin + self.page, len(self.changes))
        found = [self._found(uid) for uid in dict.fromkeys(self.changes[begin:end])]
        is_last = end == len(self.changes) and not self.is_never_done
        return Found(tuple(found), str(end), is_last)

    def _found(self, study: str) -> FoundStudy:
        if self.tells == "nothing":
            return FoundStudy(study, None, None)
        counts = self.series_counts(study) or {}
        series = counts if self.tells == "series" else None
        return FoundStudy(study, self._modalities(study), sum(counts.values()), series)

    def _modalities(self, study: str) -> frozenset[str]:
        return frozenset(str(s[0].Modality) for s in self.images[study].values())

    def holding(self, study_instance_uid: str) -> Holding | None:
        """Return what is there, if it can be asked for."""
        self.asked_to_hold.append(study_instance_uid)
        self.on_question()
        if study_instance_uid in self.broken:
            raise ArchiveError("broken")
        counts = self.series_counts(study_instance_uid)
        if counts is None:
            return None
        modalities = self._modalities(study_instance_uid)
        return Holding(counts, modalities, study_instance_uid not in self.unstable)

    def fetch_study(
        self,
        study_instance_uid: str,
        store: Store,
        series_instance_uids: Collection[str] | None = None,
    ) -> int:
        """Hand over the images of the series that are wanted."""
        self.echo()
        self.fetched.append(study_instance_uid)
        self.wanted.append(sorted(series_instance_uids or []))
        if study_instance_uid in self.withheld:
            raise ArchiveError("the images do not come")
        images = [
            ds
            for uid, series in self.images[study_instance_uid].items()
            for ds in series
            if series_instance_uids is None or uid in series_instance_uids
        ]
        for ds in images:
            end = -1 if ds.SOPInstanceUID in self.damaged else None
            with suppress(*REFUSED_FOR_GOOD):
                store(as_file(ds)[:end])
            self.on_image()
        return len(images)

    def routing(self) -> Routing | None:
        """Tell of the jobs."""
        if not self.jobs_are_seen:
            return None
        return Routing(frozenset(self.under_way), dict(self.failed))

    def send_again(self, job_id: str) -> None:
        """Note that a job was begun again."""
        self.sent_again.append(job_id)

    def earlier_series(
        self, patient_id: str, before: date, modalities: Collection[str]
    ) -> list[FoundSeries]:
        """Hold no earlier exams."""
        return []

    def within(self, is_over: IsOver) -> Self:
        """Need no time."""
        return self

    def note_fetched(self, study_instance_uid: str, holding: Holding) -> None:
        """Note what the node has."""
        self.noted.append(study_instance_uid)


SETTLE_S, BACKOFF_S, ATTEMPTS = 10.0, 60.0, 4


class HospitalStory(Story):
    """A node that reconciles itself with a hospital's archive."""

    archive: Hospital

    def __init__(
        self,
        folder: Path,
        hospital: Hospital,
        *,
        fetch: bool = True,
        look_back_days: int = 1,
    ) -> None:
        self.reconcile = ReconcileSettings(
            settle_s=SETTLE_S,
            backoff_s=BACKOFF_S,
            attempts=ATTEMPTS,
            fetch=fetch,
            look_back_days=look_back_days,
        )
        super().__init__(folder, hospital)
        self.archive = hospital

    def start(self) -> None:
        """Start node and reconciliation, for the first time or again."""
        super().start()
        assert isinstance(self.archive, Hospital)
        self.reconciliation = Reconciliation(
            self.reconcile,
            self.archive,
            self.ledger,
            self.spool,
            modalities={"MR"},
            on_stored=self.watcher.stored,
            on_released=self.watcher.released,
            clock=lambda: self.now,
        )

    def looks(self, times: int = 1, every_s: float = BACKOFF_S) -> None:
        """Look at the archive, and again after a while; the watcher looks as well."""
        for _ in range(times):
            self.reconciliation.run()
            self.watcher.tick(self.now)
            self.now += timedelta(seconds=every_s)
