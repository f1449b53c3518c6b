"""Whom a series shows, as far as headers and the site prove it."""

from __future__ import annotations

from dataclasses import replace

from models.contract import SeriesInfo
from models.history import LEFT, RIGHT, Patient
from models.terms import Code
from models.volume.demographics import AGE_SOURCES, demographics
from models.volume.headers import quiet
from models.volume.person import real_date
from models.volume.series import StudyHeaders
from node.jobs.job import JobRequest
from node.jobs.known_priors import PERSON_CHANGED, is_named
from node.person import Person
from node.protocol import protocol_of

SIDES: dict[str, Code] = {"left": LEFT, "right": RIGHT}


def with_own_priors(request: JobRequest, study: StudyHeaders) -> JobRequest:
    """Return the request without earlier results that were sought for another person.

    Between the search and this attempt the study may have been corrected: what its
    headers say now decides.
    """
    if not request.priors_of or _is_named(request, study):
        return request
    return replace(
        request, priors=(), priors_withheld=(PERSON_CHANGED,), earlier=(), priors_of=""
    )


@quiet()
def _is_named(request: JobRequest, study: StudyHeaders) -> bool:
    people = map(Person.of, study.datasets.values())
    return is_named(request.priors_of, people, request.site_salt)


def patient_of(request: JobRequest, study: StudyHeaders, series: SeriesInfo) -> Patient:
    """Return the person that a series shows, for the model.

    Age and sex are those of the series, else of a sibling that is of the same person.
    A side is only ever declared: the geometry of a crop proves none.
    """
    person = demographics(study, series.series_instance_uid)
    side = SIDES.get(request.declared.laterality)
    return Patient(
        age_years=person.age_years,
        age_source=AGE_SOURCES.get(person.age_source, ""),
        sex=person.sex if person.sex in {"F", "M"} else None,
        study_date=real_date(person.study_date),
        protocol=_protocol(study, series),
        laterality=side,
        laterality_source="declared" if side else "",
        priors=request.priors,
        priors_withheld=request.priors_withheld,
        calibration=request.declared.calibration,
    )


@quiet()
def _protocol(study: StudyHeaders, series: SeriesInfo) -> dict[str, str]:
    """Return what has to be equal for volumes of two visits to be compared."""
    header = study.header(series.instances[0])
    return protocol_of(header, series.spacing_mm)
