"""What a result is said in: codes, structures, numbers, statements, flags.

Numpy and torch free; what models and the node have in common to say anything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

Vector = tuple[float, float, float]
"""A point in LPS millimetres, or an extent along three axes in millimetres."""


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (DICOM PS3.3 section 8.8): value, scheme, meaning.

    The meaning is for people and no part of what is compared (PS3.3 section 8.3).
    """

    value: str
    scheme: str
    meaning: str = field(compare=False)


class Grade(StrEnum):
    """How far a result may be trusted: A good, B with reservations, C not."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class Flag:
    """Something a reader must know about a result.

    Attributes
    ----------
    code
        Reason code in snake_case, stable over versions.
    text
        One sentence for the person who reads the report.
    caps_grade
        The best grade that a result with this flag can have.
    """

    code: str
    text: str
    caps_grade: Grade = Grade.A


@dataclass(frozen=True, slots=True)
class Structure:
    """Something that is measured and followed over time; one group in the report.

    Attributes
    ----------
    name
        What a reader calls it; with the site salt it becomes the tracking UID.
    labels
        Values of the label map that make it up. A structure of one label is a
        segment of the Segmentation; one of several is their union.
    laterality
        Only when proven or declared, else None.
    colour
        RGB, 0 to 255.
    """

    name: str
    labels: tuple[int, ...]
    category: Code
    type: Code
    site: Code
    modifier: Code | None = None
    laterality: Code | None = None
    colour: tuple[int, int, int] = (255, 255, 0)

    def __post_init__(self) -> None:
        if not self.labels or any(not 1 <= label <= 255 for label in self.labels):
            raise ValueError("a structure needs labels from 1 to 255")


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number about one structure, with the digits that are printed.

    ``printed`` is what every picture, report and table shows: one rounding.

    Attributes
    ----------
    interval
        95 % interval of the value, when one is stated.
    reference
        What a number is relative to, such as a norm with its DOI.

    >>> mm3 = Code("mm3", "UCUM", "cubic millimeter")
    >>> volume = Code("118565006", "SCT", "Volume")
    >>> Measurement("Hippocampus", volume, 3369.6, mm3, decimals=0).printed
    '3370'
    """

    structure: str
    name: Code
    value: float
    unit: Code
    decimals: int
    interval: tuple[float, float] | None = None
    reference: str = ""

    def __post_init__(self) -> None:
        numbers = (self.value, *(self.interval or ()))
        if not all(map(math.isfinite, numbers)):
            raise ValueError(f"{self.name.meaning} of {self.structure} is not finite")

    @property
    def printed(self) -> str:
        """The value rounded to ``decimals`` places; nothing is a negative zero."""
        return f"{self.value:z.{self.decimals}f}"


@dataclass(frozen=True, slots=True)
class Statement:
    """A labelled sentence for the report, such as what could not be determined.

    Attributes
    ----------
    structure
        What it is about; "" for the result as a whole.
    reason
        Reason code in snake_case when the sentence says what is withheld and why.
    """

    label: str
    text: str
    structure: str = ""
    reason: str = ""


def grade(flags: tuple[Flag, ...]) -> Grade:
    """Return the grade that these flags leave: the worst of their caps.

    >>> grade(())
    <Grade.A: 'A'>
    """
    return max((flag.caps_grade for flag in flags), default=Grade.A)
