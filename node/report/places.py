"""Where something was found, in words: images, size, side, coordinates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.contract import Findings, Volume
from models.evidence import Location
from models.terms import Code, Structure
from node.report.answers import typeset
from node.report.facts import TIMES
from node.report.slices import best_slice, image_name, images
from node.report.verdict import evidence_name

SCORE_DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Place:
    """One location as a reader sees it.

    Attributes
    ----------
    number
        From 1, the most dangerous first; it stands on every picture.
    shown
        Slice that shows it best, from 0, and what it is called.
    side
        Coded, where it is proven and the place lies in one alone.
    where
        Side, images and size in one line.
    """

    number: int
    structure: Structure
    location: Location
    score: str
    found_by: str
    shown: int
    image: str
    side: Code | None
    where: str
    corners: str

    @property
    def name(self) -> str:
        """What it is called on the page and in the SR."""
        return f"{self.structure.name} {self.number}"


def places(
    volume: Volume, findings: Findings, *, nominal: bool = False
) -> tuple[Place, ...]:
    """Return every location as a reader sees it, in the order of the findings.

    Parameters
    ----------
    nominal
        Positions are invented: no coordinates of the patient are told.
    """
    by_name = {structure.name: structure for structure in findings.structures}
    found = []
    for number, location in enumerate(findings.locations, start=1):
        sides = location.sides
        side = sides[0] if len(sides) == 1 else None
        shown = best_slice(volume, findings, location)
        parts = (_side_words(sides), images(volume, location), size(volume, location))
        place = Place(
            number=number,
            structure=by_name[location.structure],
            location=location,
            score=f"{location.score:.{SCORE_DECIMALS}f}",
            found_by=evidence_name(location.found_by) if location.found_by else "",
            shown=shown,
            image=image_name(volume, shown),
            side=side,
            where=", ".join(filter(None, parts)),
            corners="" if nominal else corners(volume, location),
        )
        found.append(place)
    return tuple(found)


def words(place: Place) -> Iterator[str]:
    """Yield what is told of a place, as sentences of the SR."""
    by = f" ({place.found_by})" if place.found_by else ""
    yield f"{place.name}: {place.where}, score {place.score}{by}, shown: {place.image}"
    x, x_last, y, y_last, z, z_last = place.location.xyz
    yield (
        f"{place.name}, voxels from 0: x {x} to {x_last}, y {y} to {y_last}, "
        f"z {z} to {z_last}"
    )
    if place.corners:
        yield f"{place.name}, patient LPS in mm: {place.corners}"


def size(volume: Volume, location: Location) -> str:
    """Return the edges of a box in millimetres: along rows, columns, slices."""
    voxels = np.subtract(location.last, location.first) + 1
    d, h, w = (voxels * np.array(volume.spacing_mm)).tolist()
    return f"{w:.0f} {TIMES} {h:.0f} {TIMES} {d:.0f} mm"


def corners(volume: Volume, location: Location) -> str:
    """Return a box in patient coordinates: LPS, millimetres."""
    low, high = location.corners_mm(volume.affine)
    return ", ".join(
        f"{axis} {typeset(f'{a:.1f}')} to {typeset(f'{b:.1f}')}"
        for axis, a, b in zip("xyz", low, high, strict=True)
    )


def _side_words(sides: Sequence[Code]) -> str:
    if len(sides) > 1:
        return "both sides"
    return sides[0].meaning.lower() if sides else ""
