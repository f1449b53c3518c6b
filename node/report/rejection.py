"""The rejection note: says in the archive that a result was taken back.

A Key Object Selection Document (PS3.3 A.35.4, TID 2010) as IHE's Imaging Object Change
Management (IOCM) uses it: its title is the reason, and it references exactly the
objects that are rejected.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from io import BytesIO
from types import MappingProxyType
from typing import NamedTuple

from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
from highdicom.sr import (
    CodedConcept,
    DeviceObserverIdentifyingAttributes,
    ObserverContext,
)
from pydicom import Dataset, dcmwrite
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

from models.terms import Code
from models.volume.headers import quiet
from node.config_reading import ReportSettings
from node.equipment import MANUFACTURER
from node.report.dates import at_offset, written_offset
from node.report.facts import site_offset
from node.report.provenance import result_uid, series_uid
from node.report.sop import NUMBERED
from node.report.sources import UTF_8
from node.report.stated import CONTROL

SERIES_DESCRIPTION = "AI result taken back"
UNNAMED = "2.25.0"
"""Stands for the UIDs until everything that they are hashed from is there."""

REASONS: Mapping[str, Code] = MappingProxyType(
    {
        "quality": Code("113001", "DCM", "Rejected for Quality Reasons"),
        "safety": Code("113037", "DCM", "Rejected for Patient Safety Reasons"),
    }
)
"""Titles of a rejection note that fit a result (PS3.16 CID 7010)."""

TAKEN_BACK = (
    "This AI result is taken back: do not rely on it. It is {model} {version}, and "
    "the objects that are listed here are all of it."
)

PERSON_AND_STUDY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
"""What every object has of them; may be empty."""

PASSED_ON = (
    "IssuerOfPatientID",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "StudyDescription",
)
"""Of the rejected object, where it has them."""


class Rejected(NamedTuple):
    """One object that is rejected; an image is referenced as one."""

    sop_class_uid: str
    sop_instance_uid: str
    series_instance_uid: str
    is_image: bool


@quiet()
def build_rejection(
    source: Dataset,
    rejected: Sequence[Rejected],
    title: Code,
    reason: str,
    rejected_at: datetime,
    settings: ReportSettings,
) -> Dataset:
    """Return the rejection note for one result; equal arguments give equal bytes.

    Parameters
    ----------
    source
        Header of one of the rejected objects: whose it is, and our equipment in it.
    rejected
        Every object of the result, in the order of their making.
    title
        One of ``REASONS``.
    reason
        In the words of the person who takes the result back; may be empty.
    rejected_at
        Aware; every date in the note comes from it.
    """
    made = at_offset(rejected_at, site_offset(source, settings))
    day, time = made.strftime("%Y%m%d"), made.strftime("%H%M%S")
    evidence = list(_evidence(source, rejected))
    note: Dataset = KeyObjectSelectionDocument(
        evidence=evidence,
        content=_content(source, evidence, title, reason),
        series_instance_uid=UNNAMED,
        series_number=settings.series_number + NUMBERED.index("KO"),
        sop_instance_uid=UNNAMED,
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=source.ManufacturerModelName,
        software_versions=_versions(source),
        device_serial_number=source.DeviceSerialNumber,
        transfer_syntax_uid=ExplicitVRLittleEndian,
        series_description=SERIES_DESCRIPTION,
        specific_character_set=UTF_8,
        content_date=day,
        content_time=time,
        series_date=day,
        series_time=time,
    )
    note.InstanceCreationDate, note.InstanceCreationTime = day, time
    _pass_on(source, note, settings)
    return _named(note)


def _evidence(source: Dataset, rejected: Sequence[Rejected]) -> Iterator[Dataset]:
    """Yield what the library takes for the objects: person and study with each."""
    for each in rejected:
        ds = Dataset()
        for keyword in PERSON_AND_STUDY:
            value = source.get(keyword)
            setattr(ds, keyword, None if value is None else str(value))
        ds.StudyInstanceUID = source.StudyInstanceUID
        ds.SOPClassUID = each.sop_class_uid
        ds.SOPInstanceUID = each.sop_instance_uid
        ds.SeriesInstanceUID = each.series_instance_uid
        if each.is_image:
            ds.Rows = ds.Columns = 1  # by these the library tells an image
        yield ds


def _content(
    source: Dataset, evidence: Sequence[Dataset], title: Code, reason: str
) -> KeyObjectSelection:
    """Return TID 2010: what is rejected, by which device, and why."""
    item = source.ContributingEquipmentSequence[0]
    model, _, version = str(item.SoftwareVersions[-1]).rpartition(" ")
    words = CONTROL.sub(" ", reason).strip()
    description = TAKEN_BACK.format(model=model, version=version)
    device = DeviceObserverIdentifyingAttributes(
        uid=item.DeviceUID, name=model, manufacturer_name=MANUFACTURER
    )
    return KeyObjectSelection(
        document_title=CodedConcept(title.value, title.scheme, title.meaning),
        referenced_objects=evidence,
        observer_device_context=ObserverContext(codes.DCM.Device, device),
        description=f"{description} Reason: {words}" if words else description,
    )


def _versions(source: Dataset) -> list[str]:
    versions = source.SoftwareVersions
    return [versions] if isinstance(versions, str) else list(versions)


def _pass_on(source: Dataset, note: Dataset, settings: ReportSettings) -> None:
    for keyword in PASSED_ON:
        if source.get(keyword):
            setattr(note, keyword, source.get(keyword))
    offset = site_offset(source, settings)
    if offset is not None:
        note.TimezoneOffsetFromUTC = written_offset(offset)
    equipment = deepcopy(source.ContributingEquipmentSequence)
    note.ContributingEquipmentSequence = equipment
    if settings.institution:
        note.InstitutionName = settings.institution


def _named(note: Dataset) -> Dataset:
    """Give the note UIDs that are hashed from all that it says.

    The identifier of the installation is in it, as the serial number of the device.
    """
    stream = BytesIO()
    dcmwrite(stream, note)
    digest = hashlib.sha256(stream.getvalue()).hexdigest()
    note.SOPInstanceUID = result_uid("KO", digest)
    note.SeriesInstanceUID = series_uid(note.SOPInstanceUID)
    note.file_meta.MediaStorageSOPInstanceUID = note.SOPInstanceUID
    return note
