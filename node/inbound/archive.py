"""Asking the archive: what it holds, what it did not deliver, and for the images."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol, Self

from node.errors import BadUidError, UnreadableError
from node.inbound.spool import OwnObjectError

Store = Callable[[bytes], object]
"""Takes the content of one DICOM file (PS3.10), as the spool's ``store_file`` does."""

IsOver = Callable[[], bool]
"""Tells that nobody waits for the answer any more."""

REFUSED_FOR_GOOD = (BadUidError, UnreadableError, OwnObjectError)
"""What ``Store`` raises for an object that can never be kept: it has come, and the
others follow. Any other error ends the fetch."""


class Archive(Protocol):
    """An archive that can be asked, by whatever protocol.

    Every method answers within the configured time or raises ``ArchiveError`` with
    one line that names no patient.
    """

    def series_counts(self, study_instance_uid: str) -> dict[str, int] | None:
        """Return the number of instances by Series Instance UID.

        None means that the archive does not know the study.
        """

    def fetch_study(
        self,
        study_instance_uid: str,
        store: Store,
        series_instance_uids: Collection[str] | None = None,
    ) -> int:
        """Hand every instance of a study, or of some of its series, to ``store``.

        Returns
        -------
        int
            Number of instances that were handed over, also those that ``store``
            refused for good.
        """

    def echo(self) -> None:
        """Return when the archive answers."""


@dataclass(frozen=True, slots=True)
class FoundStudy:
    """A study that came into the archive or changed there, as far as it told.

    Attributes
    ----------
    modalities
        Of its series; None: it did not tell.
    instances
        How many the archive counts; without what the node stored there, when the
        archive knows who stored it. None: it did not tell.
    series
        Number of instances by Series Instance UID. None: it did not tell.
    """

    study_instance_uid: str
    modalities: frozenset[str] | None
    instances: int | None
    series: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search.

    Attributes
    ----------
    position
        Where the next search begins.
    is_last
        Whether there is nothing more to find now.
    """

    studies: tuple[FoundStudy, ...]
    position: str
    is_last: bool = True


@dataclass(frozen=True, slots=True)
class Holding:
    """What the archive holds of one study.

    Without what the node stored there, when the archive knows who stored it.

    Attributes
    ----------
    series
        Number of instances by Series Instance UID.
    modalities
        Of these series.
    is_stable
        Whether the study has been unchanged for the archive's own settling time.
    """

    series: Mapping[str, int]
    modalities: frozenset[str]
    is_stable: bool = True


@dataclass(frozen=True, slots=True)
class Routing:
    """The archive's own jobs that send studies to the node.

    Attributes
    ----------
    under_way
        Studies that are being sent, or wait for it.
    failed
        Identifier of the newest job by study, of those that failed.
    """

    under_way: frozenset[str] = frozenset()
    failed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FoundSeries:
    """A series of an earlier study, as far as the archive tells of it.

    Attributes
    ----------
    study_date
        As it stands there, ``YYYYMMDD``: it sorts.
    number, instances
        None: it did not tell.
    """

    study_instance_uid: str
    series_instance_uid: str
    study_date: str
    modality: str
    description: str = ""
    number: int | None = None
    instances: int | None = None


class SearchableArchive(Archive, Protocol):
    """An archive in which what was not delivered can be found."""

    @property
    def source(self) -> str:
        """Name of the archive and of the way in which it is asked."""

    def search(self, position: str | None, now: datetime, look_back_days: int) -> Found:
        """Return studies that came or changed since ``position``, or some of them.

        No study is asked for by itself: what does not come with it stays unknown.
        Without a position the search begins ``look_back_days`` whole days ago. With
        none to look back it has one page: what is there now, as far as a later search
        would find it again.
        """

    def holding(self, study_instance_uid: str) -> Holding | None:
        """Return what the archive holds of a study; None: it does not know it."""

    def routing(self) -> Routing | None:
        """Return the jobs that send to the node; None where they cannot be seen."""

    def send_again(self, job_id: str) -> None:
        """Have the archive begin a failed job again."""

    def earlier_series(
        self, patient_id: str, before: date, modalities: Collection[str]
    ) -> list[FoundSeries]:
        """Return the series of some modalities of a patient's studies before that day.

        What cannot be understood is left out, and the log says so.
        """

    def within(self, is_over: IsOver) -> Self:
        """Return this archive for questions that somebody waits for.

        Between any two requests, and while an answer comes, it is asked whether the
        time is over: then ``ArchiveError`` is raised.
        """

    def note_fetched(self, study_instance_uid: str, holding: Holding) -> None:
        """Let an archive that keeps account know that the node has this much."""
