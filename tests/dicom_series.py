"""Write a small, valid DICOM series for a test, with pydicom alone.

The same arguments give the same bytes: UIDs are hashed from what is asked for.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    CTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""Image Orientation (Patient) of an axial slice: rows to the left, columns back."""

PATIENT = {
    "PatientName": "Phantom^Test",
    "PatientID": "TEST-1",
    "PatientBirthDate": "19500102",
    "PatientSex": "F",
    "StudyDate": "20200103",
    "StudyTime": "101112",
    "AccessionNumber": "A1",
    "StudyID": "1",
    "ReferringPhysicianName": "",
}
MR = {
    "ScanningSequence": "GR",
    "SequenceVariant": "SP",
    "ScanOptions": "",
    "MRAcquisitionType": "3D",
    "RepetitionTime": "8",
    "EchoTime": "3",
    "EchoTrainLength": "1",
    "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
}
CT = {
    "KVP": "120",
    "AcquisitionNumber": "1",
    "RescaleIntercept": "0",
    "RescaleSlope": "1",
    "RescaleType": "HU",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
}


@dataclass(frozen=True)
class Grid:
    """Where the voxels lie: spacing ``(d, h, w)`` in mm, orientation, first position.

    ``step_mm`` is the LPS vector from slice to slice; by default it lies along the
    normal (row x column), as a scanner without tilt makes it.
    """

    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    orientation: Sequence[float] = AXIAL
    origin_mm: Sequence[float] = (0.0, 0.0, 0.0)
    step_mm: Sequence[float] | None = None

    def position_mm(self, slice_index: int) -> npt.NDArray[np.float64]:
        """Return Image Position (Patient) of one slice, LPS millimetres."""
        step = self.step_mm
        if step is None:
            normal = np.cross(self.orientation[:3], self.orientation[3:])
            step = (normal * self.spacing_mm[0]).tolist()
        origin = np.asarray(self.origin_mm, dtype=np.float64)
        return origin + slice_index * np.asarray(step, dtype=np.float64)

    @classmethod
    def of_affine(cls, affine: npt.NDArray[np.float64]) -> Grid:
        """Return the grid of an affine from voxel ``(d, h, w)`` to LPS mm."""
        lengths = np.linalg.norm(affine[:3, :3], axis=0)
        row, column = affine[:3, 2] / lengths[2], affine[:3, 1] / lengths[1]
        return cls(
            spacing_mm=(float(lengths[0]), float(lengths[1]), float(lengths[2])),
            orientation=(*row.tolist(), *column.tolist()),
            origin_mm=affine[:3, 3].tolist(),
            step_mm=affine[:3, 0].tolist(),
        )


def write_series(
    folder: Path,
    array: npt.NDArray[Any],
    affine: npt.NDArray[np.float64] | None = None,
    *,
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0),
    orientation: Sequence[float] = AXIAL,
    origin_mm: Sequence[float] = (0.0, 0.0, 0.0),
    modality: str = "MR",
    description: str = "Phantom",
    study_uid: str | None = None,
    series_uid: str | None = None,
    transfer_syntax: str = ExplicitVRLittleEndian,
    shuffle_names: bool = False,
    **tags: Any,
) -> list[Path]:
    """Write ``array`` as one file per slice and return the paths in slice order.

    Parameters
    ----------
    array
        ``(D, H, W)`` of an 8 or 16 bit integer type, stored as it is.
    affine
        Voxel ``(d, h, w)`` to LPS millimetres; instead of the three next arguments.
    spacing_mm, orientation, origin_mm
        Spacing ``(d, h, w)``, Image Orientation (Patient), position of slice 0.
    shuffle_names
        Name the files in an order that is not the order of the slices.
    transfer_syntax
        Any native, deflated, RLE, JPEG-LS or JPEG 2000 one; JPEG 2000 needs planes
        of 32 x 32 at least.
    tags
        DICOM keywords set on every slice; None leaves the element out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    grid = Grid(spacing_mm, orientation, origin_mm)
    if affine is not None:
        grid = Grid.of_affine(affine)
    study_uid = study_uid or uid("study", tags.get("PatientID", "TEST-1"))
    series_uid = series_uid or uid(study_uid, modality, description)
    names = _names(len(array), shuffled=shuffle_names)
    paths = []
    for index, plane in enumerate(array):
        ds = _common(modality, study_uid, series_uid)
        ds.SeriesDescription = description
        _place(ds, grid, index)
        ds.SOPInstanceUID = uid(series_uid, str(index))
        _pixels(ds, plane, transfer_syntax)
        _overwrite(ds, tags)
        paths.append(save(ds, folder / names[index], transfer_syntax))
    return paths


def uid(*parts: str) -> str:
    """Return the UID that stands for these words, always the same."""
    return str(generate_uid(entropy_srcs=list(parts)))


def save(ds: Dataset, path: Path, transfer_syntax: str) -> Path:
    """Write a data set as a Part 10 file, compressing it when the syntax says so."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = UID(transfer_syntax)
    if ds.file_meta.TransferSyntaxUID.is_compressed and transfer_syntax != DEFLATED:
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.compress(transfer_syntax, generate_instance_uid=False)
    ds.save_as(path, enforce_file_format=True)
    return path


