"""Whether two headers can be of one person."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from pydicom import Dataset

from models.volume.headers import text

DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})", re.ASCII)
"""With dots as ACR-NEMA wrote it, which readers still meet."""

NO_LETTER = re.compile(r"[\s^,]+")
"""What stands between the parts of a name, which every writer sets otherwise."""

COMPARED_AS_TEXT = ("PatientID", "IssuerOfPatientID", "PatientSex")


def may_be_one_person(one: Dataset, other: Dataset) -> bool:
    """Say whether nothing in two headers speaks against their being of one person.

    Patient ID, its issuer, name, birth date and sex: each must agree where both have
    it. What one of them lacks contradicts nothing, so that two headers which say
    nothing may be of one person; that they are is not said.
    """
    return (
        all(_agree(_plain(one, k), _plain(other, k)) for k in COMPARED_AS_TEXT)
        and _agree(_birth_date(one), _birth_date(other))
        and _names_agree(_names(one), _names(other))
    )


def real_date(value: str) -> date | None:
    """Return the day that a date names, None when no calendar knows it.

    >>> real_date("1950.01.02") == real_date("19500102"), real_date("00000000")
    (True, None)
    """
    match = DATE.fullmatch(value.strip())
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def _agree(one: object, other: object) -> bool:
    return not one or not other or one == other


def _plain(dataset: Dataset, keyword: str) -> str:
    return text(dataset, keyword).strip().casefold()


def _birth_date(dataset: Dataset) -> date | None:
    return real_date(text(dataset, "PatientBirthDate"))


def _names(dataset: Dataset) -> frozenset[str]:
    """Return the component groups of a name (PS3.5 6.2.1), each in plain letters."""
    groups = text(dataset, "PatientName").split("=")
    return frozenset(map(plain_name, groups)) - {""}


def plain_name(group: str) -> str:
    """Return one component group of a name in plain letters, a space between parts.

    >>> plain_name("DOE^Jane ^"), plain_name("Doe, Jane")
    ('doe jane', 'doe jane')
    """
    letters = unicodedata.normalize("NFKC", group).casefold()
    return NO_LETTER.sub(" ", letters).strip()


def _names_agree(one: frozenset[str], other: frozenset[str]) -> bool:
    """One group in common is enough: a series may have lost the others."""
    return not one or not other or not one.isdisjoint(other)
