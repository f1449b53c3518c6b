"""DICOM series to volume: one door, for training and serving alike.

A header pass over the study (``read_study``) finds the series, their slice order and
the place of every pixel; ``load_volume`` then reads the pixels of one series straight
into the volume. ``demographics`` says who was scanned.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom import Dataset

from models.contract import Instance, SeriesInfo, Volume
from models.terms import Flag
from models.volume.demographics import Demographics, demographics
from models.volume.geometry import Cosines, GeometryError, Plane, arrange, is_nominal
from models.volume.headers import quiet
from models.volume.pixels import (
    PixelFormat,
    SeriesError,
    open_frames,
    read_formats,
    read_plane,
    require_possible,
)
from models.volume.study import StudyHeaders, read_study

__all__ = [
    "NOMINAL_GEOMETRY",
    "Demographics",
    "SeriesError",
    "StudyHeaders",
    "demographics",
    "load_volume",
    "read_study",
]

NOMINAL_GEOMETRY = Flag(
    "nominal_geometry",
    "The image positions are nominal (no rotation, 1 mm steps from the origin): left "
    "and right cannot be read from them, and the result belongs on this series only.",
)


@quiet()
def load_volume(series: SeriesInfo, threads: int = 1) -> Volume:
    """Read the pixels of one series into a volume.

    Parameters
    ----------
    series
        From ``read_study``; its instances are in slice order.
    threads
        How many slices are read at once.

    Returns
    -------
    Volume
        ``(D, H, W)`` in slice order. A CT with a rescale is float32 in ``"HU"``; other
        series are ``"arbitrary"``: their stored integers, or float32 where a rescale
        changes them.

    Raises
    ------
    SeriesError
        The geometry is not one regular grid, or pixels are missing, damaged, too many
        or of a kind that is not read.
    """
    affine = _affine(series)
    require_possible(len(series.instances), series.rows, series.columns)
    formats = _formats(series)
    hounsfield = series.modality == "CT" and all(f.hounsfield for f in formats)
    array = np.empty(
        (len(series.instances), series.rows, series.columns),
        dtype=_value_type(formats, hounsfield=hounsfield),
    )

    opened = _opened(series)

    def fill(index: int) -> None:
        instance, pixel_format = series.instances[index], formats[index]
        image = opened.get(instance.path)
        plane = read_plane(instance, pixel_format, series.rows, series.columns, image)
        pixel_format.rescale(plane, out=array[index])
        if hounsfield:
            pixel_format.clear_padding(plane, out=array[index])

    with ThreadPoolExecutor(max(1, threads)) as pool:
        list(pool.map(fill, range(len(array))))
    return Volume(
        array=array,
        affine=affine,
        units="HU" if hounsfield else "arbitrary",
        series=series,
        flags=(NOMINAL_GEOMETRY,) if is_nominal(affine) else (),
    )


def _affine(series: SeriesInfo) -> npt.NDArray[np.float64]:
    """Prove the grid again: a series may come from elsewhere than ``read_study``."""
    if series.geometry_problem is not None:
        raise SeriesError(series.geometry_problem, series.geometry_detail)
    try:
        grid = arrange(_planes(series))
    except GeometryError as error:
        raise SeriesError(error.reason, str(error)) from None
    if list(grid.order) != sorted(grid.order):
        raise SeriesError("not_in_slice_order", "the instances are not in slice order")
    return grid.affine


def _planes(series: SeriesInfo) -> list[Plane]:
    orientation: Cosines | None = series.orientation
    in_plane = series.spacing_mm and series.spacing_mm[1:]
    return [
        Plane(series.rows, series.columns, instance.position_mm, orientation, in_plane)
        for instance in series.instances
    ]


def _formats(series: SeriesInfo) -> list[PixelFormat]:
    """Return the pixel format of each slice, from the headers where they differ."""
    if "BitsAllocated" in series.tags:
        return [PixelFormat.of(series.tags)] * len(series.instances)
    formats: dict[Instance, PixelFormat] = {}
    for path, slices in _by_file(series).items():
        read = read_formats(path, [instance.frame for instance in slices])
        formats |= zip(slices, read, strict=True)
    return [formats[instance] for instance in series.instances]


def _by_file(series: SeriesInfo) -> dict[Path, list[Instance]]:
    files: dict[Path, list[Instance]] = {}
    for instance in series.instances:
        files.setdefault(instance.path, []).append(instance)
    return files


def _opened(series: SeriesInfo) -> dict[Path, Dataset]:
    """Open the multi-frame images whose pixels are not native: once, for all frames."""
    return {
        path: open_frames(path)
        for path, slices in _by_file(series).items()
        if any(each.frame is not None and each.pixel_offset is None for each in slices)
    }


def _value_type(
    formats: list[PixelFormat], *, hounsfield: bool
) -> np.dtype[np.generic]:
    stored = {pixel_format.dtype for pixel_format in formats}
    changed = any(pixel_format.rescales for pixel_format in formats)
    if hounsfield or changed or len(stored) > 1:
        return np.dtype(np.float32)
    return stored.pop()
