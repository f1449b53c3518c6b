"""The large shapes of a chest as depth fields: cavity, skin, diaphragm, lungs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from models.chest_ct.simulator.person import Person, State
from models.chest_ct.simulator.space import (
    Field,
    Grid,
    Points,
    curve,
    ellipsoid,
    refined,
    smooth_field,
    tube,
)

SPINE_BEFORE_WALL_MM = 23.0
"""How far the middle of a vertebra lies before the back wall of the chest."""

LUNGS_PART_MM = 1.6
"""Half the least thickness of the sheet between both lungs."""


@dataclass(frozen=True, slots=True)
class Thorax:
    """Depth fields of a chest on the fine grid, millimetres, positive inside.

    Attributes
    ----------
    floor
        Height over the diaphragm, negative in the abdomen.
    organs
        HU of the abdomen under the diaphragm.
    """

    grid: Grid
    skin: Field
    flesh: Field
    cavity: Field
    floor: Field
    heart: Field
    right: Field
    left: Field


def scene_grid(person: Person, spacing_mm: float) -> Grid:
    """Return a grid around the chest with some neck, belly and air."""
    wall = person.fat + person.muscle + 22
    low = (
        -42.0,
        -person.half_depth - wall - person.breast,
        -person.half_width - wall - 14,
    )
    high = (
        person.height + 30,
        person.half_depth + wall + 8,
        person.half_width + wall + 14,
    )
    depth, height, width = (
        2 * round((b - a) / spacing_mm / 2) for a, b in zip(low, high, strict=True)
    )
    return Grid(low, spacing_mm, (depth, height, width))


def build_thorax(person: Person, state: State, grid: Grid) -> Thorax:
    """Draw the large shapes of one person in one state on the fine grid."""
    coarse = grid.coarse()
    rng = np.random.default_rng([person.seed, 3])
    cavity = _cavity(person, coarse) + 2.5 * smooth_field(rng, coarse, 45)
    skin, flesh = _skin(person, coarse, rng)
    floor = _floor(person, state, coarse) + 2.5 * smooth_field(rng, coarse, 40)
    heart = _heart(person, state, coarse)
    middle = _middle(person, coarse, heart) + 1.2 * smooth_field(rng, coarse, 25)
    right, left = _lungs(coarse, cavity, floor, middle)
    fields = (skin, flesh, cavity, floor, heart, right, left)
    return Thorax(grid, *(refined(each) for each in fields))


def level(person: Person, grid: Grid) -> Field:
    """Return the height in the chest, 0 at the lowest lung and 1 at the apex."""
    return (grid.axes()[0] / np.float32(person.height)).astype(np.float32)


def back_wall(person: Person, grid: Grid) -> Field:
    """Return y of the inner back wall of the chest at each height."""
    bend = (level(person, grid) - 0.45) / 0.55
    away = np.square(bend) * np.where(bend < 0, np.float32(0.3), np.float32(1))
    wall: Field = person.half_depth - person.kyphosis * np.minimum(away, 1.6)
    return wall


def _cavity(person: Person, grid: Grid) -> Field:
    _, y, x = grid.axes()
    t = level(person, grid)
    narrow = np.clip((t - 0.32) / 0.68, 0, 1)
    wide = person.half_width * np.maximum(1 - narrow**2.6, 0.02) ** 0.55
    deep = person.half_depth * np.maximum(1 - narrow**2.8, 0.02) ** 0.5
    centre = back_wall(person, grid) - deep
    power = np.float32(person.squareness)
    radius = (np.abs(x) / wide) ** power + (np.abs(y - centre) / deep) ** power
    depth = (1 - radius ** (1 / power)) * np.sqrt(wide * deep)
    top: Field = (1 - t) * np.float32(person.height)
    inside: Field = np.minimum(depth, top + np.float32(1)).astype(np.float32)
    return inside


def _skin(person: Person, grid: Grid, rng: np.random.Generator) -> tuple[Field, Field]:
    """Return the depth of the skin and of the muscle under its fat."""
    _, y, x = grid.axes()
    t = level(person, grid)
    shoulder = 30 * np.exp(-np.square((t - 0.93) / 0.16))
    neck = np.clip((t - 1.02) / 0.15, 0, 1)
    wall = person.muscle + 9
    wide = (person.half_width + wall + shoulder) * (1 - 0.35 * neck)
    deep = (person.half_depth + wall * 0.9) * (1 - 0.25 * np.clip(t - 0.6, 0, 1))
    centre = 8 - 0.75 * person.kyphosis * np.clip((t - 0.5) / 0.5, 0, 1.3) ** 2
    radius = (np.abs(x) / wide) ** 2.6 + (np.abs(y - centre) / deep) ** 2.6
    flesh = (1 - radius ** (1 / 2.6)) * np.sqrt(wide * deep)
    thick = person.fat * (1 + 0.25 * smooth_field(rng, grid, 90))
    sides = 1 + 0.25 * np.clip(np.abs(x) / person.half_width - 0.5, 0, 1)
    skin = flesh + np.maximum(thick * sides, 2)
    if person.breast:
        skin = np.maximum(skin, _breasts(person, grid))
    return skin.astype(np.float32), flesh.astype(np.float32)


def _breasts(person: Person, grid: Grid) -> Field:
    front = -person.half_depth - person.muscle - 0.4 * person.fat
    radii = (62.0, 26 + person.breast, 60.0)
    places = [
        (0.42 * person.height, front, 0.52 * s * person.half_width) for s in (-1, 1)
    ]
    right, left = (ellipsoid(grid, place, radii) for place in places)
    return np.maximum(right, left)


def _floor(person: Person, state: State, grid: Grid) -> Field:
    """Return the height over both domes of the diaphragm."""
    z, y, x = grid.axes()
    raised = 22 * state.breath
    height = np.full((1, *grid.shape[1:]), -200, dtype=np.float32)
    for side, drop in ((-1, 0.0), (1, person.dome_drop)):
        across = (x - side * 0.47 * person.half_width) / (0.62 * person.half_width)
        along = (y + 0.2 * person.half_depth) / (1.25 * person.half_depth)
        radius = across**2 + along**2
        dome = (person.dome + raised - drop) * (1 - radius**1.15)
        np.maximum(height, dome - 20 * (y / person.half_depth), out=height)
    floor: Field = (z - height) * np.float32(0.8)
    return floor


def heart_place(person: Person, state: State) -> tuple[float, float, float]:
    """Return the middle of the heart."""
    low = person.dome - person.dome_drop + 14 * state.breath
    return low + 0.72 * person.heart, -0.22 * person.half_depth, 20.0


def _heart(person: Person, state: State, grid: Grid) -> Field:
    size = person.heart
    place = heart_place(person, state)
    main = ellipsoid(
        grid, place, (0.92 * size, 0.8 * size, 1.12 * size), person.heart_turn
    )
    atrium = (place[0] + 0.15 * size, place[1] + 0.2 * size, -0.42 * size)
    right = ellipsoid(grid, atrium, (0.85 * size, 0.6 * size, 0.52 * size))
    back = (place[0] + 0.35 * size, place[1] + 0.72 * size, 4.0)
    left = ellipsoid(grid, back, (0.5 * size, 0.42 * size, 0.72 * size))
    return np.maximum(main, np.maximum(right, left))


def aorta_course(person: Person, state: State) -> Points:
    """Return ``(n, 3)`` places along the aorta, from the heart to the belly."""
    z, y, x = heart_place(person, state)
    arch = 0.74 * person.height
    bulge = person.unfolding
    places = [
        (z + 0.2 * person.heart, y + 4, x - 16),
        (0.5 * (z + arch) + 4, y + 2, -13 - 0.25 * bulge),
        (arch - 8, y + 14, -11 - 0.2 * bulge),
        (arch + 3, person.spine_y(arch) - 45, 6),
        (arch - 5, person.spine_y(arch) - 16, 22 + 0.4 * bulge),
        (0.55 * person.height, person.spine_y(0.55 * person.height) - 8, 23 + bulge),
        (0.25 * person.height, person.spine_y(0.25 * person.height) - 14, 18 + bulge),
        (-60, person.spine_y(0) - 24, 6),
    ]
    return curve(places, 40)


def _middle(person: Person, grid: Grid, heart: Field) -> Field:
    """Return the depth of all that keeps both lungs apart."""
    _, y, x = grid.axes()
    t = level(person, grid)
    neutral = State(0, 0, prone=False, seed=0)
    course = aorta_course(person, neutral)
    great = tube(grid, course, [person.aorta + 3.5] * len(course))
    for side, reach in ((-1, 34), (1, 32)):  # the roots of both lungs
        z, back, _ = person.carina
        root = curve([(z - 8, back - 14, 0), (z - 16, back - 6, side * reach)], 3)
        great = np.maximum(great, tube(grid, root, [17, 15, 9]))
    vertebra = y - back_wall(person, grid) + SPINE_BEFORE_WALL_MM
    spine = np.maximum(22 - np.hypot(x, vertebra), np.minimum(19 - np.abs(x), vertebra))
    front = back_wall(person, grid) - 46
    gorge = np.hypot(x / (19 + person.visceral_fat * 0.5), (y - front) / 36)
    trunk = (1 - gorge) * 18 + 4 * np.clip((t - 0.5) / 0.2, -1.5, 1.2)
    ahead = np.clip(-y / person.half_depth, 0, 1)
    between = y - (0.5 * back_wall(person, grid) - 0.3 * person.half_depth)
    core = 14 * np.exp(-np.square(between / 45)) * np.clip((0.85 - t) / 0.2, 0, 1)
    sheet = core + LUNGS_PART_MM + 0.6 * person.visceral_fat * ahead**2
    sheet = sheet + 7 * np.clip((t - 0.86) / 0.12, 0, 1) - np.abs(x - 3 * ahead)
    fat = heart + np.float32(min(person.visceral_fat, 9) * 0.6 + 1)
    parts = np.maximum(np.maximum(great, trunk), np.maximum(fat, sheet))
    smooth = ndimage.gaussian_filter(np.maximum(parts, -14), 2.4) + 1.5
    middle: Field = np.maximum(np.maximum(smooth, sheet), spine).astype(np.float32)
    return middle


def _lungs(
    grid: Grid, cavity: Field, floor: Field, middle: Field
) -> tuple[Field, Field]:
    """Return the depth of the right and of the left lung."""
    x = grid.axes()[2]
    both = np.minimum(np.minimum(cavity, floor), -middle)
    split = np.broadcast_to(x, both.shape)
    return np.minimum(both, -split), np.minimum(both, split)
