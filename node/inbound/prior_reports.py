"""Reports of earlier exams, and what was taken back of them, asked of the archive.

A study counts as a whole or not at all: the one document that did not come may be the
note that takes the others back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from node import log
from node.errors import ArchiveError, ArchiveSilentError, ParserError
from node.inbound.archive import FoundSeries, IsOver, SearchableArchive
from node.inbound.look import Ask
from node.inbound.visits import Visit
from node.prior_content import NoReportError
from node.prior_report import PriorReport, read_document, rejected_in, report_in

NOTES = frozenset({"KO"})
DOCUMENTS = NOTES | {"SR"}
"""Modalities of what takes something back, and with it of what is said."""

ARCHIVED = "report in the archive"
"""Where such a prior was found (`models.history.Prior.source`)."""


MOST_STUDIES = 32
"""Of one patient of which documents are fetched: every CT may have one, on its dose."""


@dataclass(slots=True)
class Archived:
    """What an archive has of earlier exams beside their images.

    Attributes
    ----------
    ask
        Has a document opened by another process.
    reports
        Ours, of whomever their headers name.
    rejected
        Objects that a note takes back.
    unknown
        Studies of which not every document came, or too many others were asked for:
        nobody knows what was said of them.
    """

    ask: Ask
    reports: list[PriorReport] = field(default_factory=list)
    rejected: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def take(self, content: bytes) -> None:
        """Read one document; what is none of ours says nothing.

        Raises
        ------
        ArchiveError
            It cannot be opened: nobody knows what it says.
        """
        try:
            report, rejected = self.ask(read_report, content, ARCHIVED)
        except (ParserError, NoReportError) as error:
            raise ArchiveError(f"a document was not understood: {error}") from None
        self.reports += [report] if report else []
        self.rejected |= rejected

    def add(self, said: Archived) -> None:
        """Take what the documents of one study say."""
        self.reports += said.reports
        self.rejected |= said.rejected


def read_report(
    content: bytes, source: str
) -> tuple[PriorReport | None, frozenset[str]]:
    """Return the report in a file, if it is one of ours, and what it takes back.

    Raises
    ------
    NoReportError
        It has our mark, or is a rejection note, and nobody can say what it says: it may
        replace or reject another.
    """
    try:
        document = read_document(content)
    except NoReportError:
        return None, frozenset()
    return report_in(document, source), rejected_in(document)


def fetch_reports(
    archive: SearchableArchive,
    visit: Visit,
    is_over: IsOver,
    ask: Ask,
    modalities: Collection[str] = DOCUMENTS,
) -> Archived:
    """Return what an archive has of the earlier exams of a visit's person.

    Raises
    ------
    ArchiveError
        The archive cannot say what it holds.
    """
    patient = visit.person.patient_id
    studies: dict[str, list[FoundSeries]] = {}
    for series in archive.earlier_series(patient, visit.day, modalities):
        studies.setdefault(series.study_instance_uid, []).append(series)
    archived = Archived(ask, unknown=set(studies))
    in_order = sorted(studies, key=lambda study: studies[study][0].study_date)
    for study in _both_ends(in_order):
        try:
            archived.add(_documents(archive, study, studies[study], ask))
            archived.unknown.discard(study)
        except ArchiveError as error:
            log.get("priors").warning("reports_not_fetched", reason=str(error))
            if isinstance(error, ArchiveSilentError) or is_over():
                break
    return archived


def _both_ends(in_order: Sequence[str]) -> Sequence[str]:
    """Return the first and the last of very many, everything of a few."""
    if len(in_order) <= MOST_STUDIES:
        return in_order
    half = MOST_STUDIES // 2
    return [*in_order[:half], *in_order[-half:]]


def _documents(
    archive: SearchableArchive, study: str, found: Collection[FoundSeries], ask: Ask
) -> Archived:
    """Return what every document of one study says."""
    said = Archived(ask)
    series = [each.series_instance_uid for each in found]
    number = archive.fetch_study(study, said.take, series)
    if number < sum(each.instances or 1 for each in found):
        raise ArchiveError("documents of a study did not come")
    return said
