"""An earlier report of ours read back: the numbers of a TID 1500 SR, and whose it is.

The SR is what was said then. It is read wherever it lies, so that a result of this
ledger and one that only the archive still has are the same thing to a model.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from pydicom import Dataset, dcmread

from models.contract import Code, Grade, Measurement
from models.history import Prior
from models.volume.headers import quiet, text
from models.volume.part10 import check_inflation
from models.volume.person import real_date
from node.equipment import MANUFACTURER, PROCESSING_EQUIPMENT
from node.person import Person
from node.protocol import SCANNER, stated_protocol

COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34"
KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"

REJECTIONS = frozenset({"113001", "113037", "113038"})
"""Titles of key objects by which images or results were wrong (DCM, PS3.16 CID 7010):
rejected for quality, for patient safety, incorrect worklist entry. Data Retention
Policy Expired (113039) says that they are old."""

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

MEASUREMENT_GROUP = "125007"
TRACKING_IDENTIFIER = "112039"
FINDING_SITE = "363698007"
LATERALITY = "272741003"

IMAGE_LIBRARY = "111028"
SCANNER_CODES = ("113878", "113879")
FIELD_STRENGTH = "130542"
SPACINGS = ("112226", "111066", "111026")
"""Descriptors of the images (TID 1602, 1604): manufacturer and model; field strength;
between slices, rows and columns."""

MOST_BYTES = 16 << 20
"""A report of ours has some hundred kilobytes; more is none."""

MOST_NUMBERS = 2000


class NoReportError(ValueError):
    """What was read is no report that can be understood."""


@dataclass(frozen=True, slots=True)
class PriorReport:
    """One report, and what tells whether it still counts.

    Attributes
    ----------
    prior
        Without cautions.
    replaces
        SOP Instance UIDs of the reports before it.
    made_at
        Content Date and Time as they stand there: they sort.
    sources
        SOP Instance UIDs of the images that it was made from, and of its Segmentation.
    grade
        None: it says none.
    reservations
        Cautions: why it has no grade A.
    """

    prior: Prior
    person: Person
    model: str
    replaces: frozenset[str]
    made_at: tuple[str, str]
    sources: frozenset[str] = frozenset()
    grade: Grade | None = None
    reservations: tuple[str, ...] = ()

    def with_protocol(self, protocol: dict[str, str]) -> PriorReport:
        """Return it with what the ledger knows of the images, if it knows any of it."""
        known = protocol or self.prior.protocol
        return replace(self, prior=replace(self.prior, protocol=known))


def read_document(content: bytes) -> Dataset:
    """Return a DICOM file of some size as a data set.

    Raises
    ------
    NoReportError
        It is too large, or no DICOM file.
    """
    if len(content) > MOST_BYTES:
        raise NoReportError("too large for a report")
    try:
        check_inflation(io.BytesIO(content))
        return dcmread(io.BytesIO(content))
    except Exception as error:  # noqa: BLE001 - a library meets foreign bytes
        raise NoReportError(type(error).__name__) from None


@quiet()  # a library warns of odd values, and quotes them
def report_in(document: Dataset, source: str) -> PriorReport | None:
    """Return the report of a document; None for one that is none of ours.

    Parameters
    ----------
    source
        As in ``Prior``.

    Raises
    ------
    NoReportError
        It has our mark, and cannot be understood.
    """
    if text(document, "SOPClassUID") != COMPREHENSIVE_3D_SR:
        return None
    maker = _our_equipment(document)
    if maker is None:
        return None
    try:
        return _report(document, maker, source)
    except Exception as error:  # noqa: BLE001 - a library meets foreign bytes
        raise NoReportError(type(error).__name__) from None


@quiet()
def rejected_in(document: Dataset) -> frozenset[str]:
    """Return the objects that a document takes back, and the series that hold them.

    None, if it is no such note.
    """
    titles = document.get("ConceptNameCodeSequence") or []
    is_note = text(document, "SOPClassUID") == KEY_OBJECT_SELECTION
    if not is_note or not any(text(t, "CodeValue") in REJECTIONS for t in titles):
        return frozenset()
    holders = {text(series, "SeriesInstanceUID") for series in _evidence(document)}
    return _named(_evidence(document)) | holders


def _our_equipment(document: Dataset) -> Dataset | None:
    """Return the item by which a node of this kind marks what it made."""
    items: Sequence[Dataset] = document.get("ContributingEquipmentSequence") or []
    for item in items:
        purposes = item.get("PurposeOfReferenceCodeSequence") or []
        if text(item, "Manufacturer") == MANUFACTURER and any(
            text(purpose, "CodeValue") == PROCESSING_EQUIPMENT for purpose in purposes
        ):
            return item
    return None


def _report(document: Dataset, maker: Dataset, source: str) -> PriorReport:
    model = text(maker, "ManufacturerModelName")
    scanned = real_date(text(document, "StudyDate"))
    if scanned is None:
        raise NoReportError("no study date")
    groups = list(_groups(document))
    prior = Prior(
        study_instance_uid=text(document, "StudyInstanceUID"),
        sr_instance_uid=text(document, "SOPInstanceUID"),
        study_date=scanned,
        source=source,
        model_version=_version(maker, model),
        device_uid=text(maker, "DeviceUID"),
        measurements=tuple(m for group in groups for m in _measurements(group)),
        protocol=protocol_in(document),
        laterality=_laterality(groups),
        sr_series_instance_uid=text(document, "SeriesInstanceUID"),
    )
    grade = _grade(document)
    return PriorReport(
        prior,
        Person.of(document),
        model,
        _named(_series_in(document, "PredecessorDocumentsSequence")),
        made_at=(text(document, "ContentDate"), text(document, "ContentTime")),
        sources=_named(_evidence(document)),
        grade=grade,
        reservations=_reservations(document, grade),
    )


def _version(maker: Dataset, model: str) -> str:
    """Return the model's version; beside it stands that of the node."""
    versions = text(maker, "SoftwareVersions").split("\\")
    named = [v.removeprefix(f"{model} ") for v in versions if v.startswith(f"{model} ")]
    return named[0] if named else ""


