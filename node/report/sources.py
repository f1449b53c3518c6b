"""The source headers as our objects quote them.

What is not in ``COPIED`` is written into no object. The files and the data sets of
the study are never changed: everything here is a copy in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from pydicom import DataElement, Dataset
from pydicom.datadict import tag_for_keyword

from models.contract import Volume
from models.volume.headers import guarded, quiet, text, valid_uid
from models.volume.series import Demographics, StudyHeaders, demographics
from node.errors import JobError
from node.report.dates import (
    age_at,
    age_or_empty,
    date_or_empty,
    offset_or_none,
    time_or_empty,
    written_offset,
)
from node.report.frames import stand_in
from node.report.provenance import frame_of_reference_uid

CODE = (
    "CodeValue",
    "LongCodeValue",
    "URNCodeValue",
    "CodingSchemeDesignator",
    "CodingSchemeVersion",
    "CodeMeaning",
)
ISSUER = ("LocalNamespaceEntityID", "UniversalEntityID", "UniversalEntityIDType")

COPIED_OF_ITEMS = CODE + ISSUER
"""Keywords that may pass in the items of a sequence (PS3.3 8.8, 10.14).

The UIDs of a code, such as Context UID, say nothing that the code does not: they are
left out, and so is whatever else somebody wrote into an item.
"""

UTF_8 = "ISO_IR 192"
"""All our objects are written in UTF-8: any name is the same in each of them."""

COPIED = (
    # Patient (PS3.3 C.7.1.1) and Patient Study (C.7.2.2)
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "PatientSize",
    "PatientWeight",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    # General Study (C.7.2.1)
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "StudyID",
    "StudyDescription",
    "ReferringPhysicianName",
    "ProcedureCodeSequence",
    # General Series (C.7.3.1), General Equipment (C.7.5.1) and MR Image (C.8.3.1)
    "Modality",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDescription",
    "ProtocolName",
    "BodyPartExamined",
    "PatientPosition",
    "Manufacturer",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "ContrastBolusAgent",
    "MagneticFieldStrength",
    "SequenceName",
    "ScanningSequence",
    "SequenceVariant",
    "RepetitionTime",
    "EchoTime",
    "InversionTime",
    # SOP Common (C.12.1), Frame of Reference (C.7.4.1), Image Plane (C.7.6.2)
    "SOPClassUID",
    "SOPInstanceUID",
    "InstanceNumber",
    "FrameOfReferenceUID",
    "PositionReferenceIndicator",
    "Rows",
    "Columns",
    "PixelSpacing",
    "SliceThickness",
    "SpacingBetweenSlices",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    # General Image (C.7.6.1)
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
)
"""Keywords that may pass from the source into our objects and onto the page.

