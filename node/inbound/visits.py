"""Who was scanned in a study and when; which earlier reports are of the same person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from pydicom import Dataset

from models.history import Prior
from models.terms import Grade
from models.volume.headers import quiet, text
from models.volume.person import real_date
from models.volume.study import StudyHeaders, read_study
from node.jobs.known_priors import IMAGES_REJECTED, UNRELIABLE, KnownPriors
from node.person import IDENTITY_CONFLICT, Person
from node.prior_report import PriorReport

NO_PATIENT_ID = "patient_id_missing"
"""Reason code: nobody can tell whose earlier studies to look for."""

NO_STUDY_DATE = "study_date_missing"
"""Reason code: nobody can tell what was earlier."""

STUDY_DATES_DIFFER = "study_dates_differ"
"""Reason code: the series of the study name several days."""


class NoVisitError(ValueError):
    """The headers do not say who was scanned, or when.

    Attributes
    ----------
    reason
        Reason code in snake_case.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Visit:
    """A study as a person's one of several."""

    study_instance_uid: str
    person: Person
    day: date


def visit_of(files: Sequence[Path]) -> Visit:
    """Return the visit that some files are of; asked in the reader's process alone.

    Raises
    ------
    NoVisitError
        The headers lack it, or contradict one another.
    """
    return visit_in(read_study(files, threads=1))


@quiet()  # a library warns of odd values, and quotes them
def visit_in(headers: StudyHeaders) -> Visit:
    """Return the visit that the headers of a study tell of.

    What one series lacks another says: a cut-out series often has no birth date.

    Raises
    ------
    NoVisitError
        The headers lack it, or contradict one another.
    """
    if headers.identity_conflict:
        raise NoVisitError(IDENTITY_CONFLICT)
    datasets = list(headers.datasets.values())
    person = _one_person(datasets)
    stated = (real_date(text(ds, "StudyDate")) for ds in datasets)
    days = {day for day in stated if day is not None}
    if len(days) != 1:
        raise NoVisitError(STUDY_DATES_DIFFER if days else NO_STUDY_DATE)
    return Visit(headers.study_instance_uid, person, days.pop())


def _one_person(datasets: Iterable[Dataset]) -> Person:
    people = [Person.of(dataset) for dataset in datasets]
    numbers = {person.patient_id for person in people} - {""}
    issuers = {person.issuer for person in people} - {""}
    born = {person.birth_date for person in people} - {None}
    sexes = {person.sex for person in people} - {""}
    if not numbers:
        raise NoVisitError(NO_PATIENT_ID)
    if any(len(stated) > 1 for stated in (numbers, issuers, born, sexes)):
        raise NoVisitError(IDENTITY_CONFLICT)
    return Person(
        numbers.pop(),
        issuers.pop() if issuers else "",
        born.pop() if born else None,
        sexes.pop() if sexes else "",
        frozenset(word for person in people for word in person.names),
        any(person.is_anonymous for person in people),
    )


def chosen(
    visit: Visit,
    model: str,
    reports: Iterable[PriorReport],
    objections: Mapping[str, str],
) -> KnownPriors:
    """Return the earlier results of a person among some reports.

    Of each earlier study the last version that still stands; neither this study nor
    a later one, nor one of the same day, between which nothing is known to change.

    Parameters
    ----------
    objections
        SOP Instance UID of a report → reason code why it does not count; among them
        stand the images that were rejected.
    """
    found = [report for report in reports if _may_count(visit, model, report)]
    replaced = {uid for report in found for uid in report.replaces}
    last: dict[str, Prior] = {}
    withheld: list[str] = []
    for report in sorted(found, key=lambda report: report.made_at):
        uid = report.prior.sr_instance_uid
        if uid in replaced:
            continue
        if objection := _objection(visit, report, objections):
            withheld.append(objection)
            continue
        cautions = (*visit.person.cautions(report.person), *report.reservations)
        last[report.prior.study_instance_uid] = replace(report.prior, cautions=cautions)
    priors = sorted(last.values(), key=lambda p: (p.study_date, p.study_instance_uid))
    return KnownPriors(tuple(priors), tuple(dict.fromkeys(withheld)))


def _objection(visit: Visit, report: PriorReport, objections: Mapping[str, str]) -> str:
    """Return the reason code why a report does not count, or ""."""
    if objection := visit.person.objection(report.person):
        return objection
    if report.prior.sr_instance_uid in objections:
        return objections[report.prior.sr_instance_uid]
    if not report.sources.isdisjoint(objections):
        return IMAGES_REJECTED
    return UNRELIABLE if report.grade == Grade.C else ""


def _may_count(visit: Visit, model: str, report: PriorReport) -> bool:
    prior = report.prior
    return (
        report.model == model
        and visit.person.may_have_id_of(report.person)
        and prior.study_instance_uid != visit.study_instance_uid
        and prior.study_date < visit.day
    )
