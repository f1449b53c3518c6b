"""Whether two studies are of one person."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom import Dataset

from models.volume.headers import quiet
from node.person import Person

HEADER = {
    "PatientID": "A-1",
    "IssuerOfPatientID": "Ward",
    "PatientBirthDate": "19500102",
    "PatientSex": "F",
    "PatientName": "Doe^Jane^Ann",
    "StudyDate": "20240301",
}


def person(**changes: Any) -> Person:
    """Return whom a header names in which some values differ."""
    dataset = Dataset()
    with quiet():
        for keyword, value in (HEADER | changes).items():
            setattr(dataset, keyword, value)
        return Person.of(dataset)


SHE = person()


@pytest.mark.parametrize(
    ("stated", "is_candidate", "objection", "cautions"),
    [
        ({}, True, "", ()),
        (
            {
                "PatientID": " A-1 ",
                "IssuerOfPatientID": "",
                "PatientBirthDate": "1950.01.02",
                "PatientSex": "f",
            },
            True,
            "",
            (),
        ),
        ({"PatientSex": ""}, True, "", ("identity_unproven",)),
        ({"PatientSex": "M"}, True, "identity_conflict", ()),
        ({"PatientBirthDate": "19510102"}, True, "identity_conflict", ()),
        ({"PatientBirthDate": "00000000"}, True, "identity_unproven", ()),
        ({"IssuerOfPatientID": "Other"}, False, "", ()),
        ({"PatientID": "a-1"}, False, "", ()),
    ],
)
def test_a_person_is_known_by_number_issuer_birth_date_and_sex(
    stated: dict[str, str],
    is_candidate: bool,
    objection: str,
    cautions: tuple[str, ...],
) -> None:
    """What differs is a conflict; what nobody states proves nothing."""
    other = person(**stated)

    assert SHE.may_have_id_of(other) is is_candidate
    assert SHE.objection(other) == other.objection(SHE) == objection
    assert SHE.cautions(other) == other.cautions(SHE) == cautions


@pytest.mark.parametrize(
    ("name", "objection", "cautions"),
    [
        ("", "", ()),
        ("DOE^JANE", "", ()),
        ("Doe, Jane Ann", "", ()),
        ("Doe^Jane^Ann^Dr^jr", "", ()),
        ("Doe^Jane=\u5c71\u7530^\u82b1\u5b50", "", ("name_differs",)),
        ("Roe^Jane^Ann", "", ("name_differs",)),
        ("Doe^Berta", "", ("name_differs",)),
        ("\u0414\u043e^\u0414\u0436\u0435\u0439\u043d", "", ("name_differs",)),
        ("Roe^Berta", "identity_conflict", ("name_differs",)),
        ("Roe^Berta^^Ann", "identity_conflict", ("name_differs",)),
    ],
)
def test_a_name_that_differs_is_told_and_one_without_a_word_in_common_is_a_conflict(
    name: str, objection: str, cautions: tuple[str, ...]
) -> None:
    """People marry, and do not change every name; two alphabets share no word."""
    other = person(PatientName=name)

    assert SHE.objection(other) == other.objection(SHE) == objection
    assert SHE.cautions(other) == other.cautions(SHE) == cautions


@pytest.mark.parametrize(
    "dummy",
    [
        {"PatientBirthDate": "19000101"},
        {"PatientBirthDate": "19010101"},
        {"PatientBirthDate": "19700101"},
        {"PatientBirthDate": "18500102"},
        {"PatientBirthDate": "20250102"},
        {"PatientIdentityRemoved": "YES"},
    ],
)
def test_what_anonymisers_write_proves_nobody(dummy: dict[str, str]) -> None:
    """Everybody in such an archive is ANONYMOUS, and was born on one day."""
    one, two = person(**dummy), person(**dummy, PatientName="Roe^Berta")

    assert one.objection(one) == one.objection(two) == "identity_unproven"


def test_a_very_old_person_is_no_dummy() -> None:
    """Of 115 years at the scan."""
    oldest = person(PatientBirthDate="19090405")

    assert oldest.objection(oldest) == ""


def test_all_without_a_number_are_not_one_person() -> None:
    """An empty number equals another empty one, and says nothing."""
    nobody = person(PatientID="")

    assert not nobody.may_have_id_of(nobody)


def test_a_person_shows_no_identifier() -> None:
    """A representation ends up in a log sooner or later."""
    assert repr(SHE) == "Person(is_anonymous=False)"