Timezone Offset From UTC (0008,0201) passes too, where it is one and undisputed.
"""

SHARED = ("PixelSpacing", "SliceThickness", "ImageOrientationPatient")
"""Equal in all slices of a proven grid, but for rounding in the last digits."""

STATED: Mapping[str, Callable[[str], str]] = {
    "DA": date_or_empty,
    "TM": time_or_empty,
    "AS": age_or_empty,
}
"""What is left of a value that its VR does not allow."""

TYPE_2 = ("StudyID", "ReferringPhysicianName")
"""Must be present in our objects, empty where the study does not say."""


@quiet()
def source_headers(study: StudyHeaders, volume: Volume) -> list[Dataset]:
    """Return one patched header per slice of ``volume``, in slice order.

    Who was scanned is what ``demographics`` says, in each of them. What the series
    lacks about the time zone is taken from its siblings; geometry that differs only
    by rounding is made equal; nothing is guessed. A frame of a multi-frame image
    stands in for a single image (``frames.py``).

    Raises
    ------
    JobError
        ``findings_off_grid``: the slices are not one instance or frame each.
    """
    series = volume.series
    if len(series.instances) != volume.shape[0]:
        raise JobError("findings_off_grid", "a slice is not one instance or frame")
    person = demographics(study, series.series_instance_uid)
    datasets = [study.header(instance) for instance in series.instances]
    frame = _frame_of_reference(datasets, series.series_instance_uid)
    offset = _stated_offset(datasets) or _stated_offset(study.datasets.values())
    copies = [_copy(dataset) for dataset in datasets]
    for copy, instance in zip(copies, series.instances, strict=True):
        stand_in(copy, instance)
        _fill_person(copy, person)
        if offset:
            copy.TimezoneOffsetFromUTC = offset
        _share_geometry(copy, copies[0], volume)
        copy.add_new("FrameOfReferenceUID", "UI", frame)
    return copies


def _copy(dataset: Dataset) -> Dataset:
    copy = Dataset()
    copy.SpecificCharacterSet = UTF_8
    for keyword in COPIED:
        element = guarded(partial(dataset.get, tag_for_keyword(keyword)))
        if isinstance(element, DataElement):
            # A new element: setting it leaves the source as it is.
            copy.add_new(element.tag, element.VR, _value(element))
    return copy


def _value(element: DataElement) -> object:
    """Return a value without its old character set; a date that is none as ""."""
    if element.VR == "PN":
        names = element.value if element.VM > 1 else [element.value]
        return [str(name) for name in names]
    if element.VR in STATED:
        return STATED[element.VR](str(element.value))
    return list(map(_item, element.value)) if element.VR == "SQ" else element.value


def _item(item: Dataset) -> Dataset:
    """Return an item of a sequence, with what may pass of it."""
    copy = Dataset()
    for keyword in COPIED_OF_ITEMS:
        value = text(item, keyword)
        if value:
            setattr(copy, keyword, value)
    return copy


def _frame_of_reference(datasets: Iterable[Dataset], series_instance_uid: str) -> str:
    """Return the one frame of reference that the slices name, else one of the series.

    What is no UID (PS3.5 9.1), and several values, name none: a text in its place
    may be a patient, and is written nowhere. A frame that is hashed from the UID of
    the series instead belongs to this series only.
    """
    named = {valid_uid(dataset, "FrameOfReferenceUID") for dataset in datasets} - {""}
    return (
        named.pop() if len(named) == 1 else frame_of_reference_uid(series_instance_uid)
    )


def _stated_offset(datasets: Iterable[Dataset]) -> str:
    """Return the Timezone Offset From UTC that the data sets agree on, else ""."""
    stated = {offset_or_none(text(ds, "TimezoneOffsetFromUTC")) for ds in datasets}
    known = [offset for offset in stated if offset is not None]
    return written_offset(known[0]) if len(known) == 1 else ""


def _fill_person(copy: Dataset, person: Demographics) -> None:
    copy.PatientName = person.patient_name
    copy.PatientID = person.patient_id
    copy.PatientBirthDate = date_or_empty(person.birth_date)
    copy.PatientSex = person.sex if person.sex in {"M", "F", "O"} else ""
    copy.StudyDate = date_or_empty(person.study_date)
    copy.StudyTime = time_or_empty(person.study_time)
    copy.AccessionNumber = person.accession_number
    if person.issuer_of_patient_id:
        copy.IssuerOfPatientID = person.issuer_of_patient_id
    else:  # its own may stand beside no ID, and would become that of a sibling's
        copy.pop("IssuerOfPatientID", None)
    _fill_age(copy, person)
    for keyword in TYPE_2:
        if keyword not in copy:
            setattr(copy, keyword, "")


def _fill_age(copy: Dataset, person: Demographics) -> None:
    """Set the age on the day of the study: counted, else as a series states it."""
    counted = age_at(copy.PatientBirthDate, copy.StudyDate)
    age = counted or age_or_empty(person.patient_age)
    if age:
        copy.PatientAge = age
    else:
        copy.pop("PatientAge", None)


def _share_geometry(copy: Dataset, first: Dataset, volume: Volume) -> None:
    for keyword in SHARED:
        if keyword in first:
            setattr(copy, keyword, first[keyword].value)
    if not copy.get("SliceThickness"):
        copy.SliceThickness = f"{volume.spacing_mm[0]:.6g}"
    if "PositionReferenceIndicator" not in copy:
        copy.PositionReferenceIndicator = ""
