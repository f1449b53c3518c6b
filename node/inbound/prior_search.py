"""Looking for earlier results of one person: our own, else those in the archive."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from models.volume.bundle import Acceptance
from node import log
from node.errors import ArchiveError, ArchiveSilentError, ReaderError
from node.inbound.archive import IsOver, SearchableArchive
from node.inbound.archive_queries import is_exact
from node.inbound.look import Ask, Look, look_at
from node.inbound.prior_images import PriorImages
from node.inbound.prior_reports import NOTES, fetch_reports, read_report
from node.inbound.visits import Visit, chosen
from node.jobs.known_priors import (
    IMAGES_NOT_FETCHED,
    NOT_SOUGHT,
    REPORTS_NOT_FETCHED,
    UNAVAILABLE,
    KnownPriors,
    person_hash,
)
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_priors import EarlierReport
from node.prior_content import NoReportError
from node.prior_report import PriorReport

OWN = "own results"
"""Where a prior was found (`models.history.Prior.source`)."""

SILENCE = timedelta(seconds=30)
"""How long an archive that failed is not asked again: each study would wait for it."""

PROTOCOL = "protocol."
"""Prefix under which the ledger keeps how the images of a result were taken."""


Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Sought:
    """What one search is about.

    Attributes
    ----------
    now
        When it began.
    is_over
        Whether its time is.
    """

    visit: Visit
    job: JobRow
    now: datetime
    is_over: IsOver


class NotAskedError(Exception):
    """The archive was not asked, or did not answer; ``reason`` is a code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PriorSearch:
    """Searches; every method may be called from several threads.

    Parameters
    ----------
    archive
        None: it is not asked.
    ask
        Has files opened by another process.
    rules
        What each model reads, by its name: the rule in force.
    timeout_s
        Time after which no further report or image is taken from the archive.
    images
        Fetches images where no report is found; None: reports alone count.
    is_stopping
        Tells that nobody waits for the answer any more.
    """

    def __init__(
        self,
        ledger: Ledger,
        archive: SearchableArchive | None,
        *,
        ask: Ask,
        rules: Mapping[str, Acceptance],
        timeout_s: float,
        is_stopping: Callable[[], bool] = lambda: False,
        images: PriorImages | None = None,
    ) -> None:
        self._ledger = ledger
        self._archive = archive
        self._ask = ask
        self._rules = rules
        self._timeout_s = timeout_s
        self._is_stopping = is_stopping
        self._images = images
        self._silent_until: datetime | None = None

    def look(self, study_instance_uid: str) -> Look:
        """Return what a complete study is, and note in the ledger whose, hashed."""
        records = self._ledger.priors
        series = records.series(study_instance_uid)
        try:
            look = self._ask(look_at, series, self._rules)
        except Exception as error:  # noqa: BLE001 - the study is read all the same
            if not self._is_stopping():
                is_ours = isinstance(error, ReaderError)  # another's may name a person
                reason = str(error) if is_ours else type(error).__name__
                log.get("priors").warning("study_not_looked_at", reason=reason)
            return Look(None, NOT_SOUGHT, frozenset(self._rules))
        if visit := look.visit:
            patient = visit.person.patient_id
            records.note_person(study_instance_uid, patient, visit.day)
        return look

    def search(self, job: JobRow, look: Look, now: datetime) -> KnownPriors | None:
        """Return what is known of the person of a job's study.

        Of one that the model does not read that is nothing: nobody is asked. None
        means that an earlier study of theirs is being read: search again.
        """
        visit = look.visit
        if job.model not in look.models:
            return KnownPriors()
        if visit is None:
            return KnownPriors(withheld=(look.reason,))
        patient = visit.person.patient_id
        if self._ledger.priors.being_read(patient, job.model, visit.day):
            return None
        deadline = time.monotonic() + self._timeout_s

        def is_over() -> bool:
            return self._is_stopping() or time.monotonic() > deadline

        known = self._known(Sought(visit, job, now, is_over))
        return replace(
            known, person=person_hash([visit.person], self._ledger.site_salt)
        )

    def _known(self, sought: Sought) -> KnownPriors:
        own, ours = self._own(sought, self._taken_back(sought))
        if own.priors or self._archive is None:
            return own
        told = self._archived(sought, ours)
        withheld = dict.fromkeys((*own.withheld, *told.withheld))
        return KnownPriors(told.priors, tuple(withheld), told.images)

    def _own(
        self, sought: Sought, rejected: Collection[str]
    ) -> tuple[KnownPriors, set[str]]:
        """Look into the reports that this ledger knows and the disk still has.

        Beside what counts among them stand the studies of all.
        """
        earlier = self._earlier(sought)
        reports = [report for each in earlier for report in self._on_disk(each)]
        uids = (each.sr_instance_uid for each in earlier)
        taken_back = self._ledger.priors.taken_back(uids) | set(rejected)
        studies = {report.study_instance_uid for report in earlier}
        told = chosen(sought.visit, sought.job.model, reports, taken_back)
        return told, studies

    def _earlier(self, sought: Sought) -> list[EarlierReport]:
        patient, day = sought.visit.person.patient_id, sought.visit.day
        return self._ledger.priors.reports(patient, sought.job.model, day)

    def _taken_back(self, sought: Sought) -> set[str]:
        """Return what notes in the archive reject of exams that were read here.

        Nothing, when it cannot be asked: then our own word stands.
        """
        if self._earlier(sought):
            with suppress(NotAskedError):
                return self._in_time(sought, self._rejected)
        return set()

    def _on_disk(self, earlier: EarlierReport) -> list[PriorReport]:
        """Read one report; none when its file is gone or is not what was written."""
        try:
            content = earlier.path.read_bytes()
        except OSError:
            return []
        if hashlib.sha256(content).hexdigest() != earlier.sha256:
            return []
        try:
            report, _ = self._ask(read_report, content, OWN)
        except (ReaderError, NoReportError) as error:  # one report costs no other
            log.get("priors").warning("own_report_not_read", reason=str(error))
            return []
        protocol = _protocol(json.loads(earlier.made_with))
        return [report.with_protocol(protocol)] if report else []

    def _archived(self, sought: Sought, ours: set[str]) -> KnownPriors:
        """Ask the archive for reports, and for images where there is none."""
        try:
            return self._in_time(sought, partial(self._asked, ours=ours))
        except NotAskedError as error:
            return KnownPriors(withheld=(error.reason,))

    def _in_time(
        self, sought: Sought, question: Callable[[SearchableArchive, Sought], Answer]
    ) -> Answer:
        """Return what the archive answers in the time that there is.

        Raises
        ------
        NotAskedError
            It cannot be asked for this person, or now.
        """
        if self._archive is None or not is_exact(sought.visit.person.patient_id):
            raise NotAskedError(NOT_SOUGHT)
        if self._silent_until is not None and sought.now < self._silent_until:
            raise NotAskedError(UNAVAILABLE)
        try:
            answer = question(self._archive.within(sought.is_over), sought)
        except ArchiveError as error:
            if isinstance(error, ArchiveSilentError):
                self._silent_until = sought.now + SILENCE
            log.get("priors").warning("archive_not_asked", reason=str(error))
            reason = NOT_SOUGHT if sought.is_over() else UNAVAILABLE
            raise NotAskedError(reason) from None
        self._silent_until = None
        return answer

    def _rejected(self, archive: SearchableArchive, sought: Sought) -> set[str]:
        visit, is_over = sought.visit, sought.is_over
        return fetch_reports(archive, visit, is_over, self._ask, NOTES).rejected

    def _asked(
        self, archive: SearchableArchive, sought: Sought, *, ours: set[str]
    ) -> KnownPriors:
        """Return the reports that count, else the images of studies without any."""
        visit, job, is_over = sought.visit, sought.job, sought.is_over
        archived = fetch_reports(archive, visit, is_over, self._ask)
        reports = archived.reports
        uids = [report.prior.sr_instance_uid for report in reports]
        known = self._ledger.priors
        rejected = archived.rejected | known.taken_back(uids) | known.replaced(uids)
        told = chosen(visit, job.model, reports, rejected)
        if archived.unknown:
            told = replace(told, withheld=(*told.withheld, REPORTS_NOT_FETCHED))
        if told.priors or self._images is None:
            return told
        read = {r.prior.study_instance_uid for r in reports if r.model == job.model}
        left_out = {visit.study_instance_uid, *ours, *read, *archived.unknown}
        try:
            fetched = self._images.fetch(job, visit, left_out, rejected, is_over)
        except ArchiveError:
            fetched = KnownPriors(withheld=(IMAGES_NOT_FETCHED,))
        reasons = dict.fromkeys((*told.withheld, *fetched.withheld))
        return KnownPriors((), tuple(reasons), fetched.images)


def _protocol(made_with: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(PROTOCOL): value
        for name, value in made_with.items()
        if name.startswith(PROTOCOL)
    }
