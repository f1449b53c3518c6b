"""The slices of the source that show best what a decision is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.contract import Findings, Volume
from node.report.heat import heat_at
from node.report.marked import Framed, Marked
from node.report.pictures import Plane, nearby
from node.report.places import Place
from node.report.slices import MOST, spread

LETTERS = (("R", "L"), ("A", "P"), ("F", "H"))
"""Of the LPS axes: at their lower and at their upper end."""


@dataclass(frozen=True, slots=True)
class Key:
    """One slice with what was found in it.

    Attributes
    ----------
    index
        Of the slice, from 0, in slice order.
    places
        Those that it was chosen for; none where it shows how the series was read.
    picture
        With the box of every place that reaches into the slice.
    """

    index: int
    places: tuple[Place, ...]
    picture: Marked


def key_slices(
    volume: Volume, findings: Findings, places: Sequence[Place]
) -> list[Key]:
    """Return the slice that shows each place best, those of one slice together.

    Without any place, slices spread evenly over what was read, from the head. As they
    are stored, cut to what lies near the structures and places.
    """
    chosen: dict[int, list[Place]] = {}
    for place in places:
        index = place.shown
        if index in chosen or len(chosen) < MOST:
            chosen.setdefault(index, []).append(place)
    if not chosen:
        chosen = {index: [] for index in spread(volume, findings.label_map)}
    boxes = [(place.location.first, place.location.last) for place in places]
    _, rows, columns = nearby(findings.label_map, volume.spacing_mm, boxes)
    near = (rows, columns)
    return [
        Key(index, tuple(of_it), _picture(volume, findings, places, index, near))
        for index, of_it in chosen.items()
    ]


def _picture(
    volume: Volume,
    findings: Findings,
    places: Sequence[Place],
    index: int,
    near: tuple[slice, slice],
) -> Marked:
    rows, columns = near
    image = volume.array[index, rows, columns].astype(np.float32)
    top, left = rows.start, columns.start
    h, w = np.ogrid[top : top + image.shape[0], left : left + image.shape[1]]
    plane = Plane(
        "",
        image,
        findings.label_map[index, rows, columns],
        volume.spacing_mm[1:],
        _stored_sides(volume),
    )
    boxes = tuple(
        _framed(place, top, left)
        for place in places
        if place.location.first[0] <= index <= place.location.last[0]
    )
    heat = heat_at(volume, findings.heat_map, (np.array(index), h, w))
    return Marked(plane, heat, boxes)


def _framed(place: Place, top: int, left: int) -> Framed:
    (_, h, w), (_, h_last, w_last) = place.location.first, place.location.last
    box = (w - left, h - top, w_last + 1 - left, h_last + 1 - top)
    return Framed(place.number, box, place.structure.colour)


def _stored_sides(volume: Volume) -> tuple[str, str, str, str]:
    """Return the letters left and right of a stored slice; the picture is small."""
    direction = volume.affine[:3, 2]
    axis = int(np.abs(direction).argmax())
    low, high = LETTERS[axis]
    left, right = (low, high) if direction[axis] > 0 else (high, low)
    return left, right, "", ""
