"""Looking for earlier results of one person: our own, else those in the archive."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from node import log
from node.errors import ArchiveError
from node.inbound.archive import SearchableArchive
from node.inbound.archive_queries import is_exact
from node.inbound.prior_images import PriorImages
from node.inbound.visits import PARSING, NoVisitError, Visit, chosen, visit_of
from node.jobs.known_priors import NOT_SOUGHT, KnownPriors
from node.jobs.ledger import Ledger
from node.jobs.ledger_jobs import JobRow
from node.jobs.ledger_priors import EarlierReport
from node.prior_report import (
    NoReportError,
    PriorReport,
    read_document,
    rejected_in,
    report_in,
)

OWN = "own results"
ARCHIVED = "report in the archive"
"""Where a prior was found (`models.history.Prior.source`)."""

UNAVAILABLE = "archive_unavailable"
"""Reason code: the archive could not be asked, or did not answer in time."""

SILENCE = timedelta(seconds=30)
"""How long an archive that failed is not asked again: each study would wait for it."""

PROTOCOL = "protocol."
"""Prefix under which the ledger keeps how the images of a result were taken."""


class PriorSearch:
    """Searches; every method may be called from several threads.

    Parameters
    ----------
    archive
        None: it is not asked.
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
        timeout_s: float,
        is_stopping: Callable[[], bool] = lambda: False,
        images: PriorImages | None = None,
    ) -> None:
        self._ledger = ledger
        self._archive = archive
        self._timeout_s = timeout_s
        self._is_stopping = is_stopping
        self._images = images
        self._silent_until: datetime | None = None
        self._visits: dict[tuple[int, datetime], Visit] = {}  # of those that wait

    def search(self, job: JobRow, now: datetime) -> KnownPriors | None:
        """Return what is known of the person of a job's study.

        None means that an earlier study of theirs is being read: look again.
        """
        queued = job.job_id, job.queued_at
        try:
            visit = self._visits.pop(queued, None) or self._visit(job)
        except NoVisitError as error:
            return KnownPriors(withheld=(error.reason,))
        patient = visit.person.patient_id
        if self._ledger.priors.being_read(patient, job.model, visit.day):
            self._visits[queued] = visit
            return None
        return self._known(visit, job, now)

    def _known(self, visit: Visit, job: JobRow, now: datetime) -> KnownPriors:
        own, ours = self._own(visit, job.model)
        if own.priors or self._archive is None:
            return own
        told = self._archived(self._archive, visit, job, ours, now)
        withheld = dict.fromkeys((*own.withheld, *told.withheld))
        return KnownPriors(told.priors, tuple(withheld), told.images)

    def _visit(self, job: JobRow) -> Visit:
        """Return who was scanned and when, and note it in the ledger, hashed."""
        records = self._ledger.priors
        visit = visit_of(records.files(job.study_instance_uid))
        patient = visit.person.patient_id
        records.note_person(job.study_instance_uid, patient, visit.day)
        return visit

    def _own(self, visit: Visit, model: str) -> tuple[KnownPriors, set[str]]:
        """Look into the reports that this ledger knows and the disk still has.

        Beside what counts among them stand the studies of all.
        """
        records = self._ledger.priors
        earlier = records.reports(visit.person.patient_id, model, visit.day)
        reports = [report for each in earlier for report in self._on_disk(each)]
        rejected = records.taken_back(each.sr_instance_uid for each in earlier)
        studies = {report.study_instance_uid for report in earlier}
        return chosen(visit, model, reports, rejected), studies

    def _on_disk(self, earlier: EarlierReport) -> list[PriorReport]:
        """Read one report; none when its file is gone or is not what was written."""
        try:
            content = earlier.path.read_bytes()
        except OSError:
            return []
        if hashlib.sha256(content).hexdigest() != earlier.sha256:
            return []
        protocol = _protocol(json.loads(earlier.made_with))
        return [each.with_protocol(protocol) for each in self._read(content, OWN)[0]]

    def _archived(
        self,
        archive: SearchableArchive,
        visit: Visit,
        job: JobRow,
        ours: set[str],
        now: datetime,
    ) -> KnownPriors:
        """Ask the archive for reports, and for images where there is none."""
        if not is_exact(visit.person.patient_id):
            return KnownPriors(withheld=(NOT_SOUGHT,))
        if self._silent_until is not None and now < self._silent_until:
            return KnownPriors(withheld=(UNAVAILABLE,))
        deadline = time.monotonic() + self._timeout_s

        def is_over() -> bool:
            return self._is_stopping() or time.monotonic() > deadline

        try:
            told, reported = self._reported(archive, visit, job.model, is_over)
            if not told.priors and self._images is not None:
                read = {visit.study_instance_uid, *ours, *reported}
                fetched = self._images.fetch(job, visit, read, is_over)
                reasons = dict.fromkeys((*told.withheld, *fetched.withheld))
                told = KnownPriors((), tuple(reasons), fetched.images)
        except ArchiveError as error:
            self._silent_until = now + SILENCE
            log.get("priors").warning("archive_not_asked", reason=str(error))
            return KnownPriors(withheld=(UNAVAILABLE,))
        self._silent_until = None
        return told

    def _reported(
        self,
        archive: SearchableArchive,
        visit: Visit,
        model: str,
        is_over: Callable[[], bool],
    ) -> tuple[KnownPriors, set[str]]:
        """Return the reports that count, and the studies of all that there are."""
        reports: list[PriorReport] = []
        rejected: set[str] = set()

        def take(content: bytes) -> None:
            if is_over():
                raise ArchiveError("the reports took too long to come")
            found, taken_back = self._read(content, ARCHIVED)
            reports.extend(found)
            rejected.update(taken_back)

        archive.fetch_reports(visit.person.patient_id, visit.day, take)
        uids = [report.prior.sr_instance_uid for report in reports]
        rejected |= self._ledger.priors.taken_back(uids)
        studies = {r.prior.study_instance_uid for r in reports if r.model == model}
        return chosen(visit, model, reports, rejected), studies

    def _read(
        self, content: bytes, source: str
    ) -> tuple[list[PriorReport], frozenset[str]]:
        """Return the report in a file, if it is one of ours, and what it takes back."""
        with PARSING, suppress(NoReportError):
            document = read_document(content)
            report = report_in(document, source)
            return [report] if report else [], rejected_in(document)
        return [], frozenset()


def _protocol(made_with: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(PROTOCOL): value
        for name, value in made_with.items()
        if name.startswith(PROTOCOL)
    }
