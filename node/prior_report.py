"""An earlier report of ours read back: the numbers of a TID 1500 SR, and whose it is.

The SR is what was said then. It is read wherever it lies, so that a result of this
ledger and one that only the archive still has are the same thing to a model.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pydicom import Dataset, dcmread

from models.history import Prior
from models.terms import Grade
from models.volume.headers import quiet, text
from models.volume.part10 import check_inflation
from models.volume.person import real_date
from node.equipment import MANUFACTURER, PROCESSING_EQUIPMENT
from node.person import Person
from node.prior_content import (
    NoReportError,
    grade_in,
    groups_in,
    laterality_in,
    measurements_in,
    protocol_in,
    reservations_in,
)
from node.protocol import known

COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34"
KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"

REJECTIONS = frozenset({"113001", "113037", "113038"})
"""Titles of key objects by which images or results were wrong (DCM, PS3.16 CID 7010):
rejected for quality, for patient safety, incorrect worklist entry. Data Retention
Policy Expired (113039) says that they are old."""

MOST_BYTES = 16 << 20
"""A report of ours has some hundred kilobytes; more is none."""

MOST_REJECTED = 100_000
"""Objects that one note may reject: an exam has some thousand images."""


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
        said = known(protocol) or self.prior.protocol
        return replace(self, prior=replace(self.prior, protocol=said))


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

    Raises
    ------
    NoReportError
        It is one, and cannot be understood, or names too much.
    """
    try:
        rejected = _rejected_in(document)
    except Exception as error:  # noqa: BLE001 - a library meets foreign bytes
        raise NoReportError(type(error).__name__) from None
    if len(rejected) > MOST_REJECTED:
        raise NoReportError("a note rejects too much")
    return rejected


def _rejected_in(document: Dataset) -> frozenset[str]:
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
    groups = list(groups_in(document))
    prior = Prior(
        study_instance_uid=text(document, "StudyInstanceUID"),
        sr_instance_uid=text(document, "SOPInstanceUID"),
        study_date=scanned,
        source=source,
        model_version=_version(maker, model),
        device_uid=text(maker, "DeviceUID"),
        measurements=tuple(m for group in groups for m in measurements_in(group)),
        protocol=protocol_in(document),
        laterality=laterality_in(groups),
        sr_series_instance_uid=text(document, "SeriesInstanceUID"),
    )
    grade = grade_in(document)
    return PriorReport(
        prior,
        Person.of(document),
        model,
        _named(_series_in(document, "PredecessorDocumentsSequence")),
        made_at=(text(document, "ContentDate"), text(document, "ContentTime")),
        sources=_named(_evidence(document)),
        grade=grade,
        reservations=reservations_in(document, grade),
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
