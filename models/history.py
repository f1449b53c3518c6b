"""What is known of a person besides the images, and what a model makes of it.

Numpy and torch free, like `models.contract`, which it extends. The node fills
`Patient` from headers, settings and earlier results; a model turns it into an
`Interpretation` of its own numbers. Nothing here is guessed: what nobody proves is
None, and a number that may not be printed is withheld with a reason code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from models.terms import Code, Flag, Measurement, Statement

LEFT = Code("7771000", "SCT", "Left")
RIGHT = Code("24028007", "SCT", "Right")
"""Laterality (PS3.16 CID 244)."""

POSITION = "Position in the norm"
CHANGE = "Change over time"
"""Labels of the statements that stand at the top of the page: the answer in words, or
with a reason code why it is withheld."""


@dataclass(frozen=True, slots=True)
class Prior:
    """An earlier result of the same model for the same person.

    Attributes
    ----------
    study_date
        Of the scan, not of the reading.
    source
        Where it was found: ``"own results"``, ``"report in the archive"`` or
        ``"images in the archive"`` (read anew by the weights of today).
    device_uid
        Device UID (0018,1002) of the algorithm: equal weights have equal ones.
    protocol
        What must be equal for two volumes to be compared, by DICOM keyword
        (Manufacturer, ManufacturerModelName, MagneticFieldStrength, voxel size, …).
    laterality
        Only when proven or declared, else None.
    measurements
        As they were printed then.
    cautions
        Reason codes of what is known against this prior.
    sr_series_instance_uid
        Of the series in which the report lies; "" without a report.
    """

    study_instance_uid: str
    sr_instance_uid: str
    study_date: date
    source: str
    model_version: str
    device_uid: str
    measurements: tuple[Measurement, ...]
    protocol: Mapping[str, str] = field(default_factory=dict)  # goes to a worker
    laterality: Code | None = None
    cautions: tuple[str, ...] = ()
    sr_series_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """The person, as far as headers, settings and earlier results prove it.

    Attributes
    ----------
    age_years
        At the scan: between birth date and study date, else Patient's Age.
    age_source
        Which of the two, in words; "" without an age.
    sex
        ``"F"``, ``"M"`` or None.
    laterality
        Of what the series shows, only when proven or declared, else None.
    laterality_source
        ``"declared"`` (a setting), ``"geometry"``; "" when undetermined.
    intracranial_mm3
        Head size, never from a crop.
    priors
        Of the same person, oldest first, this study not among them.
    priors_withheld
        Reason codes of priors that were found and not used (``identity_conflict``).
    calibration
        Content of the file that ``pacs-node calibrate`` wrote, None without.
    """

    age_years: float | None = None
    age_source: str = ""
    sex: str | None = None
    study_date: date | None = None
    protocol: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    laterality: Code | None = None
    laterality_source: str = ""
    intracranial_mm3: float | None = None
    priors: tuple[Prior, ...] = ()
    priors_withheld: tuple[str, ...] = ()
    calibration: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One visit: the value, and half the width of its 95 % interval if known."""

    when: date
    value: float
    study_instance_uid: str
    margin: float | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """A structure followed over time; drawn on the page, each point said in the SR.

    Attributes
    ----------
    points
        Oldest first; the last is this study.
    decimals
        Digits after the point that are printed.
    bands
        Expected change in per cent per year by name, ``(low, high)``, with its
        source in the name, such as ``"controls (Barnes 2009)"``.
    """

    structure: str
    unit: Code
    decimals: int
    points: tuple[TrendPoint, ...]
    bands: Mapping[str, tuple[float, float]] = field(
        default_factory=lambda: MappingProxyType({})
    )


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What a model adds to its measurements once it knows the person."""

    measurements: tuple[Measurement, ...] = ()
    statements: tuple[Statement, ...] = ()
    flags: tuple[Flag, ...] = ()
    trends: tuple[Trend, ...] = ()
