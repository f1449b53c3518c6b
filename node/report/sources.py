"""The source headers as our objects quote them.

What is not in ``COPIED`` is written into no object. The files and the data sets of
the study are never changed: everything here is a copy in memory.
"""

from __future__ import annotations

from pydicom import Dataset

from models.contract import Volume
from models.volume.headers import quiet
from models.volume.series import Demographics, StudyHeaders, demographics
from node.errors import JobError
from node.report.provenance import frame_of_reference_uid

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
    "MagneticFieldStrength",
    "SequenceName",
    "ScanningSequence",
    "RepetitionTime",
    "EchoTime",
    # SOP Common (C.12.1), Frame of Reference (C.7.4.1), Image Plane (C.7.6.2)
    "SOPClassUID",
    "SOPInstanceUID",
    "InstanceNumber",
    "TimezoneOffsetFromUTC",
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
"""Keywords that may pass from the source into our objects and onto the page."""

SHARED = ("PixelSpacing", "SliceThickness", "ImageOrientationPatient")
"""Equal in all slices of a proven grid, but for rounding in the last digits."""

TYPE_2 = ("StudyID", "ReferringPhysicianName")
"""Must be present in our objects, empty where the study does not say."""


@quiet()
def source_headers(study: StudyHeaders, volume: Volume) -> list[Dataset]:
    """Return one patched header per slice of ``volume``, in slice order.

    What the series lacks about the person is taken from its siblings; geometry that
    differs only by rounding is made equal; nothing is guessed.

    Raises
    ------
    JobError
        ``multi_frame_unsupported``: the slices are not one instance each.
    """
    series = volume.series
    if len(series.instances) != volume.shape[0]:
        raise JobError("multi_frame_unsupported", "a slice is not one instance")
    person = demographics(study, series.series_instance_uid)
    datasets = [study.datasets[i.sop_instance_uid] for i in series.instances]
    copies = [_copy(dataset) for dataset in datasets]
    for copy in copies:
        _fill_person(copy, person)
        _share_geometry(copy, copies[0], volume)
    return copies


def _copy(dataset: Dataset) -> Dataset:
    copy = Dataset()
    copy.SpecificCharacterSet = UTF_8
    for keyword in COPIED:
        if keyword in dataset:
            element = dataset[keyword]  # a new element: setting it leaves the source
            copy.add_new(element.tag, element.VR, element.value)
    return copy


def _fill_person(copy: Dataset, person: Demographics) -> None:
    copy.PatientID = person.patient_id
    copy.PatientBirthDate = person.birth_date
    copy.PatientSex = person.sex if person.sex in {"M", "F", "O"} else ""
    copy.StudyDate = person.study_date
    copy.StudyTime = person.study_time
    copy.AccessionNumber = person.accession_number
    if person.issuer_of_patient_id:
        copy.IssuerOfPatientID = person.issuer_of_patient_id
    if not copy.get("PatientName"):
        copy.PatientName = person.patient_name
    if person.age_years is not None:
        copy.PatientAge = age_string(person.age_years)
    for keyword in TYPE_2:
        if keyword not in copy:
            setattr(copy, keyword, "")


def age_string(years: float) -> str:
    """Return an Age String (PS3.5 6.2) in completed years, or months under two.

    >>> age_string(72.9), age_string(0.5)
    ('072Y', '006M')
    """
    return f"{int(years):03d}Y" if years >= 2 else f"{int(years * 12):03d}M"


def _share_geometry(copy: Dataset, first: Dataset, volume: Volume) -> None:
    for keyword in SHARED:
        if keyword in first:
            setattr(copy, keyword, first[keyword].value)
    if not copy.get("SliceThickness"):
        copy.SliceThickness = f"{volume.spacing_mm[0]:.6g}"
    if not copy.get("FrameOfReferenceUID"):
        series = volume.series.series_instance_uid
        copy.FrameOfReferenceUID = frame_of_reference_uid(series)
    if "PositionReferenceIndicator" not in copy:
        copy.PositionReferenceIndicator = ""
