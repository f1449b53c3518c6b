"""Two headers are of one person unless something in them says otherwise."""

from __future__ import annotations

import pytest
from pydicom import DataElement, Dataset
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.tag import Tag

from models.volume.person import may_be_one_person, real_date

KEYWORDS = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
)
WHOLE = {
    "PatientName": "Alpha^Anna",
    "PatientID": "7",
    "IssuerOfPatientID": "CLINIC",
    "PatientBirthDate": "19500102",
    "PatientSex": "F",
}
OTHER = {
    "PatientName": "Beta^Bert",
    "PatientID": "8",
    "IssuerOfPatientID": "HOSPITAL",
    "PatientBirthDate": "19300101",
    "PatientSex": "M",
}


def header(**values: str) -> Dataset:
    """Return a header as somebody wrote it, right or wrong."""
    ds = Dataset()
    for keyword, value in values.items():
        tag = Tag(keyword)
        vr = dictionary_VR(tag)
        ds[tag] = DataElement(tag, vr, value, validation_mode=IGNORE)
    return ds


def agree(one: dict[str, str], other: dict[str, str]) -> bool:
    """Ask in both directions, which must make no difference."""
    answers = {
        may_be_one_person(header(**one), header(**other)),
        may_be_one_person(header(**other), header(**one)),
    }
    assert len(answers) == 1
    return answers.pop()


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_one_contradiction_makes_two_persons(keyword: str) -> None:
    """Whatever else agrees."""
    assert not agree(WHOLE, WHOLE | {keyword: OTHER[keyword]})


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize("absent", ["", " "])
def test_what_one_lacks_contradicts_nothing(keyword: str, absent: str) -> None:
    """A cut-out series has lost birth date and sex, and is of the same person."""
    assert agree(WHOLE, WHOLE | {keyword: absent})


def test_who_says_nothing_may_be_anybody() -> None:
    """Absent and empty alike."""
    assert agree(WHOLE, {})
    assert agree(WHOLE, dict.fromkeys(KEYWORDS, ""))


@pytest.mark.parametrize(
    "written",
    [
        "ALPHA^ANNA",
        "Alpha^Anna^^^",
        " Alpha ^ Anna ",
        "Alpha Anna",
        "Alpha, Anna",
        "Ａｌｐｈａ^Ａｎｎａ",  # noqa: RUF001 - full width, as a Japanese console sends it
        "Alpha^Anna=王^安娜",
        "=王^安娜=Alpha^Anna",
    ],
)
def test_a_name_is_the_same_however_it_is_set(written: str) -> None:
    """Case, ends, spaces and component groups differ from device to device."""
    assert agree({"PatientName": "Alpha^Anna"}, {"PatientName": written})


@pytest.mark.parametrize(
    "other", ["Alpha^Anne", "Anna^Alpha", "Alpha", "Alpha^Anna^B", "=王^安娜"]
)
def test_another_name_is_another_person(other: str) -> None:
    """A part more, a part less, a letter: withheld beats guessed."""
    assert not agree({"PatientName": "Alpha^Anna"}, {"PatientName": other})


def test_a_birth_date_that_is_none_contradicts_nothing() -> None:
    """``00000000`` stands in many a header; dots are an old way to write."""
    born = {"PatientBirthDate": "19500102"}

    assert agree(born, {"PatientBirthDate": "00000000"})
    assert agree(born, {"PatientBirthDate": "1950.01.02"})
    assert not agree(born, {"PatientBirthDate": "1930.01.01"})


def test_a_sex_is_the_same_in_small_letters() -> None:
    """The standard knows capitals only, writers do not."""
    assert agree({"PatientSex": "M"}, {"PatientSex": "m"})
    assert not agree({"PatientSex": "M"}, {"PatientSex": "O"})


@pytest.mark.parametrize("value", ["", "1950", "19501340", "195012", "1950-01-02"])
def test_what_no_calendar_knows_is_no_date(value: str) -> None:
    """Nor is a day guessed from digits that are too few."""
    assert real_date(value) is None
