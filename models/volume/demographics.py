"""Who was scanned, and how old: from the series that was read, else from a sibling."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from pydicom import Dataset

from models.volume.headers import quiet, text
from models.volume.study import StudyHeaders

DAYS_PER_YEAR = 365.25
YEARS_PER_UNIT = {"Y": 1.0, "M": 1 / 12, "W": 7 / DAYS_PER_YEAR, "D": 1 / DAYS_PER_YEAR}
"""Units of an Age String (DICOM PS3.5 section 6.2), in years."""

ELEMENTS = {
    "patient_name": "PatientName",
    "patient_id": "PatientID",
    "issuer_of_patient_id": "IssuerOfPatientID",
    "birth_date": "PatientBirthDate",
    "sex": "PatientSex",
    "study_date": "StudyDate",
    "study_time": "StudyTime",
    "accession_number": "AccessionNumber",
    "patient_age": "PatientAge",
}

DATES = ("birth_date", "study_date")
"""A sibling's real date comes before the series' own ``00000000``."""


@dataclass(frozen=True, slots=True)
class Demographics:
    """The person and the study; each text as in DICOM, "" when no series says it.

    Attributes
    ----------
    age_years
        Age at the study in years, with fraction; a whole number on a birthday.
    age_source
        ``"birth_date"``, ``"patient_age"``, or "" when the age is unknown.
    """

    patient_name: str = field(default="", repr=False)
    patient_id: str = field(default="", repr=False)
    issuer_of_patient_id: str = field(default="", repr=False)
    birth_date: str = field(default="", repr=False)
    sex: str = ""
    study_date: str = ""
    study_time: str = ""
    accession_number: str = field(default="", repr=False)
    patient_age: str = ""
    age_years: float | None = None
    age_source: str = ""


@quiet()
def demographics(headers: StudyHeaders, series_uid: str) -> Demographics:
    """Return who was scanned, element by element.

    Each element is taken from the series itself, else from the first sibling series
    of the study that has it, and a date from the first that states one that exists.
    A cut-out series often carries no birth date, sex or age.
    """
    datasets = _own_first(headers, series_uid)
    values = {name: _first(datasets, keyword) for name, keyword in ELEMENTS.items()}
    for name in DATES:
        values[name] = _first(datasets, ELEMENTS[name], _date) or values[name]
    age, source = _age(
        values["birth_date"], values["study_date"], values["patient_age"]
    )
    return Demographics(**values, age_years=age, age_source=source)


def _own_first(headers: StudyHeaders, series_uid: str) -> list[Dataset]:
    """Return one header per series, that of ``series_uid`` first."""
    own = sorted(
        headers.series, key=lambda series: series.series_instance_uid != series_uid
    )
    return [headers.datasets[s.instances[0].sop_instance_uid] for s in own]


def _first(
    datasets: Sequence[Dataset],
    keyword: str,
    accepted: Callable[[str], object] = bool,
) -> str:
    values = (text(dataset, keyword).strip() for dataset in datasets)
    return next((value for value in values if accepted(value)), "")


def _age(birth_date: str, study_date: str, age: str) -> tuple[float | None, str]:
    born, scanned = _date(birth_date), _date(study_date)
    if born and scanned and born <= scanned:
        return _years(born, scanned), "birth_date"
    number, unit = age[:-1], age[-1:].upper()
    if number.isdecimal() and unit in YEARS_PER_UNIT:
        return int(number) * YEARS_PER_UNIT[unit], "patient_age"
    return None, ""


def _years(born: date, on: date) -> float:
    """Return completed years and the part of a year since the last birthday."""
    years = on.year - born.year
    years -= on < _birthday(born, on.year)
    since = on - _birthday(born, born.year + years)
    return years + since.days / 366  # below one in any year


def _birthday(born: date, year: int) -> date:
    """Return the birthday in a year; of 29 February, 1 March in a common year."""
    try:
        return born.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _date(value: str) -> date | None:
    try:
        return datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 - a date only
    except ValueError:
        return None
