"""The object of the self-test: a Secondary Capture of nobody, 64 grey pixels."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
    generate_uid,
)

from node.equipment import MANUFACTURER, PROCESSING_EQUIPMENT

PATIENT_NAME = "SELF-TEST^PACS-AI-NODE"
PATIENT_ID = "PACS-AI-NODE-SELF-TEST"
SIDE = 8


def write_specimen(path: Path) -> str:
    """Write the object (PS3.3 A.8.1) and return its SOP Instance UID.

    Study, series and instance are new each time. It has no Study Date, so that no
    search by date finds it, and the mark by which a node knows its own.
    """
    ds = _object()
    ds.save_as(path, enforce_file_format=True)
    return str(ds.SOPInstanceUID)


def _object() -> Dataset:
    now = datetime.now(UTC)
    ds = Dataset()
    ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.SOPInstanceUID = generate_uid(prefix=None)  # 2.25, and a random number
    ds.StudyInstanceUID = generate_uid(prefix=None)
    ds.SeriesInstanceUID = generate_uid(prefix=None)
    ds.PatientName, ds.PatientID = PATIENT_NAME, PATIENT_ID
    ds.PatientBirthDate = ds.PatientSex = ""
    ds.StudyDate = ds.StudyTime = ds.AccessionNumber = ""
    ds.ReferringPhysicianName = ds.StudyID = ""
    ds.StudyDescription = ds.SeriesDescription = "Self-test of pacs-ai-node"
    ds.Modality, ds.ConversionType = "OT", "SYN"
    ds.SeriesNumber = ds.InstanceNumber = 1
    ds.PatientOrientation = None
    ds.InstanceCreationDate = f"{now:%Y%m%d}"
    ds.InstanceCreationTime = f"{now:%H%M%S}"
    ds.ContributingEquipmentSequence = [_equipment()]
    _draw(ds)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def _equipment() -> Dataset:
    purpose = Dataset()
    purpose.CodeValue = PROCESSING_EQUIPMENT
    purpose.CodingSchemeDesignator = "DCM"
    purpose.CodeMeaning = "Processing Equipment"
    item = Dataset()
    item.Manufacturer = MANUFACTURER
    item.PurposeOfReferenceCodeSequence = [purpose]
    return item


def _draw(ds: Dataset) -> None:
    """Add the pixels: an even grey (PS3.3 C.7.6.3)."""
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = SIDE
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    ds.PixelData = bytes([128]) * SIDE**2
