"""Images of earlier exams, fetched where no report tells of them.

They come into a folder of the job that wants them and never into the spool: nothing
that receives, routes or queues studies sees them. They go when the job has ended.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from models.volume.rule import Acceptance
from node import log
from node.errors import ArchiveError, ParserError
from node.inbound.archive import FoundSeries, IsOver, SearchableArchive
from node.inbound.disk import write_new
from node.inbound.look import Ask, fits
from node.inbound.visits import NoVisitError, Visit, visit_of
from node.jobs.job import EarlierImages
from node.jobs.known_priors import (
    IMAGES_NOT_FETCHED,
    IMAGES_REJECTED,
    IMAGES_TOO_LARGE,
    KnownPriors,
)
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.person import IDENTITY_CONFLICT, IDENTITY_UNPROVEN

FOLDER = "priors"
"""Below the data folder; in it one folder per job, and in that one per series."""

MOST_SERIES = 3
"""Read anew for one study: the earliest, for the longest span, and the two latest."""

MOST_BYTES = 256 << 20
"""Of one series: a head in isotropic millimetres has a tenth of it."""


class NotUsedError(Exception):
    """A series is not read; ``reason`` is a code, "" when it is somebody else's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def suitable(
    found: Iterable[FoundSeries], rule: Acceptance, left_out: Collection[str]
) -> list[FoundSeries]:
    """Return the series to be read anew, one per study, the earliest first.

    Of one study the one that the model would choose, as far as an archive can tell.

    Parameters
    ----------
    left_out
        Studies that were read already: what was taken back stays so.
    """
    best: dict[str, FoundSeries] = {}
    for series in sorted(found, key=_rank):
        if series.study_instance_uid not in left_out and fits(rule, series):
            best.setdefault(series.study_instance_uid, series)
    order = sorted(best.values(), key=lambda s: (s.study_date, s.study_instance_uid))
    return [*order[:1], *order[1:][-(MOST_SERIES - 1) :]]


def _rank(series: FoundSeries) -> tuple[int, bool, int, str]:
    """Sort as `node.predict.choose` does: most slices, then the lowest number."""
    number = series.number
    count = -(series.instances or 0)
    return count, number is None, number or 0, series.series_instance_uid


