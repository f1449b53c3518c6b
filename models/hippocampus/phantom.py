"""A whole synthetic MR study: a T1 series of a head and a HippoCrop with known truth.

Run ``python -m models.hippocampus.phantom FOLDER --seed N`` to write one. Equal
seeds give equal files and UIDs, different seeds different patients. No data and no
learned weights are needed; a phantom never enters training.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid
from scipy import ndimage

from models.hippocampus.phantom_image import SHAPE, phantom
from models.hippocampus.preprocess import Shape

__all__ = ["phantom", "write_study"]

HEAD_SHAPE: Shape = (64, 128, 128)
HEAD_SPACING_MM = (2.5, 1.8, 1.8)
IMPLEMENTATION_UID = generate_uid(entropy_srcs=["pacs-ai-node phantom"])

# Elements of the MR Image module (DICOM PS3.3 C.8.3.1) that both series share.
SEQUENCE = {
    "ScanningSequence": "GR",
    "SequenceVariant": "MP",
    "ScanOptions": "",
    "MRAcquisitionType": "3D",
    "SequenceName": "T1 MPR",
    "RepetitionTime": "2300",
    "EchoTime": "2.98",
    "EchoTrainLength": "1",
    "FlipAngle": "9",
    "MagneticFieldStrength": "3",
}


@dataclass(frozen=True, slots=True)
class _Series:
    """One series to write.

    Attributes
    ----------
    pixels
        ``(D, H, W)`` int16 in LPS: d to the head, h to the back, w to the left.
    origin_mm
        Image Position (Patient) of the first slice.
    headers
        What differs from the other series, by keyword.
    """

    folder: Path
    pixels: npt.NDArray[np.int16]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    headers: Mapping[str, Any]


def write_study(folder: Path, seed: int = 0, crop_shape: Shape = SHAPE) -> list[Path]:
    """Write the study of one synthetic patient and return its files.

    Two subfolders arise: ``t1`` with 64 axial slices of a whole head and
    ``hippocrop`` with the crop of `phantom`. As in the real studies, the crop has
    nominal geometry (identity orientation, 1 mm, positions ``(0, 0, n)``), carries
    the frame of reference of the head, and lacks series number, birth date and sex.

    Parameters
    ----------
    folder
        Is made when absent; files of equal name are overwritten.
    seed
        Chooses patient, pixels and UIDs.
    crop_shape
        ``(D, H, W)``: slices, rows and columns of the crop.
    """
    image, _ = phantom(seed, crop_shape)
    crop = image[:, ::-1, ::-1]  # RAS to LPS
    study = _study(seed)
    rows, columns = HEAD_SHAPE[1], HEAD_SHAPE[2]
    centred = (-columns / 2 * 1.8, -rows / 2 * 1.8, -HEAD_SHAPE[0] / 2 * 2.5)
    head = _Series(
        folder / "t1",
        _head(seed),
        HEAD_SPACING_MM,
        centred,
        _patient(seed) | {"SeriesDescription": "T1 MPRAGE", "SeriesNumber": "3"},
    )
    cropped = _Series(
        folder / "hippocrop",
        np.ascontiguousarray(crop).round().astype(np.int16),
        (1.0, 1.0, 1.0),
        (0.0, 0.0, 1.0),
        {"SeriesDescription": "HippoCrop", "SeriesNumber": None},
    )
    return [path for series in (head, cropped) for path in _write(series, study, seed)]


def _study(seed: int) -> dict[str, Any]:
    """Return what every image of the study says."""
    return {
        "StudyInstanceUID": _uid(seed, "study"),
        "FrameOfReferenceUID": _uid(seed, "frame of reference"),
        "StudyDate": "20260105",
        "StudyTime": "101500",
        "SeriesDate": "20260105",
        "SeriesTime": "101700",
        "AccessionNumber": f"PH{seed:08d}",
        "StudyID": "1",
        "StudyDescription": "MR head (synthetic)",
        "ReferringPhysicianName": "",
        "PatientName": f"Phantom^Seed{seed}",
        "PatientID": f"PHANTOM-{seed:06d}",
        "Manufacturer": "Phantom",
        "ManufacturerModelName": "Procedural",
        "PositionReferenceIndicator": "",
        "BodyPartExamined": "BRAIN",
        "PatientPosition": "HFS",
    }


def _patient(seed: int) -> dict[str, str]:
    """Return what only the head series knows of the patient."""
    born = 1940 + seed % 40
    return {
        "PatientBirthDate": f"{born}0101",
        "PatientSex": "FM"[seed % 2],
        "PatientAge": f"{2026 - born:03d}Y",
    }


def _uid(seed: int, *parts: object) -> str:
    """Return a UID that depends on nothing but the seed and the name of its object."""
    return str(generate_uid(entropy_srcs=["phantom", str(seed), *map(str, parts)]))


def _head(seed: int) -> npt.NDArray[np.int16]:
    """Draw a head of nested ellipsoids, ``(D, H, W)`` in LPS, T1-like."""
    axes = [
        (np.arange(size) - (size - 1) / 2) * spacing
        for size, spacing in zip(HEAD_SHAPE, HEAD_SPACING_MM, strict=True)
    ]
    d, h, w = np.meshgrid(*axes, indexing="ij")
    image = np.zeros(HEAD_SHAPE)
    layers = ((72, 98, 80, 170), (67, 92, 74, 20), (63, 87, 69, 95), (57, 80, 62, 150))
    for high, long, wide, value in layers:  # scalp, skull, cortex, white matter
        image[(d / high) ** 2 + (h / long) ** 2 + (w / wide) ** 2 <= 1] = value
    for side in (-1, 1):
        ventricle = (d - 8) ** 2 / 15**2 + h**2 / 35**2 + (w - 12 * side) ** 2 / 7**2
        image[ventricle <= 1] = 25
        hippocampus = (d + 18) ** 2 / 7**2 + h**2 / 22**2 + (w - 28 * side) ** 2 / 8**2
        image[hippocampus <= 1] = 90
    image = ndimage.gaussian_filter(image, 0.7)
    noisy = image + np.random.default_rng(seed).normal(0, 3, HEAD_SHAPE)
    return np.clip(noisy, 0, None).round().astype(np.int16)


def _write(series: _Series, study: Mapping[str, Any], seed: int) -> list[Path]:
    """Write one file per slice."""
    series.folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, pixels in enumerate(series.pixels, start=1):
        ds = _image(series, study, number, pixels)
        ds.SeriesInstanceUID = _uid(seed, ds.SeriesDescription)
        ds.SOPInstanceUID = _uid(
            seed, ds.SeriesDescription, series.pixels.shape, number
        )
        path = series.folder / f"{number:03d}.dcm"
        _save(ds, path)
        paths.append(path)
    return paths


def _image(
    series: _Series,
    study: Mapping[str, Any],
    number: int,
    pixels: npt.NDArray[np.int16],
) -> Dataset:
    """Return one MR image (DICOM PS3.3 A.4) without its UIDs."""
    ds = Dataset()
    for keyword, value in {**study, **SEQUENCE, **series.headers}.items():
        setattr(ds, keyword, value)
    x, y, z = series.origin_mm
    thickness, row_mm, column_mm = series.spacing_mm
    ds.SOPClassUID = MRImageStorage
    ds.Modality = "MR"
    ds.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    ds.InstanceNumber = number
    ds.ImagePositionPatient = [x, y, z + (number - 1) * thickness]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.SliceThickness = thickness
    ds.PixelSpacing = [row_mm, column_mm]
    ds.Rows, ds.Columns = pixels.shape
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit = 15
    ds.PixelRepresentation = 1
    ds.WindowCenter, ds.WindowWidth = 100, 200
    ds.PixelData = pixels.astype("<i2").tobytes()
    return ds


def _save(ds: Dataset, path: Path) -> None:
    """Write a Part 10 file that does not depend on when or where it is written."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    file = FileDataset(path, ds, preamble=b"\0" * 128, file_meta=meta)
    file.save_as(path, enforce_file_format=True)


def main() -> None:
    """Write the study that the command line asks for."""
    parser = argparse.ArgumentParser(description="Write a synthetic MR study.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--crop", type=int, nargs=3, default=SHAPE, metavar=("D", "H", "W")
    )
    options = parser.parse_args()
    depth, height, width = options.crop
    files = write_study(options.folder, options.seed, (depth, height, width))
    sys.stdout.write(f"{options.folder}: a synthetic study of {len(files)} images\n")


if __name__ == "__main__":
    main()
