"""Tumours that people marked in real chests, and whether what is told meets them.

Three patients of two collections, each with one tumour: too few for a figure, and all
that there is. A place of any kind meets a tumour where its box reaches into the box
that was drawn on a slice; its kind is told beside it.

Sources: LIDC-IDRI (Armato et al. 2015, doi 10.7937/K9/TCIA.2015.LO9QL9SX), outlines of
four readers; Lung-PET-CT-Dx (Li et al. 2020, doi 10.7937/TCIA.2020.NNC2-0461), a box
for each slice.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

from models.chest_ct.cases.simulated import DATA
from models.contract import SeriesInfo
from models.evidence import Location


class Mark(NamedTuple):
    """A box on one slice, in pixels from 0; both ends are inside."""

    sop_instance_uid: str
    columns: tuple[float, float]
    rows: tuple[float, float]


SPACE = {"n": "http://www.nih.gov"}
"""Of the elements of LIDC-IDRI."""


def marks_of(name: str) -> list[Mark]:
    """Return what was marked in one of the real series; none where nothing is known."""
    if name not in MARKED or DATA not in os.environ:
        return []
    place, read = MARKED[name]
    path = Path(os.environ[DATA]) / "chest_ct" / place
    files = sorted(path.glob("*.xml")) if path.is_dir() else [path]
    return [mark for file in files if file.is_file() for mark in read(file)]


def met(
    marks: Sequence[Mark], series: SeriesInfo, places: Iterable[Location]
) -> dict[str, Any] | None:
    """Return how many places are told, number and kind of the first that meets a mark.

    None where nothing is marked on the slices of the series.
    """
    level = {one.sop_instance_uid: d for d, one in enumerate(series.instances)}
    boxes = [
        ((level[uid], rows[0], columns[0]), (level[uid], rows[1], columns[1]))
        for uid, columns, rows in marks
        if uid in level
    ]
    if not boxes:
        return None
    told = list(places)
    hits = (
        (number, place.structure)
        for number, place in enumerate(told, start=1)
        if any(_overlap(place, first, last) for first, last in boxes)
    )
    number, kind = next(hits, (None, ""))
    return {"told": len(told), "first_met": number, "kind": kind}


Corner = tuple[float, float, float]


def _overlap(place: Location, first: Corner, last: Corner) -> bool:
    return all(
        low <= end and start <= high
        for low, high, start, end in zip(
            place.first, place.last, first, last, strict=True
        )
    )


def read_outlines(path: Path) -> Iterator[Mark]:
    """Yield the boxes of the largest nodule of each reader of LIDC-IDRI."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 - of a public collection
    for session in root.findall("n:readingSession", SPACE):
        nodules = session.findall("n:unblindedReadNodule", SPACE)
        slices = [nodule.findall("n:roi", SPACE) for nodule in nodules]
        for outline in max(slices, key=len, default=[]):
            uid = outline.findtext("n:imageSOP_UID", "", SPACE)
            edge = outline.findall("n:edgeMap", SPACE)
            is_hole = outline.findtext("n:inclusion", "", SPACE) == "FALSE"
            if is_hole or not edge:
                continue
            columns, rows = (
                [float(point.findtext(f"n:{name}", "", SPACE)) for point in edge]
                for name in ("xCoord", "yCoord")
            )
            yield Mark(uid, (min(columns), max(columns)), (min(rows), max(rows)))


def read_boxes(path: Path) -> Iterator[Mark]:
    """Yield the boxes of one slice of Lung-PET-CT-Dx; its name is that of the file."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 - of a public collection
    for box in root.iterfind("object/bndbox"):
        x0, y0, x1, y1 = (
            float(box.findtext(name, "")) for name in ("xmin", "ymin", "xmax", "ymax")
        )
        yield Mark(path.stem, (x0, x1), (y0, y1))


Reader = Callable[[Path], Iterator[Mark]]

MARKED: Mapping[str, tuple[str, Reader]] = {
    "LIDC-IDRI-0001": ("lidc/LIDC-IDRI-0001.xml", read_outlines),
    "Lung-PET-CT-Dx A0001": ("lung_pet_ct_dx/Annotation/A0001", read_boxes),
    "Lung-PET-CT-Dx A0002": ("lung_pet_ct_dx/Annotation/A0002", read_boxes),
}
"""Name of a real series → its marks below ``chest_ct``, and what reads a file."""
