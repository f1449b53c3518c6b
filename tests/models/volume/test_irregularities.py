"""Every irregularity that scanners and archives make: a named reason or an exact grid.

Each row of the two tables is written as files and read as a study, so that nothing
between the file and the volume can lose the reason. The rules themselves, and their
tolerances, are tested in ``test_geometry.py`` and ``test_acquisitions.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence
from pydicom.uid import MultiFrameGrayscaleWordSecondaryCaptureImageStorage

from models.contract import SeriesInfo
from models.volume.series import SeriesError, load_volume
from models.volume.study import read_study
from tests.dicom_series import save, uid, write_series
from tests.enhanced_series import Told, write_enhanced

ARRAY = np.arange(6 * 5 * 7, dtype=np.int16).reshape(6, 5, 7)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)

Write = Callable[[Path], list[Path]]


def affine_of(
    spacing_mm: tuple[float, float, float] = (2.0, 1.0, 1.0),
    step_mm: tuple[float, float, float] = (0.0, 0.0, 2.0),
) -> npt.NDArray[np.float64]:
    """Return an axial affine whose slices follow each other by ``step_mm``."""
    affine = np.eye(4)
    affine[:3, 0] = step_mm
    affine[:3, 1] = (0.0, spacing_mm[1], 0.0)
    affine[:3, 2] = (spacing_mm[2], 0.0, 0.0)
    affine[:3, 3] = (-20.0, 30.5, 7.0)
    return affine


def tilted(folder: Path) -> list[Path]:
    """Write a gantry tilt of 15 degrees."""
    drift = 2.0 * np.tan(np.radians(15.0))
    return write_series(folder, ARRAY, affine_of(step_mm=(0.0, drift, 2.0)))


def gapped(folder: Path) -> list[Path]:
    """Leave a slice out."""
    return [p for n, p in enumerate(write_series(folder, ARRAY)) if n != 2]


def doubled(folder: Path) -> list[Path]:
    """Write another image at the place of the third."""
    paths = write_series(folder, ARRAY)
    ds = dcmread(paths[2])
    ds.SOPInstanceUID = uid("the same place")
    return [*paths, save(ds, folder / "again.dcm", ds.file_meta.TransferSyntaxUID)]


def mixed(folder: Path) -> list[Path]:
    """Write half the slices axial and half of them sagittal."""
    paths = write_series(folder, ARRAY)
    for path in paths[3:]:
        ds = dcmread(path)
        ds.ImageOrientationPatient = list(SAGITTAL)
        ds.save_as(path)
    return paths


def single(folder: Path) -> list[Path]:
    """Write one slice."""
    return write_series(folder, ARRAY[:1])


def two_time_points(folder: Path) -> list[Path]:
    """Write the same places twice, told apart by the time point."""
    return _twice(folder, "TemporalPositionIdentifier")


def two_echoes(folder: Path) -> list[Path]:
    """Write the same places twice, told apart by the echo."""
    return _twice(folder, "EchoNumbers")


def two_acquisitions(folder: Path) -> list[Path]:
    """Write the same places twice, told apart by the acquisition."""
    return _twice(folder, "AcquisitionNumber")


def _twice(folder: Path, keyword: str) -> list[Path]:
    first: dict[str, Any] = {keyword: "1"}
    paths = write_series(folder, ARRAY, **first)
    for path in list(paths):
        ds = dcmread(path)
        setattr(ds, keyword, "2")
        ds.SOPInstanceUID = uid("second", ds.SOPInstanceUID)
        syntax = ds.file_meta.TransferSyntaxUID
        paths.append(save(ds, path.with_name(f"second {path.name}"), syntax))
    return paths


def two_stacks(folder: Path) -> list[Path]:
    """Write two stacks of slices as the frames of one enhanced image."""

    def name_stack(groups: Dataset, index: int) -> None:
        item = Dataset()
        item.StackID = str(1 + index % 2)
        groups.FrameContentSequence = Sequence([item])

    paths = write_series(folder / "single", ARRAY, modality="CT")
    told = Told(change=name_stack)
    return [write_enhanced(paths, folder / "enhanced.dcm", told=told)]


def multi_frame_capture(folder: Path) -> list[Path]:
    """Write the slices as the frames of an image of no enhanced class."""
    paths = write_series(folder / "single", ARRAY, modality="CT")
    capture = MultiFrameGrayscaleWordSecondaryCaptureImageStorage
    return [write_enhanced(paths, folder / "capture.dcm", sop_class=capture)]


def read(paths: list[Path]) -> SeriesInfo:
    """Return the only series of a study."""
    (series,) = read_study(paths).series
    return series


REFUSED: tuple[tuple[Write, str], ...] = (
    (tilted, "gantry_tilt"),
    (gapped, "slice_gap"),
    (doubled, "duplicate_position"),
    (mixed, "mixed_orientation"),
    (single, "single_slice"),
    (two_time_points, "several_acquisitions"),
    (two_echoes, "several_acquisitions"),
    (two_acquisitions, "several_acquisitions"),
    (two_stacks, "several_acquisitions"),
    (multi_frame_capture, "multi_frame_unsupported"),
)
"""What is no regular grid → the reason code of its refusal."""

EXACT: dict[str, npt.NDArray[np.float64]] = {
    "non-square pixels": affine_of((2.0, 0.5, 0.8)),
    "anisotropic spacing": affine_of((7.5, 0.4, 0.4), (0.0, 0.0, 7.5)),
    "negative step": affine_of(step_mm=(0.0, 0.0, -2.0)),
    "overlapping slices": affine_of((2.0, 1.0, 1.0), (0.0, 0.0, 0.5)),
}
"""Unusual grids that are regular all the same."""


@pytest.mark.parametrize(
    ("write", "reason"), REFUSED, ids=[write.__name__ for write, _ in REFUSED]
)
def test_what_is_no_grid_is_refused_by_name(
    tmp_path: Path, write: Write, reason: str
) -> None:
    """The headers say why, and loading the pixels nevertheless fails with the same."""
    series = read(write(tmp_path))

    assert series.geometry_problem == reason
    with pytest.raises(SeriesError) as caught:
        load_volume(series)
    assert caught.value.reason == reason


@pytest.mark.parametrize("name", EXACT)
def test_what_is_unusual_is_read_exactly(tmp_path: Path, name: str) -> None:
    """Each voxel keeps its value at its millimetres, whichever way slices were told."""
    affine = EXACT[name]
    paths = write_series(tmp_path, ARRAY, affine, shuffle_names=True)

    volume = load_volume(read(paths))

    found = {
        tuple(np.round((volume.affine @ (*index, 1))[:3], 6).tolist()): int(value)
        for index, value in np.ndenumerate(volume.array)
    }
    assert found == {
        tuple(np.round((affine @ (*index, 1))[:3], 6).tolist()): int(value)
        for index, value in np.ndenumerate(ARRAY)
    }


def test_the_spacing_is_measured_and_not_believed(tmp_path: Path) -> None:
    """A thickness that is not the distance of the slices decides nothing."""
    paths = write_series(
        tmp_path,
        ARRAY,
        affine_of(),
        SliceThickness="9",
        SpacingBetweenSlices="-5",
    )

    assert read(paths).spacing_mm == pytest.approx((2.0, 1.0, 1.0))