DEFLATED = "1.2.840.10008.1.2.1.99"


def _names(count: int, *, shuffled: bool) -> list[str]:
    names = [f"{index}.dcm" for index in range(count)]
    if shuffled:
        random.Random(count).shuffle(names)  # noqa: S311 - not a secret
    return names


def _common(modality: str, study_uid: str, series_uid: str) -> Dataset:
    ds = Dataset()
    ds.SOPClassUID = CTImageStorage if modality == "CT" else MRImageStorage
    _overwrite(ds, PATIENT | (CT if modality == "CT" else MR))
    ds.Modality = modality
    ds.StudyInstanceUID = study_uid
    ds.SeriesInstanceUID = series_uid
    ds.FrameOfReferenceUID = uid(study_uid, "frame of reference")
    ds.PositionReferenceIndicator = ""
    ds.SeriesNumber = "1"
    ds.PatientPosition = "HFS"
    ds.Manufacturer = "Test"
    ds.BodyPartExamined = "CHEST" if modality == "CT" else "BRAIN"
    return ds


def _place(ds: Dataset, grid: Grid, index: int) -> None:
    ds.InstanceNumber = str(index + 1)
    ds.ImagePositionPatient = [_decimal(v) for v in grid.position_mm(index)]
    ds.ImageOrientationPatient = [_decimal(v) for v in grid.orientation]
    ds.PixelSpacing = [_decimal(v) for v in grid.spacing_mm[1:]]
    ds.SliceThickness = _decimal(grid.spacing_mm[0])


def _decimal(value: float) -> str:
    """Write a number as a decimal string of at most 16 characters (VR DS)."""
    text = repr(round(float(value), 10))
    return text if len(text) <= 16 else f"{value:.9g}"


def _pixels(ds: Dataset, plane: npt.NDArray[Any], transfer_syntax: str) -> None:
    if plane.dtype.kind not in "iu" or plane.dtype.itemsize > 2:
        raise TypeError(f"pixels are 8 or 16 bit integers, not {plane.dtype}")
    bits = plane.dtype.itemsize * 8
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = plane.shape
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelRepresentation = int(plane.dtype.kind == "i")
    big = transfer_syntax == ExplicitVRBigEndian
    stored = plane.dtype.newbyteorder(">" if big else "<")
    content = plane.astype(stored).tobytes()
    ds.add_new("PixelData", "OW", content + b"\0" * (len(content) % 2))
    if bits == 8 and not UID(transfer_syntax).is_implicit_VR:
        ds["PixelData"].VR = "OB"


def _overwrite(ds: Dataset, tags: dict[str, Any]) -> None:
    for keyword, value in tags.items():
        if value is None:
            ds.pop(keyword, None)
        else:
            setattr(ds, keyword, value)