def _evidence(document: Dataset) -> Iterator[Dataset]:
    return _series_in(document, "CurrentRequestedProcedureEvidenceSequence")


def _series_in(document: Dataset, keyword: str) -> Iterator[Dataset]:
    """Yield the series in a sequence of references (PS3.3 table C.17-3)."""
    for study in document.get(keyword) or []:
        yield from study.get("ReferencedSeriesSequence") or []


def _named(found: Iterable[Dataset]) -> frozenset[str]:
    """Return the SOP Instance UIDs of the objects of some series."""
    return frozenset(
        text(instance, "ReferencedSOPInstanceUID")
        for series in found
        for instance in series.get("ReferencedSOPSequence") or []
    )


def _grade(document: Dataset) -> Grade | None:
    """Return the grade that the report says, the worst where it says several."""
    said = [match for one in _comments(document) if (match := GRADE.fullmatch(one))]
    return max((Grade(match[1]) for match in said), default=None)


def _reservations(document: Dataset, grade: Grade | None) -> tuple[str, ...]:
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


def _groups(document: Dataset) -> Iterator[Dataset]:
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
    words = (text(said.get(code, Dataset()), "TextValue") for code in SCANNER_CODES)
    scanner = dict(zip(SCANNER, map(str.strip, words), strict=True))
    between, down, across = (float(_number(said[code])) for code in SPACINGS)
    tesla = _number(said[FIELD_STRENGTH]) if FIELD_STRENGTH in said else ""
    return stated_protocol(scanner, tesla, (between, down, across))


def _number(item: Dataset) -> str:
    return text(item.MeasuredValueSequence[0], "NumericValue")


def _measurements(group: Dataset) -> Iterator[Measurement]:
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


def _laterality(groups: Sequence[Dataset]) -> Code | None:
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
