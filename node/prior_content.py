"""What an earlier report of ours says: the content tree of a TID 1500 SR, read back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from pydicom import Dataset

from models.terms import Code, Grade, Measurement
from models.volume.headers import text
from node.protocol import (
    CONTRAST,
    FIELD_STRENGTH,
    SCANNER,
    acquisition_in,
    stated_protocol,
)

MEASUREMENT_GROUP = "125007"
TRACKING_IDENTIFIER = "112039"
FINDING_SITE = "363698007"
LATERALITY = "272741003"

IMAGE_LIBRARY = "111028"
WORDS = dict(
    zip(("113878", "113879", "113880", "123011"), (*SCANNER, CONTRAST), strict=True)
)
TESLA = "130542"
SPACINGS = ("112226", "111066", "111026")
"""Descriptors of the images (TID 1602, 1604): manufacturer, model, serial number and
contrast agent; field strength; between slices, rows and columns."""

COMMENT = "121106"
GRADE = re.compile("Grade: ([ABC])")
RESERVATION = re.compile(r"Reservation: .*\[([a-z0-9_]+)\]", re.DOTALL)
"""Comments among the qualitative evaluations, as `node.report.text` writes them."""

GRADE_UNKNOWN = "prior_grade_unknown"
"""Caution: the report of then says no grade."""

GRADE_B = "prior_grade_b"
"""Caution: it has grade B, and nobody knows why."""

NOT_OF_THE_NUMBERS = "completeness_unconfirmed"
"""A reservation about the study, when the series that was read is whole."""

MOST_NUMBERS = 2000


class NoReportError(ValueError):
    """What was read is no report that can be understood."""


def grade_in(document: Dataset) -> Grade | None:
    """Return the grade that the report says, the worst where it says several."""
    said = [match for one in _comments(document) if (match := GRADE.fullmatch(one))]
    return max((Grade(match[1]) for match in said), default=None)


def reservations_in(document: Dataset, grade: Grade | None) -> tuple[str, ...]:
    """Return the codes of what lowers the grade; one of its own where none is said."""
    if grade is None:
        return (GRADE_UNKNOWN,)
    found = [RESERVATION.fullmatch(comment) for comment in _comments(document)]
    codes = [match[1] for match in found if match]
    if grade != Grade.A and not codes:
        return (GRADE_B,)
    return tuple(code for code in codes if code != NOT_OF_THE_NUMBERS)


def _comments(document: Dataset) -> Iterator[str]:
    """Yield the sentences of the report: they stand in a container of their own."""
    for container in document.get("ContentSequence") or []:
        for item in container.get("ContentSequence") or []:
            if _concept(item) == COMMENT:
                yield text(item, "TextValue").strip()


def groups_in(document: Dataset) -> Iterator[Dataset]:
    """Yield the groups that hold a model's numbers (TID 1411, TID 1501).

    A group with coordinates repeats what a viewer draws; its area is of the drawing.
    """
    for container in document.get("ContentSequence") or []:
        for group in container.get("ContentSequence") or []:
            items = group.get("ContentSequence") or []
            is_drawn = any(text(item, "ValueType") == "SCOORD" for item in items)
            if _concept(group) == MEASUREMENT_GROUP and not is_drawn:
                yield group


def protocol_in(document: Dataset) -> dict[str, str]:
    """Return how the images were taken: nothing, where an older report is silent."""
    said = {
        _concept(item): item
        for library in document.get("ContentSequence") or []
        if _concept(library) == IMAGE_LIBRARY
        for group in library.get("ContentSequence") or []
        for item in group.get("ContentSequence") or []
    }
    if not set(SPACINGS) <= said.keys():
        return {}
    stated = {WORDS[c]: text(said[c], "TextValue") for c in WORDS.keys() & said.keys()}
    if TESLA in said:
        stated[FIELD_STRENGTH] = _number(said[TESLA])
    if COMMENT in said:
        stated |= acquisition_in(text(said[COMMENT], "TextValue"))
    between, down, across = (float(_number(said[code])) for code in SPACINGS)
    return stated_protocol(stated, (between, down, across))


def _number(item: Dataset) -> str:
    return text(item.MeasuredValueSequence[0], "NumericValue")


def measurements_in(group: Dataset) -> Iterator[Measurement]:
    """Yield the numbers of one group, under the name of its structure.

    Raises
    ------
    NoReportError
        It has no name, or more numbers than a report of ours.
    """
    items = group.ContentSequence
    names = [
        text(item, "TextValue")
        for item in items
        if _concept(item) == TRACKING_IDENTIFIER
    ]
    numbers = [item for item in items if text(item, "ValueType") == "NUM"]
    if len(names) != 1 or len(numbers) > MOST_NUMBERS:
        raise NoReportError("a group without one name")
    for item in numbers:
        for measured in item.get("MeasuredValueSequence") or []:
            yield _measurement(names[0], item, measured)


def _measurement(structure: str, item: Dataset, measured: Dataset) -> Measurement:
    value = Decimal(text(measured, "NumericValue"))
    exponent = value.as_tuple().exponent
    return Measurement(
        structure=structure,
        name=_code(item.ConceptNameCodeSequence[0]),
        value=float(value),
        unit=_code(measured.MeasurementUnitsCodeSequence[0]),
        decimals=max(0, -exponent) if isinstance(exponent, int) else 0,
    )


def laterality_in(groups: Sequence[Dataset]) -> Code | None:
    """Return the side that every group states, None unless they all state one."""
    stated = {_side_of(group) for group in groups}
    return stated.pop() if len(stated) == 1 else None


def _side_of(group: Dataset) -> Code | None:
    sides = [
        _code(side.ConceptCodeSequence[0])
        for site in group.ContentSequence
        if _concept(site) == FINDING_SITE
        for side in site.get("ContentSequence") or []
        if _concept(side) == LATERALITY
    ]
    return sides[0] if len(sides) == 1 else None


def _concept(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence") or []
    return text(names[0], "CodeValue") if names else ""


def _code(item: Dataset) -> Code:
    return Code(
        text(item, "CodeValue"),
        text(item, "CodingSchemeDesignator"),
        text(item, "CodeMeaning"),
    )