class PriorImages:
    """Fetches them.

    Parameters
    ----------
    folder
        In which every job gets its own.
    ask
        Has files opened by another process.
    rules
        What each model reads, by its name: the rule in force.
    reserve_bytes
        Free space below which what is sent is refused: twice as much stays free.
    most_bytes
        Of one series.
    """

    def __init__(
        self,
        archive: SearchableArchive,
        folder: Path,
        ask: Ask,
        rules: Mapping[str, Acceptance],
        reserve_bytes: int = 0,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._archive = archive
        self._folder = folder
        self._ask = ask
        self._rules = rules
        self._min_free_bytes = 2 * reserve_bytes
        self._most_bytes = most_bytes

    def fetch(
        self,
        job: JobRow,
        visit: Visit,
        left_out: Collection[str],
        rejected: Collection[str],
        is_over: IsOver,
    ) -> KnownPriors:
        """Return the images that were fetched for a job, and why others were not.

        Parameters
        ----------
        left_out
            Studies that were read already: what was taken back stays so.
        rejected
            Series of which a note takes images back.

        Raises
        ------
        ArchiveError
            The archive cannot say what it holds.
        """
        rule = self._rules.get(job.model)
        if rule is None:
            return KnownPriors()
        patient = visit.person.patient_id
        archive = self._archive.within(is_over)
        found = archive.earlier_series(patient, visit.day, {rule.modality})
        folder = self._folder / str(job.job_id)
        shutil.rmtree(folder, ignore_errors=True)  # of a search that was cut short
        images: list[EarlierImages] = []
        kept = [each for each in found if each.series_instance_uid not in rejected]
        wanted = suitable(kept, rule, left_out)
        withheld = (
            [IMAGES_REJECTED] if wanted != suitable(found, rule, left_out) else []
        )
        for number, series in enumerate(wanted):
            room = self._room(folder / str(number), rule.max_slices)
            beside = self._room(folder / f"{number} beside", 1)
            try:
                _fetch(archive, series, room)
                seen = self._seen(room.files)
                if visit.person.objection(seen.person) == IDENTITY_UNPROVEN:
                    _fetch_one(archive, _sibling(series, found), beside)
                    seen = self._seen([*room.files, *beside.files])
                study = series.study_instance_uid
                cautions = _same_person(visit, seen, study)
                images.append(EarlierImages(study, room.folder, cautions))
            except NotUsedError as error:
                shutil.rmtree(room.folder, ignore_errors=True)
                withheld.append(error.reason)
            shutil.rmtree(beside.folder, ignore_errors=True)
        reasons = tuple(reason for reason in dict.fromkeys(withheld) if reason)
        return KnownPriors(withheld=reasons, images=tuple(images))

    def _room(self, folder: Path, files: int) -> _Room:
        return _Room(folder, files, self._most_bytes, self._min_free_bytes)

    def _seen(self, files: list[Path]) -> Visit:
        """Return whom the headers of some files name.

        Raises
        ------
        NotUsedError
            They lack it, or contradict one another, or cannot be opened.
        """
        try:
            return self._ask(visit_of, files)
        except NoVisitError as error:
            raise NotUsedError(error.reason) from None
        except ParserError:  # which says nothing of what the model could read
            raise NotUsedError(IMAGES_NOT_FETCHED) from None


def _fetch(archive: SearchableArchive, series: FoundSeries, room: _Room) -> None:
    """Fetch one series.

    Raises
    ------
    NotUsedError
        It did not come whole.
    """
    study = series.study_instance_uid
    try:
        room.folder.mkdir(parents=True, mode=0o700)
        archive.fetch_study(study, room.take, [series.series_instance_uid])
    except (ArchiveError, OSError):
        raise NotUsedError(room.reason or IMAGES_NOT_FETCHED) from None
    if not room.files or series.instances not in {None, len(room.files)}:
        raise NotUsedError(IMAGES_NOT_FETCHED)


def _fetch_one(
    archive: SearchableArchive, sibling: FoundSeries | None, room: _Room
) -> None:
    """Fetch one image of a sibling: a cut-out series often has no birth date."""
    if sibling is None:
        return
    study = sibling.study_instance_uid
    with suppress(ArchiveError, OSError):  # the room is full after one
        room.folder.mkdir(parents=True, mode=0o700)
        archive.fetch_study(study, room.take, [sibling.series_instance_uid])


def _sibling(series: FoundSeries, found: Iterable[FoundSeries]) -> FoundSeries | None:
    """Return the smallest other series of the same study."""
    others = [
        each
        for each in found
        if each.study_instance_uid == series.study_instance_uid
        and each.series_instance_uid != series.series_instance_uid
    ]
    return max(others, key=_rank, default=None)


def _same_person(visit: Visit, seen: Visit, study: str) -> tuple[str, ...]:
    """Return what speaks against a match by the images' own headers.

    Raises
    ------
    NotUsedError
        They are of another person, of another exam, or not earlier.
    """
    if not visit.person.may_have_id_of(seen.person):
        raise NotUsedError("")
    if seen.study_instance_uid != study or seen.day >= visit.day:
        raise NotUsedError(IDENTITY_CONFLICT)
    if objection := visit.person.objection(seen.person):
        raise NotUsedError(objection)
    return visit.person.cautions(seen.person)


@dataclass(slots=True)
class _Room:
    """The folder of one series, and how much of it may still come.

    Attributes
    ----------
    reason
        Why nothing more was taken.
    """

    folder: Path
    most_files: int
    left_bytes: int
    min_free_bytes: int
    files: list[Path] = field(default_factory=list)
    reason: str = ""

    def take(self, content: bytes) -> None:
        """Write one image.

        Raises
        ------
        ArchiveError
            There is too much of it, or the disk has no room.
        """
        self.left_bytes -= len(content)
        if self.left_bytes < 0 or len(self.files) >= self.most_files:
            self.reason = IMAGES_TOO_LARGE
        elif shutil.disk_usage(self.folder).free < self.min_free_bytes + len(content):
            self.reason = IMAGES_NOT_FETCHED
        if self.reason:
            raise ArchiveError(self.reason)
        file = self.folder / f"{len(self.files)}.dcm"
        try:
            write_new(file, (content,), force=False)
        except OSError:
            self.reason = IMAGES_NOT_FETCHED
            raise ArchiveError(self.reason) from None
        self.files.append(file)


def sweep(folder: Path, ledger: Ledger) -> int:
    """Remove the images of jobs that have ended; return of how many."""
    with suppress(FileNotFoundError):
        there = list(folder.iterdir())
        wanted = {str(job) for job in ledger.priors.unfinished()} if there else set()
        over = [each for each in there if each.name not in wanted]
        for each in over:
            shutil.rmtree(each, ignore_errors=True)
        if over:
            log.get("priors").info("prior_images_removed", jobs=len(over))
        return len(over)
    return 0
