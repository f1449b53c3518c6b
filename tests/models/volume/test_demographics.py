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
    folder: Path, own: dict[str, Any], *siblings: dict[str, Any]
) -> Demographics:
    """Return the demographics of the series "own", with or without siblings."""
    study, series = uid("study"), uid("own")
    paths = write_series(
        folder / "own", PLANES, study_uid=study, series_uid=series, **own
    )
    for number, sibling in enumerate(siblings):
        name = f"sibling {number}"
        paths += write_series(
            folder / name, PLANES, study_uid=study, description=name, **sibling
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


ANNA = NOTHING | {"PatientName": "Alpha^Anna"}
BERT = {
    "PatientName": "Beta^Bert",
    "PatientID": "2",
    "PatientBirthDate": "19300101",
    "PatientSex": "M",
    "PatientAge": "090Y",
}


@pytest.mark.parametrize("ids", [("", "2"), ("0", "0"), ("", "")])
def test_a_person_is_never_put_together_from_two(
    tmp_path: Path, ids: tuple[str, str]
) -> None:
    """Neither an ID that is missing nor a placeholder makes Anna of Bert."""
    own, sibling = ids
    person = describe(
        tmp_path, ANNA | {"PatientID": own}, BERT | {"PatientID": sibling}
    )

    assert (person.patient_name, person.patient_id) == ("Alpha^Anna", own)
    assert (person.birth_date, person.sex, person.patient_age) == ("", "", "")
    assert person.age_years is None


def test_the_study_is_the_same_whoever_lies_in_it(tmp_path: Path) -> None:
    """Its date and its accession number come from any sibling."""
    lost = {"StudyDate": "", "StudyTime": "", "AccessionNumber": ""}

    person = describe(tmp_path, ANNA | lost, BERT)

    assert (person.study_date, person.study_time) == ("20200103", "101112")
    assert person.accession_number == "A1"


def test_what_another_study_says_is_not_asked(tmp_path: Path) -> None:
    """Two studies among the files: the sibling is one of the same study."""
    paths = write_series(tmp_path / "own", PLANES, series_uid="1.2.3", **NOTHING)
    paths += write_series(tmp_path / "other", PLANES, study_uid="1.2.9")

    person = demographics(read_study(paths), "1.2.3")

    assert (person.patient_name, person.birth_date) == ("", "")


def test_siblings_that_contradict_one_another_fill_nothing(tmp_path: Path) -> None:
    """A series that says nothing may be of either: nobody knows of which."""
    person = describe(tmp_path, NOTHING, ANNA, BERT)

    assert (person.patient_name, person.patient_id, person.sex) == ("", "", "")


def test_siblings_of_one_person_fill_what_each_of_them_has(tmp_path: Path) -> None:
    """However the devices write the name."""
    a = {"PatientName": "PHANTOM^TEST^^", "PatientBirthDate": None}
    b = {"PatientName": "Phantom Test", "PatientSex": None}

    person = describe(tmp_path, NOTHING, a, b)

    assert (person.sex, person.birth_date) == ("F", "19500102")


@pytest.mark.parametrize(
    ("own", "sibling", "issuer"),
    [
        (("TEST-1", None), ("TEST-1", "CLINIC"), "CLINIC"),
        (("TEST-1", None), ("", "CLINIC"), ""),
        (("", "CLINIC"), ("TEST-1", None), ""),
        (("", None), ("TEST-1", "CLINIC"), "CLINIC"),
    ],
)
def test_an_issuer_stands_beside_the_id_that_it_issued(
    tmp_path: Path,
    own: tuple[str, str | None],
    sibling: tuple[str, str | None],
    issuer: str,
) -> None:
    """An ID of another issuer is another person's."""
    first, second = (
        {"PatientID": patient_id, "IssuerOfPatientID": issued_by}
        for patient_id, issued_by in (own, sibling)
    )

    person = describe(tmp_path, first, second)

    assert (person.patient_id, person.issuer_of_patient_id) == ("TEST-1", issuer)


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
