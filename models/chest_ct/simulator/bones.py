"""Ribs, spine, sternum, clavicles, scapulae and shoulders, painted on the fine grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.chest_ct.simulator.person import Person
from models.chest_ct.simulator.space import (
    Field,
    Grid,
    Window,
    coverage,
    curve,
    ellipsoid,
    paint,
    tube,
)
from models.chest_ct.simulator.thorax import (
    SPINE_BEFORE_WALL_MM,
    Thorax,
    back_wall,
    level,
)

CORTEX_HU = 750.0
CARTILAGE_HU = 110.0
DISC_HU = 85.0
CORD_HU = 30.0
VERTEBRA_MM = 23.0
"""From one vertebra to the next."""


def paint_bones(hu: Field, person: Person, thorax: Thorax) -> None:
    """Paint the skeleton into ``hu`` in place."""
    _ribs(hu, person, thorax)
    _scapulae(hu, person, thorax)
    _sternum(hu, person, thorax)
    _spine(hu, person, thorax.grid)
    _shoulders(hu, person, thorax.grid)


def _places(
    grid: Grid, where: npt.NDArray[np.bool_]
) -> tuple[tuple[npt.NDArray[np.intp], ...], tuple[Field, Field, Field]]:
    """Return the indices of the voxels of a mask, and their z, y and x."""
    index = np.nonzero(where)
    z, y, x = (
        axis.ravel()[each] for axis, each in zip(grid.axes(), index, strict=True)
    )
    return index, (z, y, x)


def _ribs(hu: Field, person: Person, thorax: Thorax) -> None:
    """Draw oblique hoops in the wall of the chest, with cartilage in front."""
    grid = thorax.grid
    in_wall = (thorax.cavity > -11) & (thorax.cavity < -0.5)
    in_wall &= level(person, grid) < 1.02
    index, (z, y, x) = _places(grid, in_wall)
    back = back_wall(person, grid).ravel()[index[0]]
    order = z + person.rib_slope * np.clip(back - y, 0, None)
    along = np.mod(order, person.rib_step) - person.rib_step / 2
    out = thorax.cavity[index] + 5.8
    radius = np.hypot(out / 4.6, along / 6.8)
    inside = np.clip((1 - radius) * 4.6 / grid.spacing_mm + 0.5, 0, 1)
    inside *= (np.abs(x) > 24) | (y > 0)
    cortex = np.clip((radius - 0.55) / 0.3, 0, 1)
    bone = person.bone * 0.9 + cortex * (CORTEX_HU - person.bone)
    to_front = np.clip((-0.45 * person.half_depth - y) / 6, 0, 1)
    to_front *= np.abs(x) < 0.68 * person.half_width
    value = bone + to_front * (CARTILAGE_HU - bone)
    hu[index] += (inside * (value - hu[index])).astype(np.float32)


def _scapulae(hu: Field, person: Person, thorax: Thorax) -> None:
    """Draw two thin plates behind the ribs."""
    grid = thorax.grid
    z, y, x = grid.axes()
    t = z / person.height
    wide = np.abs(x) / person.half_width
    region = (t > 0.52) & (t < 0.98) & (wide > 0.42) & (wide < 1.12) & (y > 8)
    plate = region & (thorax.cavity < -15) & (thorax.cavity > -23)
    index, _ = _places(grid, plate)
    thin = np.abs(thorax.cavity[index] + 19)
    share = np.clip((2.6 - thin) / grid.spacing_mm + 0.5, 0, 1)
    hu[index] += (share * (0.75 * CORTEX_HU - hu[index])).astype(np.float32)


def _sternum(hu: Field, person: Person, thorax: Thorax) -> None:
    high = person.height
    window = thorax.grid.window((0.33 * high, -1e4, -24), (0.9 * high, 0, 24))
    grid = thorax.grid.part(window)
    z, _, x = grid.axes()
    t = z / high
    wide = 13 + 6 * np.clip((t - 0.68) / 0.15, 0, 1)
    flat = np.minimum(5.5 - np.abs(thorax.cavity[window] + 7.5), wide - np.abs(x))
    depth = np.minimum(flat, high * np.minimum(t - 0.36, 0.86 - t)).astype(np.float32)
    shell = np.clip((2.6 - depth) / 1.5, 0, 1)
    value = 0.7 * person.bone + 40 + shell * (0.65 * CORTEX_HU - person.bone)
    paint(hu[window], coverage(depth, grid.spacing_mm), value.astype(np.float32))


def _spine(hu: Field, person: Person, grid: Grid) -> None:
    """Draw vertebrae with discs, canal, arches and spinous processes."""
    middle = person.spine_y(0.45 * person.height)
    low = (-1e4, middle - person.kyphosis * 1.7 - 30, -46)
    window = grid.window(low, (1e4, middle + 75, 46))
    part = grid.part(window)
    z, y, x = part.axes()
    away = y - back_wall(person, part) + np.float32(SPINE_BEFORE_WALL_MM)
    piece = hu[window]
    phase = np.mod(z, VERTEBRA_MM)
    _arches(piece, part, person, away, x, phase)
    radius = np.hypot(x / 18, away / 15)
    disc = np.clip((3.2 - np.abs(phase - VERTEBRA_MM / 2)) / 1.5, 0, 1)
    rim = np.clip((radius - 0.8) / 0.15, 0, 1)
    rim = np.maximum(rim, np.clip(1 - np.abs(phase - VERTEBRA_MM / 2 - 4.2) / 2, 0, 1))
    bone = person.bone + 0.55 * rim * (CORTEX_HU - person.bone)
    value = bone + disc * (DISC_HU - bone)
    paint(piece, coverage((1 - radius) * 15, part.spacing_mm), value)


def _arches(
    piece: Field, part: Grid, person: Person, away: Field, x: Field, phase: Field
) -> None:
    """Draw what lies behind the bodies of the vertebrae."""
    side = np.abs(x)
    there = np.abs(phase - 4) < 7.5
    ring = 4.2 - np.abs(np.hypot(side, away - 24) - 13)
    across = np.minimum(4.5 - np.abs(away - 25 - 0.2 * side), 33 - side)
    slant = 3.4 - side + 0 * phase
    process = np.minimum(slant, np.minimum(away - 34, 62 - away))
    bony = np.maximum(np.maximum(ring, across), process)
    bony = np.where(there, bony, np.float32(-5)).astype(np.float32)
    paint(piece, coverage(bony, part.spacing_mm), person.bone + 250)
    canal = (9 - np.hypot(side, away - 24)).astype(np.float32)
    canal = np.broadcast_to(canal, piece.shape)
    paint(piece, coverage(canal, part.spacing_mm), CORD_HU)


def _shoulders(hu: Field, person: Person, grid: Grid) -> None:
    """Draw clavicles and the heads of the upper arms, which are raised."""
    high, wide = person.height, person.half_width
    for side in (-1, 1):
        front = person.spine_y(0.95 * high) - 92
        clavicle = curve(
            [
                (0.9 * high, front, 22 * side),
                (0.97 * high, front + 12, 0.55 * wide * side),
                (1.03 * high, front + 55, (wide + 22) * side),
            ],
            8,
        )
        low, top = clavicle.min(axis=0) - 14, clavicle.max(axis=0) + 14
        _bone(hu, grid, grid.window(low, top), person, clavicle)
        head = (1.04 * high, front + 72, (wide + 34) * side)
        window = grid.window([c - 30 for c in head], [c + 30 for c in head])
        part = grid.part(window)
        if 0 not in part.shape:
            _shell(hu[window], part, ellipsoid(part, head, (25, 23, 23)), person.bone)


def _bone(
    hu: Field,
    grid: Grid,
    window: Window,
    person: Person,
    course: npt.NDArray[np.float64],
) -> None:
    part = grid.part(window)
    if 0 not in part.shape:
        _shell(hu[window], part, tube(part, course, [6.0] * len(course)), person.bone)


def _shell(piece: Field, part: Grid, depth: Field, marrow_hu: float) -> None:
    """Paint a bone with a cortex about two millimetres thick."""
    cortex = np.clip((3 - depth) / 1.5, 0, 1)
    value = marrow_hu + cortex * np.float32(CORTEX_HU - marrow_hu)
    paint(piece, coverage(depth, part.spacing_mm), value)
