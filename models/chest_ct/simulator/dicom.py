"""A simulated study as the DICOM series a scanner would send, or as a ZIP of it.

CT Image Storage (PS3.3 A.3), one file per slice, valid to dciodvfy. What differs from
scanner to scanner differs here too: order of the files, orientation of a prone
patient's images, padding, and whether Body Part Examined is there at all.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from models.chest_ct.simulator.kinds import SimulatedStudy

IMPLEMENTATION_UID = generate_uid(entropy_srcs=["chest CT simulator"])

STORED_INTERCEPT = -1024
"""HU of a stored 0 where no padding lies lower."""

ZIP_DATE = (2026, 1, 5, 10, 15, 0)

Pixels = npt.NDArray[np.int16]


def write_dicom(study: SimulatedStudy, folder: Path) -> list[Path]:
    """Write one file per slice and return them.

    Parameters
    ----------
    folder
        Is made when absent; files of equal name are overwritten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in _files(study):
        path = folder / name
        path.write_bytes(content)
        paths.append(path)
    return paths


def write_zip(study: SimulatedStudy, path: Path) -> Path:
    """Write the series as a ZIP; equal studies give equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _files(study):
            entry = zipfile.ZipInfo(f"{study.study}/{name}", ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return path


def _files(study: SimulatedStudy) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each slice, in the order of acquisition."""
    shared = _shared(study)
    depth = len(study.volume.array)
    seed = study.acquisition.seed
    feet_first = seed % 7 == 0
    order = range(depth - 1, -1, -1) if seed % 3 else range(depth)
    for number, index in enumerate(order, start=1):
        ds = _image(study, shared, index)
        ds.PatientPosition = _position(study, feet_first=feet_first)
        ds.InstanceNumber = number
        ds.SOPInstanceUID = generate_uid(
            entropy_srcs=[study.volume.series.series_instance_uid, str(index)]
        )
        yield f"IM{number:04d}.dcm", _encoded(ds)


def _position(study: SimulatedStudy, *, feet_first: bool) -> str:
    return ("FF" if feet_first else "HF") + ("P" if study.acquisition.prone else "S")


def _shared(study: SimulatedStudy) -> Mapping[str, Any]:
    """Return what every image of the series says."""
    series, acquisition = study.volume.series, study.acquisition
    seed = acquisition.seed
    shared: dict[str, Any] = {
        "SOPClassUID": CTImageStorage,
        "StudyInstanceUID": series.study_instance_uid,
        "SeriesInstanceUID": series.series_instance_uid,
        "FrameOfReferenceUID": generate_uid(
            entropy_srcs=[series.series_instance_uid, "frame of reference"]
        ),
        "StudyDate": "20260105",
        "StudyTime": "101500",
        "SeriesDate": "20260105",
        "SeriesTime": "101700",
        "AcquisitionDate": "20260105",
        "AcquisitionTime": "101700",
        "ContentDate": "20260105",
        "ContentTime": "101700",
        "AccessionNumber": "",
        "StudyID": "1",
        "SeriesNumber": 2,
        "AcquisitionNumber": 1,
        "StudyDescription": "CT (simulated)",
        "SeriesDescription": f"{acquisition.thickness_mm:g} mm {acquisition.kernel}",
        "ReferringPhysicianName": "",
        "PatientName": f"Simulated^{study.patient}",
        "PatientID": study.patient,
        "PatientBirthDate": "",
        "PatientSex": "",
        "Manufacturer": "Simulator",
        "ManufacturerModelName": "Procedural thorax",
        "PositionReferenceIndicator": "",
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "KVP": "120",
        "ConvolutionKernel": acquisition.kernel,
        "SliceThickness": f"{acquisition.thickness_mm:g}",
        "RescaleType": "HU",
    }
    # without a body part, dciodvfy wants the side of it, even if empty
    missing, part = ("Laterality", ""), ("BodyPartExamined", "CHEST")
    return shared | dict([part if seed % 4 else missing])


def _image(study: SimulatedStudy, shared: Mapping[str, Any], index: int) -> Dataset:
    """Return one CT image without number and UID."""
    ds = Dataset()
    for keyword, value in shared.items():
        setattr(ds, keyword, value)
    plane, affine = study.volume.array[index], study.volume.affine
    corner, rows_down = np.array([index, 0, 0, 1.0]), 1
    if study.acquisition.prone:  # the scanner shows the table below: turned by 180°
        plane, rows_down = plane[::-1, ::-1], -1
        corner[1:3] = plane.shape[0] - 1, plane.shape[1] - 1
    ds.ImagePositionPatient = [f"{value:.6g}" for value in (affine @ corner)[:3]]
    ds.ImageOrientationPatient = [rows_down, 0, 0, 0, rows_down, 0]
    _, row_mm, column_mm = study.acquisition.spacing_mm
    ds.PixelSpacing = [f"{row_mm:.8g}", f"{column_mm:.8g}"]
    _set_pixels(ds, study, plane)
    return ds


def _set_pixels(
    ds: Dataset, study: SimulatedStudy, plane: npt.NDArray[np.generic]
) -> None:
    """Store HU as signed integers, with an intercept as half of the scanners have."""
    intercept = STORED_INTERCEPT if study.acquisition.seed % 2 else 0
    pixels: Pixels = (plane.astype(np.int32) - intercept).astype(np.int16)
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit = 15
    ds.PixelRepresentation = 1
    ds.RescaleIntercept, ds.RescaleSlope = str(intercept), "1"
    if study.acquisition.circle:
        ds.PixelPaddingValue = study.acquisition.padding_hu - intercept
    ds.WindowCenter, ds.WindowWidth = ["40", "-600"], ["400", "1500"]
    ds.PixelData = pixels.astype("<i2").tobytes()


def _encoded(ds: Dataset) -> bytes:
    """Return a Part 10 file that does not depend on when or where it is written."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    buffer = BytesIO()
    file = FileDataset(buffer, ds, preamble=b"\0" * 128, file_meta=meta)
    file.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
