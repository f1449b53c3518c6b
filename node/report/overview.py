"""A coronal plane that says at which level the key slices and the findings lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.contract import Findings, Volume
from node.report.heat import Indices, Voxels, heat_at
from node.report.key_slices import Key
from node.report.marked import Framed, Marked
from node.report.pictures import (
    Anatomical,
    Box,
    Plane,
    anatomical,
    largest_slice,
    nearby,
)
from node.report.places import Place


@dataclass(frozen=True, slots=True)
class Overview:
    """The plane, and how far down it each key slice lies, 0 to 1.

    There are no levels where slices are not stacked along the body.
    """

    picture: Marked
    levels: tuple[float, ...]


def overview(
    volume: Volume, findings: Findings, places: Sequence[Place], keys: Sequence[Key]
) -> Overview:
    """Return the coronal plane in which most is marked, seen from the front."""
    whole = anatomical(volume, findings.label_map)
    found = [_turned(whole, place) for place in places]
    near = nearby(whole.labels, whole.spacing_mm, found)
    depth, _, width = whole.labels.shape
    y = (near[1].start or 0) + largest_slice(whole.labels[near], 1)
    z, x = np.arange(depth)[near[0]][::-1], np.arange(width)[near[2]]
    dz, _, dx = whole.spacing_mm
    plane = Plane(
        "Coronal",
        whole.image[:, y][np.ix_(z, x)].astype(np.float32),
        whole.labels[:, y][np.ix_(z, x)],
        (dz, dx),
        ("R", "L", "H", "F"),
    )
    corner = (int(z[0]), int(x[0]))
    boxes = tuple(
        _framed(box, place, corner) for box, place in zip(found, places, strict=True)
    )
    heat = heat_at(volume, findings.heat_map, _voxels(whole, z, y, x))
    levels = tuple(_level(whole, key.index, z) for key in keys)
    return Overview(Marked(plane, heat, boxes), levels if whole.axes[0] == 0 else ())


def _ours(whole: Anatomical, axis: int, voxel: int) -> int:
    """Return where an index along an axis of the volume lies along a turned one."""
    length = int(whole.labels.shape[axis])
    return length - 1 - voxel if whole.flipped[axis] else voxel


def _turned(whole: Anatomical, place: Place) -> Box:
    """Return the first and the last voxel of a place along the turned axes."""
    ends = []
    for axis, source in enumerate(whole.axes):
        pair = (place.location.first[source], place.location.last[source])
        ends.append(sorted(_ours(whole, axis, voxel) for voxel in pair))
    (z, z_last), (y, y_last), (x, x_last) = ends
    return (z, y, x), (z_last, y_last, x_last)


def _framed(box: Box, place: Place, corner: tuple[int, int]) -> Framed:
    """Return the box of a place from the front; ``corner`` is the top left voxel."""
    (z, _, x), (z_last, _, x_last) = box
    z_top, x_left = corner
    edges = (x - x_left, z_top - z_last, x_last + 1 - x_left, z_top - z + 1)
    return Framed(place.number, edges, place.structure.colour)


def _level(whole: Anatomical, index: int, z: Indices) -> float:
    return (int(z[0]) - _ours(whole, 0, index) + 0.5) / len(z)


def _voxels(whole: Anatomical, z: Indices, y: int, x: Indices) -> Voxels:
    """Return the voxels of the volume that a coronal plane shows."""
    source = [np.array(0)] * 3
    for axis, indices in enumerate((z[:, np.newaxis], np.array(y), x[np.newaxis, :])):
        length = whole.labels.shape[axis]
        turned = length - 1 - indices if whole.flipped[axis] else indices
        source[whole.axes[axis]] = turned
    return source[0], source[1], source[2]
