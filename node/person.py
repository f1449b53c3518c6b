"""Whether two studies are of one person: by ID and issuer, birth date and sex."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from pydicom import Dataset

from models.volume.headers import text
from models.volume.person import real_date

IDENTITY_CONFLICT = "identity_conflict"
"""Reason code: one Patient ID, and two birth dates or sexes."""

IDENTITY_UNPROVEN = "identity_unproven"
"""Reason code: one Patient ID, and nobody knows whether it is one person."""

STATED_SEXES = frozenset({"F", "M", "O"})


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a study shows, as its headers say; kept in memory only.

    Attributes
    ----------
    issuer, sex
        "" when no header says it.
    birth_date
        None when no header says a day that exists.
    """

    patient_id: str = field(repr=False)
    issuer: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)
    sex: str = field(default="", repr=False)

    @classmethod
    def of(cls, dataset: Dataset) -> Person:
        """Return whom one header names."""
        return cls.stated(
            *(text(dataset, k) for k in ("PatientID", "IssuerOfPatientID")),
            *(text(dataset, k) for k in ("PatientBirthDate", "PatientSex")),
        )

    @classmethod
    def stated(cls, patient_id: str, issuer: str, born: str, sex: str) -> Person:
        """Return the person of four values as DICOM has them."""
        known = sex.strip().upper()
        return cls(
            patient_id.strip(),
            issuer.strip(),
            real_date(born),
            known if known in STATED_SEXES else "",
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
        if self.birth_date is None or other.birth_date is None:
            return IDENTITY_UNPROVEN
        return ""

    def cautions(self, other: Person) -> tuple[str, ...]:
        """Return what is known against a match: a sex that one of them lacks."""
        return () if self.sex and other.sex else (IDENTITY_UNPROVEN,)


def _differ(one: object, other: object) -> bool:
    return bool(one) and bool(other) and one != other
