"""Whether two studies are of one person: by ID and issuer, birth date, sex and name."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import date

from pydicom import Dataset

from models.volume.headers import text
from models.volume.person import plain_name, real_date

IDENTITY_CONFLICT = "identity_conflict"
"""Reason code: one Patient ID, and two birth dates, sexes or names."""

IDENTITY_UNPROVEN = "identity_unproven"
"""Reason code: one Patient ID, and nobody knows whether it is one person."""

NAME_DIFFERS = "name_differs"
"""Caution: family name or given names are not the same, as after a marriage."""

STATED_SEXES = frozenset({"F", "M", "O"})

DUMMY_BIRTH_DATES = frozenset({date(1900, 1, 1), date(1901, 1, 1), date(1970, 1, 1)})
"""What is written where nobody knows a birth date, or nobody shall know it."""

OLDEST_YEARS = 115
"""At the scan; a birth date before that is a dummy as well."""

NAMED_PARTS = 3
"""Parts of a name that are compared: family, given and middle; not "Dr", nor "jr"."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a study shows, as its headers say; kept in memory only.

    Attributes
    ----------
    issuer, sex
        "" when no header says it.
    birth_date
        None when no header says a day that exists and proves something.
    names
        Every word of the name, in each way in which it is written; empty when no
        header says it.
    is_anonymous
        Whether a header says that the identity was removed: then its ID proves
        nothing.
    """

    patient_id: str = field(repr=False)
    issuer: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    sex: str = field(default="", repr=False)
    names: frozenset[str] = field(default=frozenset(), repr=False)
    is_anonymous: bool = False

    @classmethod
    def of(cls, dataset: Dataset) -> Person:
        """Return whom one header names."""
        sex = text(dataset, "PatientSex").strip().upper()
        return cls(
            text(dataset, "PatientID").strip(),
            text(dataset, "IssuerOfPatientID").strip(),
            _birth_date(dataset),
            sex if sex in STATED_SEXES else "",
            _names(text(dataset, "PatientName")),
            text(dataset, "PatientIdentityRemoved").strip().upper() == "YES",
        )

    def may_have_id_of(self, other: Person) -> bool:
        """Tell whether both have one ID of one issuer; an absent one speaks not."""
        issuers = {self.issuer, other.issuer} - {""}
        return self.patient_id == other.patient_id != "" and len(issuers) < 2

    def objection(self, other: Person) -> str:
        """Return why another of the same ID is not taken for this person, or "".

        Numbers are given out twice, and anonymous studies often share one: without a
        birth date on both sides nothing tells two persons apart.
        """
        if _differ(self.birth_date, other.birth_date) or _differ(self.sex, other.sex):
            return IDENTITY_CONFLICT
        if self.is_anonymous or other.is_anonymous:
            return IDENTITY_UNPROVEN
        if self.birth_date is None or other.birth_date is None:
            return IDENTITY_UNPROVEN
        return IDENTITY_CONFLICT if self._shares_no_name_with(other) else ""

    def cautions(self, other: Person) -> tuple[str, ...]:
        """Return what is known against a match: a sex that one lacks, another name."""
        unsexed = () if self.sex and other.sex else (IDENTITY_UNPROVEN,)
        return unsexed if self._is_named_as(other) else (*unsexed, NAME_DIFFERS)

    def _is_named_as(self, other: Person) -> bool:
        """Tell whether no word contradicts: a header may leave some of them out."""
        one, two = self.names, other.names
        return not one or not two or one <= two or two <= one

    def _shares_no_name_with(self, other: Person) -> bool:
        """Tell whether no word is the same; of two alphabets none can be."""
        if not self.names or not other.names or self.names & other.names:
            return False
        return not _alphabets(self.names).isdisjoint(_alphabets(other.names))


def _birth_date(dataset: Dataset) -> date | None:
    born = real_date(text(dataset, "PatientBirthDate"))
    scanned = real_date(text(dataset, "StudyDate"))
    if born is None or born in DUMMY_BIRTH_DATES:
        return None
    if scanned and not 0 <= scanned.year - born.year <= OLDEST_YEARS:
        return None
    return born


def _names(name: str) -> frozenset[str]:
    """Return the words of every component group of a name (PS3.5 6.2.1)."""
    groups = ("^".join(group.split("^")[:NAMED_PARTS]) for group in name.split("="))
    return frozenset(word for group in groups for word in plain_name(group).split())


def _alphabets(words: frozenset[str]) -> set[str]:
    """Return in which alphabets words are written, as Unicode names its letters."""
    letters = {letter for word in words for letter in word if letter.isalpha()}
    return {unicodedata.name(letter, "unknown").split()[0] for letter in letters}


def _differ(one: object, other: object) -> bool:
    return bool(one) and bool(other) and one != other
