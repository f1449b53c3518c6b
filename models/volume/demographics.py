"""Who was scanned, and how old: from the series that was read, else from a sibling.

A person is never put together from two: what the series lacks is filled only from
siblings that can be of the same person, and in which no other such sibling sees
somebody else. Withheld beats guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pydicom import Dataset

from models.volume.headers import quiet, text
from models.volume.person import may_be_one_person, real_date
from models.volume.study import StudyHeaders

DAYS_PER_YEAR = 365.25
YEARS_PER_UNIT = {"Y": 1.0, "M": 1 / 12, "W": 7 / DAYS_PER_YEAR, "D": 1 / DAYS_PER_YEAR}
"""Units of an Age String (DICOM PS3.5 section 6.2), in years."""

PERSON = {
    "patient_name": "PatientName",
    "patient_id": "PatientID",
    "birth_date": "PatientBirthDate",
    "sex": "PatientSex",
    "patient_age": "PatientAge",
}
STUDY = {
    "study_date": "StudyDate",
    "study_time": "StudyTime",
    "accession_number": "AccessionNumber",
}

AGE_SOURCES = {
    "birth_date": "birth date and study date",
    "patient_age": "Patient's Age as a series states it",
}
"""Where an age is from, in words."""

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
    that has it, and a date from the first that states one that exists. A cut-out
    series often carries no birth date, sex or age.

    What is said of the study is taken from any sibling of the same Study Instance
    UID; what is said of the person only from those of the same person.
    """
    own, siblings = _study_of(headers, series_uid)
    person = [own, *_of_one_person(own, siblings)]
    values = _values(person, PERSON) | _values([own, *siblings], STUDY)
    age, source = _age(
        values["birth_date"], values["study_date"], values["patient_age"]
    )
    return Demographics(
        **values,
        issuer_of_patient_id=_issuer(person, values["patient_id"]),
        age_years=age,
        age_source=source,
    )


def _study_of(headers: StudyHeaders, series_uid: str) -> tuple[Dataset, list[Dataset]]:
    """Return one header of the series, and of each other series of its study."""
    firsts = {
        series.series_instance_uid: headers.datasets[
            series.instances[0].sop_instance_uid
        ]
        for series in headers.series
    }
    own = firsts.pop(series_uid)
    study = text(own, "StudyInstanceUID")
    return own, [ds for ds in firsts.values() if text(ds, "StudyInstanceUID") == study]


def _of_one_person(own: Dataset, siblings: Sequence[Dataset]) -> list[Dataset]:
    """Return the siblings that contradict neither the series nor one another.

    Of two that do, nobody knows which one is right where the series says nothing:
    neither counts.
    """
    fitting = [ds for ds in siblings if may_be_one_person(own, ds)]
    return [ds for ds in fitting if all(may_be_one_person(ds, f) for f in fitting)]


def _values(datasets: Sequence[Dataset], keywords: Mapping[str, str]) -> dict[str, str]:
    values = {name: _first(datasets, keyword) for name, keyword in keywords.items()}
    for name in DATES:
        if name in keywords:
            real = _first(datasets, keywords[name], real_date)
            values[name] = real or values[name]
    return values


def _issuer(datasets: Sequence[Dataset], patient_id: str) -> str:
    """Return the issuer of the ID, never one that stands beside another or none."""
    having = [ds for ds in datasets if text(ds, "PatientID").strip() == patient_id]
    return _first(having, "IssuerOfPatientID")


def _first(
    datasets: Sequence[Dataset],
    keyword: str,
    accepted: Callable[[str], object] = bool,
) -> str:
    values = (text(dataset, keyword).strip() for dataset in datasets)
    return next((value for value in values if accepted(value)), "")


def _age(birth_date: str, study_date: str, age: str) -> tuple[float | None, str]:
    born, scanned = real_date(birth_date), real_date(study_date)
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
