"""Looking for earlier results of one person: our own, else those in the archive."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from models.volume.rule import Acceptance
from node import log
from node.errors import ArchiveError, ArchiveSilentError, ParserError, ParserStartError
from node.inbound.archive import IsOver, SearchableArchive
from node.inbound.archive_queries import is_exact
from node.inbound.look import Ask, Look, look_at
from node.inbound.prior_images import PriorImages
from node.inbound.prior_reports import NOTES, Archived, fetch_reports, read_report
from node.inbound.visits import Visit, chosen
from node.jobs.known_priors import (
    IMAGES_NOT_FETCHED,
    NOT_ASKED,
    NOT_SOUGHT,
    REJECTIONS_UNKNOWN,
    REPORT_UNREADABLE,
    REPORTS_NOT_FETCHED,
    RETRACTED,
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
        """Return what a complete study is, and note in the ledger whose, hashed.

        Raises
        ------
        ParserStartError
            Nothing can be looked at now.
        """
        records = self._ledger.priors
        series = records.series(study_instance_uid)
        try:
            look = self._ask(look_at, series, self._rules)
        except ParserStartError:
            raise  # which says nothing of the study
        except Exception as error:  # noqa: BLE001 - the study is read all the same
            if not self._is_stopping():
                is_ours = isinstance(error, ParserError)  # another's may name a person
                reason = str(error) if is_ours else type(error).__name__
                log.get("priors").warning("study_not_looked_at", reason=reason)
            return Look(None, NOT_SOUGHT, frozenset(self._rules))
        if visit := look.visit:
            patient = visit.person.patient_id
            records.note_person(study_instance_uid, patient, visit.day)
        return look

    def search(
        self, job: JobRow, look: Look, now: datetime, *, is_last: bool = False
    ) -> KnownPriors | None:
        """Return what is known of the person of a job's study.

        Of one that the model does not read that is nothing: nobody is asked. None
        means that an earlier study of theirs is being read: search again, unless
        ``is_last``.
        """
        visit = look.visit
        if job.model not in look.models:
            return KnownPriors()
        if visit is None:
            return KnownPriors(withheld=(look.reason,))
        is_early = self._is_early(visit, job)
        if is_early and not is_last:
            return None
        deadline = time.monotonic() + self._timeout_s

        def is_over() -> bool:
            return self._is_stopping() or time.monotonic() > deadline

        known = self._known(Sought(visit, job, now, is_over))
        person = person_hash(visit.person, self._ledger.site_salt)
        late = (NOT_SOUGHT,) if is_early else ()
        reasons = tuple(dict.fromkeys((*known.withheld, *late)))
        return replace(known, withheld=reasons, person=person)

    def _is_early(self, visit: Visit, job: JobRow) -> bool:
        """Tell whether another study is to be read before that may be of them.

        Who could not be proven to be even themselves can have none.
        """
        person = visit.person
        return not person.objection(person) and self._ledger.priors.being_read(
            person.patient_id, job.model, visit.day
        )

    def _known(self, sought: Sought) -> KnownPriors:
        patient, day = sought.visit.person.patient_id, sought.visit.day
        earlier = self._ledger.priors.reports(patient, sought.job.model, day)
        own = self._own(sought, earlier)
        if own.priors or self._archive is None:
            return own
        ours = {report.study_instance_uid for report in earlier}
        told = self._archived(sought, ours)
        withheld = dict.fromkeys((*own.withheld, *told.withheld))
        if ours <= {prior.study_instance_uid for prior in told.priors}:
            withheld.pop(REPORT_UNREADABLE, None)  # the archive has what we lost
        return KnownPriors(told.priors, tuple(withheld), told.images)

    def _own(self, sought: Sought, earlier: Sequence[EarlierReport]) -> KnownPriors:
        """Look into the reports that this ledger knows and the disk still has."""
        objections, is_asked = self._objections(sought, earlier)
        reports = [self._on_disk(each) for each in earlier]
        read = [report for report in reports if report is not None]
        told = chosen(sought.visit, sought.job.model, read, objections)
        unread = [REPORT_UNREADABLE] if None in reports else []
        unasked = [REJECTIONS_UNKNOWN] if told.priors and not is_asked else []
        return replace(told, withheld=(*told.withheld, *unread, *unasked))

    def _objections(
        self, sought: Sought, earlier: Sequence[EarlierReport]
    ) -> tuple[dict[str, str], bool]:
        """Return what speaks against our own reports, here and in the archive.

        Beside it stands whether the archive could be asked, where it is to be.
        """
        known = self._ledger.priors.objections(e.sr_instance_uid for e in earlier)
        if not earlier or self._archive is None:
            return known, True
        try:
            notes = self._in_time(sought, self._notes)
        except NotAskedError:
            return known, False
        unknown = {
            each.sr_instance_uid: REPORTS_NOT_FETCHED
            for each in earlier
            if each.study_instance_uid in notes.unknown
        }
        return unknown | dict.fromkeys(notes.rejected, RETRACTED) | known, True

    def _on_disk(self, earlier: EarlierReport) -> PriorReport | None:
        """Read one report; None when its file is gone or is not what was written."""
        try:
            content = earlier.path.read_bytes()
            if hashlib.sha256(content).hexdigest() != earlier.sha256:
                raise NoReportError("it is not what was written")
            report, _ = self._ask(read_report, content, OWN)
        except (OSError, ParserError, NoReportError) as error:  # costs no other
            reason = type(error).__name__ if isinstance(error, OSError) else str(error)
            log.get("priors").warning("own_report_not_read", reason=reason)
            return None
        protocol = _protocol(json.loads(earlier.made_with))
        return report.with_protocol(protocol) if report else None

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
            raise NotAskedError(NOT_ASKED)
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

    def _notes(self, archive: SearchableArchive, sought: Sought) -> Archived:
        return fetch_reports(archive, sought.visit, sought.is_over, self._ask, NOTES)

    def _asked(
        self, archive: SearchableArchive, sought: Sought, *, ours: set[str]
    ) -> KnownPriors:
        """Return the reports that count, else the images of studies without any."""
        visit, job, is_over = sought.visit, sought.job, sought.is_over
        archived = fetch_reports(archive, visit, is_over, self._ask)
        reports = archived.reports
        uids = [report.prior.sr_instance_uid for report in reports]
        rejected = dict.fromkeys(archived.rejected, RETRACTED)
        objections = rejected | self._ledger.priors.objections(uids)
        told = chosen(visit, job.model, reports, objections)
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
