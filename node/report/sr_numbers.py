"""One number of the SR with exactly the printed digits, and what stands behind it.

TID 300, with the properties of TID 310: the interval as ranges of uncertainty
(CID 225), and of TID 311: the norm as Reference Authority. Viewers write volumes and
areas beside their contours, and OHIF leaves out each that has such properties; their
intervals are told in words alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from highdicom.sr import Measurement as MeasurementItem
from highdicom.sr.enum import RelationshipTypeValues
from highdicom.sr.value_types import (
    ContentItem,
    ContentSequence,
    NumContentItem,
    TextContentItem,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.valuerep import DSclass

from models.terms import Code, Measurement
from node.report.seg import coded

VOLUME = Code("118565006", "SCT", "Volume")
AREA = Code("42798000", "SCT", "Area")

BESIDE_CONTOURS = frozenset({VOLUME.value, AREA.value})
"""Concepts that viewers write beside a contour."""

UPPER = Code("371886008", "SCT", "+, range of upper measurement uncertainty")
LOWER = Code("371885007", "SCT", "-, range of lower measurement uncertainty")

OF_IT = RelationshipTypeValues.HAS_PROPERTIES


def number_item(measurement: Measurement) -> MeasurementItem:
    """Return a number as TID 300, with exactly the digits that the page shows."""
    item = MeasurementItem(
        name=coded(measurement.name),
        value=float(measurement.printed),
        unit=coded(measurement.unit),
    )
    _print(item[0], measurement.printed)
    properties = list(_properties(measurement))
    if properties and measurement.name.value not in BESIDE_CONTOURS:
        item[0].ContentSequence = ContentSequence(properties)
    return item


def _properties(measurement: Measurement) -> Iterator[ContentItem]:
    if measurement.reference:
        yield TextContentItem(
            codes.DCM.ReferenceAuthority, measurement.reference, OF_IT
        )
    if measurement.interval is None:
        return
    value = Decimal(measurement.printed)
    low, high = (
        Decimal(f"{end:z.{measurement.decimals}f}") for end in measurement.interval
    )
    for name, range_ in ((UPPER, high - value), (LOWER, value - low)):
        number = NumContentItem(
            coded(name), float(range_), coded(measurement.unit), relationship_type=OF_IT
        )
        _print(number, str(range_))
        yield number


def _print(number: Dataset, digits: str) -> None:
    """Keep the digits as they are printed."""
    number.MeasuredValueSequence[0].NumericValue = DSclass(digits)
