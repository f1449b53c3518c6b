"""Who was scanned, and how old, from whichever series says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.volume.demographics import Demographics, demographics
from models.volume.study import read_study
from tests.dicom_series import uid, write_series

PLANES = np.zeros((2, 4, 4), dtype=np.int16)
NOTHING: dict[str, Any] = {
    "PatientName": "",
    "PatientID": "",
    "PatientBirthDate": None,
    "PatientSex": None,
}


def describe(
    folder: Path, own: dict[str, Any], sibling: dict[str, Any] | None = None
) -> Demographics:
    """Return the demographics of the series "own", with or without a sibling."""
    study, series = uid("study"), uid("own")
    paths = write_series(
        folder / "own", PLANES, study_uid=study, series_uid=series, **own
    )
    if sibling is not None:
        paths += write_series(
            folder / "sibling", PLANES, study_uid=study, description="T1", **sibling
        )
    return demographics(read_study(paths), series)


def test_a_series_speaks_for_itself(tmp_path: Path) -> None:
    """Its own values come first."""
    person = describe(tmp_path, {}, {"PatientSex": "M", "StudyDate": "20210101"})

    assert person.patient_name == "Phantom^Test"
    assert person.patient_id == "TEST-1"
    assert person.birth_date == "19500102"
    assert person.sex == "F"
    assert person.study_date == "20200103"


def test_a_sibling_fills_what_is_missing(tmp_path: Path) -> None:
    """A cut-out series has lost birth date, sex and age; the others have them."""
    person = describe(tmp_path, NOTHING, {"PatientSex": "M", "PatientID": "TEST-9"})

    assert person.sex == "M"
    assert person.patient_id == "TEST-9"
    assert person.birth_date == "19500102"
    assert person.age_source == "birth_date"


def test_what_nobody_says_is_empty(tmp_path: Path) -> None:
    """Unknown is not guessed."""
    person = describe(tmp_path, NOTHING)

    assert (person.patient_name, person.sex, person.birth_date) == ("", "", "")
    assert (person.age_years, person.age_source) == (None, "")


def test_age_is_counted_from_birth(tmp_path: Path) -> None:
    """Study date less birth date, before any age that is written."""
    person = describe(tmp_path, {"PatientAge": "050Y"})

    assert person.age_years == pytest.approx(70.0, abs=0.01)
    assert person.age_source == "birth_date"


@pytest.mark.parametrize(
    ("born", "scanned", "years"),
    [
        ("19500103", "20200103", 70.0),
        ("19500104", "20200103", 69 + 364 / 366),
        ("20160229", "20190228", 2 + 364 / 366),
        ("20160229", "20190301", 3.0),
        ("20160229", "20200229", 4.0),
        ("20200103", "20200103", 0.0),
        ("20190703", "20200103", 184 / 366),
    ],
)
def test_an_age_is_whole_on_a_birthday(
    tmp_path: Path, born: str, scanned: str, years: float
) -> None:
    """Cut to whole years it is the age that people tell, on every day."""
    person = describe(tmp_path, {"PatientBirthDate": born, "StudyDate": scanned})

    assert person.age_years == pytest.approx(years, abs=1e-9)


@pytest.mark.filterwarnings("ignore:Invalid value")  # writing nonsense on purpose
def test_a_real_date_of_a_sibling_comes_before_one_that_is_none(
    tmp_path: Path,
) -> None:
    """``00000000`` stands in many a header."""
    none = {"PatientBirthDate": "00000000"}

    assert describe(tmp_path, none, {}).birth_date == "19500102"


@pytest.mark.parametrize(
    ("written", "years"),
    [("072Y", 72.0), ("018M", 1.5), ("026W", 0.498), ("073D", 0.2)],
)
def test_age_is_read_where_no_birth_date_is(
    tmp_path: Path, written: str, years: float
) -> None:
    """From any series of the study, in any unit of an age string."""
    sibling = NOTHING | {"PatientAge": written}

    person = describe(tmp_path, NOTHING, sibling)

    assert person.age_years == pytest.approx(years, abs=0.001)
    assert person.age_source == "patient_age"


@pytest.mark.filterwarnings("ignore:Invalid value")  # writing nonsense on purpose
@pytest.mark.parametrize("birth_date", ["19501340", "20300101", "1950"])
def test_a_birth_date_that_cannot_be_gives_no_age(
    tmp_path: Path, birth_date: str
) -> None:
    """Neither nonsense nor the future."""
    person = describe(tmp_path, {"PatientBirthDate": birth_date})

    assert person.age_years is None


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 144", "Иванов^Иван"),
        ("ISO_IR 192", "王^小东=王^小東"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
    ],
)
def test_names_are_read_in_their_character_set(
    tmp_path: Path, charset: str, name: str
) -> None:
    """Cyrillic and Chinese names arrive as they were written."""
    person = describe(tmp_path, {"SpecificCharacterSet": charset, "PatientName": name})

    assert person.patient_name == name


def test_a_person_is_not_printed(tmp_path: Path) -> None:
    """What can be logged by accident holds no identifier."""
    shown = repr(describe(tmp_path, {}))

    for identifier in ("Phantom", "TEST-1", "19500102", "A1"):
        assert identifier not in shown


@pytest.mark.data
@pytest.mark.parametrize(("study", "years"), [("Study1", 72), ("Study3", 41)])
def test_the_crop_of_a_real_study_learns_from_its_siblings(
    shared_data: Path, study: str, years: int
) -> None:
    """It has no sex and no age; the series beside it have both."""
    headers = read_study(sorted((shared_data / "mr_studies" / study).rglob("*.dcm")))
    (crop,) = (s for s in headers.series if s.series_description == "HippoCrop")

    person = demographics(headers, crop.series_instance_uid)

    assert (person.sex, person.age_years) == ("M", years)
    assert person.age_source == "patient_age"
