"""Real chest CT series as backgrounds of regions, without their annotated lesions.

No real chest here is normal, so none is ever a study with a label: a place in a lung
serves as long as it lies clear of every mark that readers made (`regions`).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import numpy as np
from scipy import ndimage

from models.chest_ct.simulator.space import Field
from models.contract import SeriesInfo, Volume
from models.terms import Vector
from models.volume.lungs import find_lungs
from models.volume.series import load_volume, read_study

CLEAR_MM = 12.0
"""How far a place lies from every mark of a reader, at least."""


@dataclass(frozen=True, slots=True)
class Background:
    """One real series.

    Attributes
    ----------
    name, patient
        Which series, and whose: series of one patient are one background.
    hu
        ``(D, H, W)`` float32.
    room_mm
        ``(D, H, W)``: from each voxel to the border of the lung or to the next mark,
        `CLEAR_MM` taken off; 0 where no place is.
    """

    name: str
    patient: str
    hu: Field
    spacing_mm: Vector
    room_mm: Field


@dataclass(frozen=True, slots=True)
class Mark:
    """What a reader marked on one slice.

    Attributes
    ----------
    z_mm
        Height of the slice.
    rows, columns
        First and last.
    """

    z_mm: float
    rows: tuple[float, float]
    columns: tuple[float, float]


def read_backgrounds(folder: Path) -> Iterator[Background]:
    """Yield the annotated series of ``chest_ct`` of the shared data, one by one.

    Raises
    ------
    FileNotFoundError
        The series or their annotations are not there.
    """
    lidc = folder / "lidc" / "LIDC-IDRI-0001.zip"
    yield from _of_zip(lidc, "LIDC-IDRI-0001", lidc.with_suffix(".xml"))
    tumours = folder / "lung_pet_ct_dx"
    for path in sorted(tumours.glob("Lung_Dx-*.zip")):
        patient = path.stem.split("_kernel")[0]
        notes = tumours / "Annotation" / patient.removeprefix("Lung_Dx-")
        yield from _of_zip(path, patient, notes)


def _of_zip(path: Path, patient: str, notes: Path) -> Iterator[Background]:
    """Yield the series of a ZIP that carry marks."""
    with TemporaryDirectory() as scratch:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(scratch)
        files = [each for each in Path(scratch).rglob("*") if each.is_file()]
        study = read_study(files)
        heights = {
            instance.sop_instance_uid: instance.position_mm[2]
            for series in study.series
            for instance in series.instances
            if instance.position_mm is not None
        }
        marks = list(_marks(notes, heights))
        if not marks:
            raise FileNotFoundError(f"no mark of {patient} belongs to its series")
        for series in study.series:
            yield make_background(load_volume(series), _name(series), patient, marks)


def _name(series: SeriesInfo) -> str:
    return series.tags.get("ConvolutionKernel", "") or series.series_description


def make_background(
    volume: Volume, name: str, patient: str, marks: Iterable[Mark]
) -> Background:
    """Return a volume as a background with the places that its marks leave."""
    free = find_lungs(volume).labels > 0
    spacing = volume.spacing_mm
    room = ndimage.distance_transform_edt(free, sampling=spacing).astype(np.float32)
    marked = np.ones(volume.shape, dtype=np.bool_)
    for mark in marks:
        marked[_voxels(mark, volume)] = False
    if not marked.all():
        away = ndimage.distance_transform_edt(marked, sampling=spacing)
        np.minimum(room, away - CLEAR_MM, out=room)
    hu = np.asarray(volume.array, dtype=np.float32)
    return Background(name, patient, hu, spacing, np.maximum(room, 0))


def _voxels(mark: Mark, volume: Volume) -> tuple[slice, slice, slice]:
    """Return the voxels of a mark; empty where it lies on no slice."""
    place = (mark.z_mm - volume.affine[2, 3]) / volume.affine[2, 0]
    rows, columns = (
        slice(max(int(first), 0), int(last) + 1)
        for first, last in (mark.rows, mark.columns)
    )
    height = round(place)
    inside = 0 <= height < volume.shape[0]
    return slice(height, height + 1) if inside else slice(0, 0), rows, columns


def _marks(notes: Path, heights: dict[str, float]) -> Iterator[Mark]:
    """Yield the marks of a LIDC file, or of a folder of Pascal VOC files."""
    if notes.is_file():
        yield from _lidc(notes)
        return
    for path in sorted(notes.glob("*.xml")):
        if path.stem in heights:
            yield from _boxes(path, heights[path.stem])


def _parsed(path: Path) -> ElementTree.Element:
    return ElementTree.parse(path).getroot()  # noqa: S314 - the project's data


def _lidc(path: Path) -> Iterator[Mark]:
    for roi in _parsed(path).iter():
        if roi.tag.rpartition("}")[2] not in {"roi", "nonNodule"}:
            continue
        found: dict[str, list[float]] = {}
        for each in roi.iter():
            name = each.tag.rpartition("}")[2]
            if name in {"imageZposition", "xCoord", "yCoord"} and each.text:
                found.setdefault(name, []).append(float(each.text))
        if len(found) == 3:
            x, y = found["xCoord"], found["yCoord"]
            place = found["imageZposition"][0]
            yield Mark(place, (min(y), max(y)), (min(x), max(x)))


def _boxes(path: Path, height: float) -> Iterator[Mark]:
    for box in _parsed(path).iter("bndbox"):
        x0, y0, x1, y1 = (
            float(box.findtext(name) or 0) for name in ("xmin", "ymin", "xmax", "ymax")
        )
        yield Mark(height, (y0, y1), (x0, x1))
