"""Whether two studies are of one person."""

from __future__ import annotations

import pytest

from node.person import Person

SHE = Person.stated("A-1", "Ward", "19500102", "F")


@pytest.mark.parametrize(
    ("stated", "is_candidate", "objection", "cautions"),
    [
        (("A-1", "Ward", "19500102", "F"), True, "", ()),
        ((" A-1 ", "", "1950.01.02", "f"), True, "", ()),
        (("A-1", "Ward", "19500102", ""), True, "", ("identity_unproven",)),
        (("A-1", "Ward", "19500102", "M"), True, "identity_conflict", ()),
        (("A-1", "Ward", "19510102", "F"), True, "identity_conflict", ()),
        (("A-1", "Ward", "00000000", "F"), True, "identity_unproven", ()),
        (("A-1", "Other", "19500102", "F"), False, "", ()),
        (("a-1", "Ward", "19500102", "F"), False, "", ()),
    ],
)
def test_a_person_is_known_by_number_issuer_birth_date_and_sex(
    stated: tuple[str, str, str, str],
    is_candidate: bool,
    objection: str,
    cautions: tuple[str, ...],
) -> None:
    """What differs is a conflict; what nobody states proves nothing."""
    other = Person.stated(*stated)

    assert SHE.may_have_id_of(other) is is_candidate
    assert SHE.objection(other) == other.objection(SHE) == objection
    assert SHE.cautions(other) == cautions


def test_all_without_a_number_are_not_one_person() -> None:
    """An empty number equals another empty one, and says nothing."""
    nobody = Person.stated("", "", "19500102", "F")

    assert not nobody.may_have_id_of(nobody)


def test_a_person_shows_no_identifier() -> None:
    """A representation ends up in a log sooner or later."""
    assert repr(SHE) == "Person()"
