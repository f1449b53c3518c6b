"""Heart, great vessels, trachea and gullet between the lungs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.chest_ct.simulator.person import Person, State
from models.chest_ct.simulator.space import (
    Field,
    Grid,
    Place,
    Points,
    Shape,
    Window,
    coverage,
    curve,
    ellipsoid,
    paint,
    smooth_field,
    tube,
)
from models.chest_ct.simulator.thorax import Thorax, aorta_course, heart_place

BLOOD_HU = 42.0
MUSCLE_HU = 55.0
AIR_HU = -1000.0
CALCIUM_HU = 700.0


@dataclass(frozen=True, slots=True)
class Hilum:
    """Where vessels and bronchus enter one lung; places are ``(z, y, x)``."""

    artery: Place
    vein: Place
    bronchus: Place


def hila(person: Person) -> tuple[Hilum, Hilum]:
    """Return the right and the left hilum."""
    z, y, x = person.carina
    right = Hilum(
        artery=(z - 14, y - 6, x - 42),
        vein=(z - 30, y - 10, x - 36),
        bronchus=(z - 20, y + 4, x - 36),
    )
    left = Hilum(
        artery=(z - 2, y + 2, x + 40),
        vein=(z - 26, y - 12, x + 36),
        bronchus=(z - 18, y + 4, x + 38),
    )
    return right, left


def paint_mediastinum(hu: Field, person: Person, state: State, thorax: Thorax) -> Field:
    """Paint into ``hu`` what lies between the lungs; return the lumen of the airways.

    Returns
    -------
    Field
        ``(D, H, W)`` share of each voxel that is the lumen of trachea or main bronchi.
    """
    rng = np.random.default_rng([person.seed, 4])
    _heart(hu, person, state, thorax, rng)
    _vessels(hu, person, state, thorax.grid, rng)
    _gullet(hu, person, thorax.grid, rng)
    return _airways(hu, person, thorax.grid)


def _heart(
    hu: Field,
    person: Person,
    state: State,
    thorax: Thorax,
    rng: np.random.Generator,
) -> None:
    """Draw muscle, with brighter chambers when the blood is enhanced."""
    grid = thorax.grid
    size = person.heart
    place = heart_place(person, state)
    reach = (1.5 * size, 1.8 * size, 1.7 * size)
    low = [c - r for c, r in zip(place, reach, strict=True)]
    window = grid.window(low, [c + r for c, r in zip(place, reach, strict=True)])
    part = grid.part(window)
    depth = thorax.heart[window]
    wall = 9 + 2 * smooth_field(rng, part, 25)
    blood = coverage(depth - wall, 6.0) * np.float32(0.85 * state.contrast)
    value = MUSCLE_HU - 8 + 0.3 * state.contrast + blood
    paint(hu[window], coverage(depth, 1.5 * grid.spacing_mm), value.astype(np.float32))


def paint_tube(
    hu: Field,
    grid: Grid,
    points: Points,
    radii: Sequence[float],
    value: float,
) -> tuple[Window, Field]:
    """Paint a tube; return its window and the share of each voxel there."""
    reach = max(radii) + 2
    window = grid.window(points.min(axis=0) - reach, points.max(axis=0) + reach)
    part = grid.part(window)
    if 0 in part.shape:
        return window, np.zeros(part.shape, dtype=np.float32)
    share = coverage(tube(part, points, radii), grid.spacing_mm)
    paint(hu[window], share, value)
    return window, share


def _vessels(
    hu: Field, person: Person, state: State, grid: Grid, rng: np.random.Generator
) -> None:
    """Draw the aorta, the caval vein, the arteries and veins of the lungs."""
    later = state.contrast * rng.uniform(0.5, 1.0)
    for course, radius, added in _courses(person, state):
        value = BLOOD_HU + (state.contrast if added else later)
        paint_tube(hu, grid, course, radius, value)
    plaques = int(rng.integers(0, 7))
    course = aorta_course(person, state)
    for _ in range(plaques):  # calcified plaques in the wall of the aorta
        place = course[rng.integers(12, 36)] + rng.normal(0, 1, 3)
        turn = rng.uniform(0, 2 * np.pi)
        place = place + person.aorta * np.array([0, np.cos(turn), np.sin(turn)])
        ends = np.stack([place, place + rng.normal(0, 4, 3)])
        paint_tube(hu, grid, ends, [1.2, 0.8], CALCIUM_HU)


def _courses(person: Person, state: State) -> list[tuple[Points, list[float], bool]]:
    """Return each vessel: places, radii, and whether it is enhanced early."""
    right, left = hila(person)
    z, y, _ = heart_place(person, state)
    carina = person.carina
    fork = (carina[0] - 10, carina[1] - 24, 10.0)
    atrium = (z + 0.35 * person.heart, y + 0.7 * person.heart, 0.0)
    top = person.height
    spine = person.spine_y(0.9 * top)
    aorta = aorta_course(person, state)
    thick = person.vessel
    trunk = (z + 0.7 * person.heart, y - 12, 16.0)
    cava = [(z + 10, y + 14, -30.0), (0.7 * top, spine - 55, -24.0)]
    branches: list[tuple[list[Place], float, bool]] = [
        ([*cava, (0.86 * top, spine - 52, -22.0)], 9.0, True),
        ([(0.8 * top, spine - 58, -22.0), (0.86 * top, spine - 66, 18.0)], 6.0, True),
        ([trunk, (fork[0] - 12, fork[1] - 10, 14.0), fork], 1.7 * thick, True),
        (
            [fork, (carina[0] - 16, carina[1] - 16, -12.0), right.artery],
            1.35 * thick,
            True,
        ),
        ([fork, (carina[0] + 2, carina[1] - 8, 28.0), left.artery], 1.3 * thick, True),
        ([atrium, right.vein], 0.95 * thick, False),
        ([atrium, left.vein], 0.9 * thick, False),
        ([(-50, spine - 12, -8), (0.7 * top, spine - 4, -8)], 3.0, False),
    ]
    for side, offset in ((-1, 0), (1, 8)):  # carotid and subclavian arteries
        root = (0.74 * top, spine - 42 + offset, 8.0 * side)
        neck = (1.05 * top, spine - 40, 22.0 * side)
        arm = (0.96 * top, spine - 34, 0.5 * person.half_width * side)
        branches += [([root, neck], 4.2, False), ([root, arm], 4.5, False)]
    drawn = [
        (curve(places, 10), [radius] * 10, early) for places, radius, early in branches
    ]
    return [(aorta, [person.aorta] * len(aorta), False), *drawn]


def _gullet(hu: Field, person: Person, grid: Grid, rng: np.random.Generator) -> None:
    """Draw the gullet, with gas in it at times, and a hernia through the diaphragm."""
    heights = np.linspace(-30, person.height + 25, 12)
    places = [(z, person.spine_y(z) - 24, 7 + 2 * rng.normal()) for z in heights]
    course = curve(places, 24)
    paint_tube(hu, grid, course, [7.0] * 24, 38.0)
    start = int(rng.integers(6, 18))
    gas = course[start : start + int(rng.integers(2, 6))]
    paint_tube(hu, grid, gas, [2.6] * len(gas), AIR_HU)
    if person.hernia:
        place = (person.dome - 2, person.spine_y(person.dome) - 34, 10.0)
        window = grid.window([c - 32 for c in place], [c + 32 for c in place])
        part = grid.part(window)
        pouch = ellipsoid(part, place, (26, 18, 24))
        paint(hu[window], coverage(pouch, grid.spacing_mm), 30.0)
        bubble = np.minimum(pouch - 4, place[1] - 4 - part.axes()[1])
        paint(hu[window], coverage(bubble.astype(np.float32), grid.spacing_mm), AIR_HU)


def _airways(hu: Field, person: Person, grid: Grid) -> Field:
    """Draw trachea and main bronchi; return the share of their lumen."""
    right, left = hila(person)
    z, y, x = person.carina
    top = person.height + 40
    radius = person.trachea
    throat = (top, person.spine_y(top) - 40, 0.0)
    tracts = [
        (curve([throat, (0.85 * person.height, y + 4, 2.0), (z, y, x)], 12), radius),
        (
            curve([(z + 2, y, x), (z - 9, y + 2, x - 17), right.bronchus], 6),
            0.75 * radius,
        ),
        (
            curve([(z + 2, y, x), (z - 8, y + 2, x + 18), left.bronchus], 6),
            0.7 * radius,
        ),
    ]
    for course, wide in tracts:
        paint_tube(hu, grid, course, [wide + 1.6] * len(course), 35.0)
    lumen = np.zeros(_shape(hu), dtype=np.float32)
    for course, wide in tracts:
        window, share = paint_tube(hu, grid, course, [wide] * len(course), AIR_HU)
        np.maximum(lumen[window], share, out=lumen[window])
    return lumen


def _shape(field: Field) -> Shape:
    depth, height, width = field.shape
    return depth, height, width
