"""Studies for the benchmarks: small ones of one crop, large ones of six series.

Every study is of another synthetic patient. Nothing in them but the crop looks like
anything: the whole series are noise, which costs as much to read as a head.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import FileDataset, dcmread
from pydicom.uid import generate_uid

from models.hippocampus.phantom import write_study

CROP = "HippoCrop"
"""Series Description of the one series that the model reads."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole series to write: ``shape`` is ``(D, H, W)``, spacing in that order."""

    description: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]


FINE = (1.0, 1.0, 1.0)
THICK = (5.5, 0.45, 0.45)
WHOLE_SERIES = (
    Whole("T1 MPRAGE", (160, 256, 256), FINE),
    Whole("T1 MPRAGE CE", (160, 256, 256), FINE),
    Whole("FLAIR 3D", (160, 256, 256), FINE),
    Whole("T2 TSE", (24, 512, 512), THICK),
    Whole("T2 FLASH", (24, 512, 512), THICK),
)
"""What lies beside the crop in a large study: 528 images of 88 MB in all."""


def write_small(folder: Path, seed: int) -> Path:
    """Write a study of one crop; return its folder."""
    write_study(folder, seed)
    shutil.rmtree(folder / "t1")
    return folder


def write_large(folder: Path, seed: int, whole: Sequence[Whole] = WHOLE_SERIES) -> Path:
    """Write a study of whole series and a crop; return its folder."""
    write_small(folder, seed)
    template = dcmread(next((folder / "hippocrop").iterdir()))
    rng = np.random.default_rng(seed)
    for number, series in enumerate(whole, start=1):
        pixels = rng.integers(0, 1000, series.shape, np.uint16)
        _write(folder / f"series{number}", template, number, series, pixels)
    return folder


def _write(
    folder: Path,
    template: FileDataset,
    number: int,
    series: Whole,
    pixels: npt.NDArray[np.uint16],
) -> None:
    """Write one file per slice, all from the header of ``template``."""
    folder.mkdir()
    ds = deepcopy(template)
    thickness, row_mm, column_mm = series.spacing_mm
    ds.SeriesInstanceUID = _uid(ds.StudyInstanceUID, number)
    ds.SeriesNumber, ds.SeriesDescription = number, series.description
    ds.FrameOfReferenceUID = _uid(ds.StudyInstanceUID, "scanner")
    ds.SliceThickness, ds.PixelSpacing = thickness, [row_mm, column_mm]
    ds.Rows, ds.Columns = pixels.shape[1:]
    ds.PixelRepresentation = 0
    for index, plane in enumerate(pixels, start=1):
        ds.InstanceNumber = index
        ds.SOPInstanceUID = _uid(ds.SeriesInstanceUID, index)
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.ImagePositionPatient = [-115.0, -115.0, index * thickness - 80.0]
        ds.PixelData = plane.astype("<u2").tobytes()
        ds.save_as(folder / f"{index:03d}.dcm")


def _uid(*parts: object) -> str:
    return str(generate_uid(entropy_srcs=["benchmark", *map(str, parts)]))
