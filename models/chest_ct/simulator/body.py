"""A whole body around empty lungs: fat, muscle, belly, bones, mediastinum."""

from __future__ import annotations

import numpy as np

from models.chest_ct.simulator.bones import paint_bones
from models.chest_ct.simulator.mediastinum import AIR_HU, paint_mediastinum
from models.chest_ct.simulator.person import Person, State
from models.chest_ct.simulator.space import (
    Field,
    Grid,
    coverage,
    ellipsoid,
    paint,
    refined,
    smooth_field,
)
from models.chest_ct.simulator.thorax import Thorax

FAT_HU = -100.0
FLESH_HU = 52.0
LIVER_HU = 58.0
SPLEEN_HU = 50.0


def paint_body(person: Person, state: State, thorax: Thorax) -> tuple[Field, Field]:
    """Return a body without lung tissue, and the lumen of the central airways.

    Returns
    -------
    tuple
        HU, ``(D, H, W)`` float32, where the lungs still hold the fat of the
        mediastinum, and the share of each voxel that is airway.
    """
    grid = thorax.grid
    step = grid.spacing_mm
    rng = np.random.default_rng([person.seed, 5])
    hu = np.full(grid.shape, AIR_HU, dtype=np.float32)
    paint(hu, coverage(thorax.skin, step), FAT_HU + 8 * smooth_field(rng, grid, 12))
    _rim(hu, thorax)
    layers = np.abs(smooth_field(rng, grid, 34))  # fat between muscles, in sheets
    muscle = FLESH_HU - 130 * np.clip(1 - layers / np.float32(0.09), 0, 1)
    muscle += np.float32(0.04 * state.contrast)
    paint(hu, coverage(thorax.flesh, step), muscle)
    inner = coverage(thorax.cavity, step)
    organs = refined(_organs(person, state, grid.coarse(), rng))
    paint(hu, inner, FAT_HU)
    under = coverage(-thorax.floor, step)
    under *= inner
    paint(hu, under, organs)
    lumen = paint_mediastinum(hu, person, state, thorax)
    paint_bones(hu, person, thorax)
    if person.breast:
        _glands(hu, person, thorax, rng)
    return hu, lumen


def _rim(hu: Field, thorax: Thorax) -> None:
    """Draw the skin, two millimetres of it."""
    rim = np.float32(1.1) - np.abs(thorax.skin - np.float32(1.1))
    paint(hu, coverage(rim, thorax.grid.spacing_mm), 10.0)


def _glands(
    hu: Field, person: Person, thorax: Thorax, rng: np.random.Generator
) -> None:
    """Draw glandular tissue in the breasts."""
    front = -person.half_depth - person.muscle - 5
    high, wide = 0.42 * person.height, 1.1 * person.half_width
    window = thorax.grid.window((high - 60, -1e4, -wide), (high + 60, front, wide))
    part = thorax.grid.part(window)
    if 0 in part.shape:
        return
    place = thorax.skin[window] - 6
    ahead = -thorax.flesh[window] - 4
    lobes = 5 * smooth_field(rng, part, 16) - 3 + rng.normal(0, 2)
    depth = np.minimum(np.minimum(place, ahead), lobes)
    paint(hu[window], coverage(depth, part.spacing_mm), 25.0)


def _organs(
    person: Person, state: State, grid: Grid, rng: np.random.Generator
) -> Field:
    """Return the HU under the diaphragm: liver, spleen, stomach, bowel, fat."""
    wide, top = person.half_width, person.dome
    step = 1.5 * grid.spacing_mm
    field = np.full(grid.shape, FAT_HU, dtype=np.float32)
    field += 10 * smooth_field(rng, grid, 15)
    added = 0.35 * state.contrast
    fatty = rng.choice([0.0, 0.0, -25.0, -45.0])
    liver = ellipsoid(grid, (top - 66, -8, -0.36 * wide), (84, 90, 0.86 * wide))
    paint(field, coverage(liver, step), LIVER_HU + fatty + added)
    spleen = ellipsoid(grid, (top - 62, 42, 0.66 * wide), (46, 34, 26))
    paint(field, coverage(spleen, step), SPLEEN_HU + 1.3 * added)
    stomach = ellipsoid(grid, (top - 56, -14, 0.42 * wide), (46, 44, 40), 0.4)
    paint(field, coverage(stomach, step), 22.0)
    y = grid.axes()[1]
    gas_level = -14 - 40 * (1 - person.gas) if not state.prone else -14 + 10
    above = gas_level - y if not state.prone else y - gas_level
    bubble = np.minimum(stomach - 4, above).astype(np.float32)
    paint(field, coverage(bubble, step), AIR_HU)
    if person.gas > 0.4:  # gas in the left bend of the colon
        bend = ellipsoid(grid, (top - 40, -45, 0.7 * wide), (22, 24, 20))
        paint(field, coverage(bend, step), AIR_HU)
    return field
