"""The inside of the lungs in layers, so that disease can change one and not another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.chest_ct.simulator.mediastinum import AIR_HU, BLOOD_HU, Hilum, hila
from models.chest_ct.simulator.person import Person, State, draw
from models.chest_ct.simulator.settings import LungSettings
from models.chest_ct.simulator.space import (
    Field,
    Grid,
    Points,
    Window,
    coverage,
    extent,
    paint,
    smooth_field,
)
from models.chest_ct.simulator.thorax import Thorax
from models.chest_ct.simulator.trees import Tree, beside, grow, joined, splat

WALL_HU = 20.0
BARE_RIM_MM = 3.5
"""Vessels that can be seen end this far from the pleura."""

RIGHT_UPPER, RIGHT_MIDDLE, RIGHT_LOWER, LEFT_UPPER, LEFT_LOWER = range(1, 6)


@dataclass(slots=True)
class Tissue:
    """Both lungs in layers on their part of the scene; disease writes into them.

    Attributes
    ----------
    window, grid
        The part of the scene.
    depth
        Millimetres from the pleura, negative outside both lungs.
    right
        ``(D, H, W)`` bool: on the side of the right lung.
    lobe
        ``(D, H, W)`` uint8, 1 to 5, also beyond the pleura.
    low
        0 where gravity pulls from, 1 where it pulls to, over the depth of the chest.
    parenchyma
        HU between vessels and airways.
    vessels, walls, lumen
        Share of each voxel that is blood vessel, wall of an airway, its air.
    blood_hu
        Of the vessels.
    """

    window: Window
    grid: Grid
    depth: Field
    right: npt.NDArray[np.bool_]
    lobe: npt.NDArray[np.uint8]
    low: Field
    parenchyma: Field
    vessels: Field
    walls: Field
    lumen: Field
    blood_hu: float
    branches: Points

    @property
    def lung(self) -> npt.NDArray[np.bool_]:
        """Voxels whose middle lies in a lung."""
        return self.depth > 0

    def composed(self) -> Field:
        """Return the HU of the lungs."""
        hu = self.parenchyma.copy()
        paint(hu, self.walls, WALL_HU)
        paint(hu, self.lumen, AIR_HU)
        paint(hu, self.vessels, self.blood_hu)
        return hu

    def clear(self, share: Field) -> None:
        """Take vessels and airways away where ``share`` covers them."""
        keep = 1 - share
        for layer in (self.vessels, self.walls, self.lumen):
            np.multiply(layer, keep, out=layer)


def fill_lungs(
    person: Person, state: State, thorax: Thorax, settings: LungSettings
) -> Tissue:
    """Draw the lungs of a healthy person.

    The trees belong to the person, the density of the tissue to the state.
    """
    window = _around(thorax)
    grid = thorax.grid.part(window)
    right = thorax.right[window]
    depth = np.maximum(right, thorax.left[window])
    is_right = right >= thorax.left[window]
    rng = np.random.default_rng([person.seed, 6])
    lobe, from_fissure = _lobes(person, grid, is_right, rng)
    low = np.clip((grid.axes()[1] / person.half_depth + 1) / 2, 0, 1)
    low = 1 - low if state.prone else low
    shares, branches = _trees(person, grid, depth, is_right, lobe, settings, rng)
    vessels, walls, lumen = shares
    fissures = _fissures(grid, from_fissure, settings, rng)
    np.maximum(vessels, fissures, out=vessels)
    return Tissue(
        window=window,
        grid=grid,
        depth=depth,
        right=is_right,
        lobe=lobe,
        low=low.astype(np.float32),
        parenchyma=_parenchyma(person, state, grid, low, settings),
        vessels=vessels,
        walls=walls,
        lumen=lumen,
        blood_hu=BLOOD_HU + 0.9 * state.contrast,
        branches=branches,
    )


def put_back(hu: Field, tissue: Tissue) -> None:
    """Paint the lungs into the scene in place."""
    share = coverage(tissue.depth, tissue.grid.spacing_mm)
    paint(hu[tissue.window], share, tissue.composed())


def _around(thorax: Thorax) -> Window:
    """Return the window of both lungs with a margin of three voxels.

    Raises
    ------
    ValueError
        The person has no lungs: the settings of a body contradict one another.
    """
    lungs = np.maximum(thorax.right, thorax.left) > 0
    inner = extent(lungs)
    if inner is None:
        raise ValueError("no lung is left between heart, diaphragm and chest wall")
    z, y, x = (
        slice(max(piece.start - 3, 0), min(piece.stop + 3, size))
        for piece, size in zip(inner, lungs.shape, strict=True)
    )
    return z, y, x


def _lobes(
    person: Person,
    grid: Grid,
    is_right: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.uint8], Field]:
    """Return the lobes and the distance from the nearest fissure, millimetres."""
    z, y, x = grid.axes()
    high = person.height
    slope = np.float32(rng.uniform(0.5, 0.62) * high / (2 * person.half_depth))
    bow = 5 * smooth_field(rng, grid, 70)
    oblique = z - (0.44 + rng.uniform(-0.04, 0.04)) * high - slope * y
    oblique = oblique + bow + 10 * (np.abs(x) / person.half_width - 0.5) ** 2
    oblique /= np.float32(np.hypot(1, slope))
    level = z - (0.5 + rng.uniform(-0.03, 0.03)) * high
    level = level + 4 * smooth_field(rng, grid, 60) - 0.12 * (y + np.abs(x))
    upper = np.where(level > 0, RIGHT_UPPER, RIGHT_MIDDLE)
    on_right = np.where(oblique < 0, RIGHT_LOWER, upper)
    on_left = np.where(oblique < 0, LEFT_LOWER, LEFT_UPPER)
    lobe = np.where(is_right, on_right, on_left).astype(np.uint8)
    ahead = np.where(is_right & (oblique > 0), np.abs(level), np.float32(99))
    return lobe, np.minimum(np.abs(oblique), ahead).astype(np.float32)


def _fissures(
    grid: Grid, away: Field, settings: LungSettings, rng: np.random.Generator
) -> Field:
    """Return the share of the two layers of pleura, where they can be seen."""
    complete = smooth_field(rng, grid, 50) < 2.5 * settings.fissure_share - 1
    sheet = np.clip(1 - away / np.float32(grid.spacing_mm), 0, 1)
    thin: Field = (0.8 / grid.spacing_mm * 0.4 * sheet * complete).astype(np.float32)
    return thin


def _trees(
    person: Person,
    grid: Grid,
    depth: Field,
    is_right: npt.NDArray[np.bool_],
    lobe: npt.NDArray[np.uint8],
    settings: LungSettings,
    rng: np.random.Generator,
) -> tuple[tuple[Field, Field, Field], Points]:
    """Return the shares of vessels, walls and lumen, and places on the vessels."""
    wall = rng.uniform(0.35, 0.6)
    blood, air = [], []
    for hilum, side in zip(hila(person), (is_right, ~is_right), strict=True):
        deep = np.flatnonzero((depth > BARE_RIM_MM) & side)
        arteries = _tree(grid, deep, lobe, hilum.artery, person.vessel, settings, rng)
        veins = _tree(grid, deep, lobe, hilum.vein, 0.95 * person.vessel, settings, rng)
        blood += [arteries, veins]
        air.append(_airways(arteries, hilum))
    vessels = splat(joined(blood), grid)
    walls, lumen = splat(joined(air), grid, wall), splat(joined(air), grid)
    middles = [each.end[each.radius < 2.5] for each in blood]
    vessels *= depth > 0.5  # no branch leaves a bent lung
    return (vessels, walls, lumen), np.concatenate(middles)


def _tree(
    grid: Grid,
    deep: npt.NDArray[np.intp],
    lobe: npt.NDArray[np.uint8],
    root: tuple[float, float, float],
    radius_mm: float,
    settings: LungSettings,
    rng: np.random.Generator,
) -> Tree:
    """Grow one tree to places drawn in the deep part of a lung."""
    chosen = rng.choice(deep, settings.tips)
    index = np.stack(np.unravel_index(chosen, grid.shape), axis=1)
    places = index + rng.uniform(-0.5, 0.5, index.shape)
    tips = places * grid.spacing_mm + np.asarray(grid.origin_mm)
    lobes = lobe.ravel()[chosen].astype(np.intp)
    return grow(tips, lobes, np.asarray(root), radius_mm, rng)


def _airways(arteries: Tree, hilum: Hilum) -> Tree:
    away = np.asarray(hilum.bronchus) - np.asarray(hilum.artery)
    return beside(arteries.thicker(0.9), away, 0.75)


def _parenchyma(
    person: Person, state: State, grid: Grid, low: Field, settings: LungSettings
) -> Field:
    """Return HU of the tissue: gravity, breath, and textures of two sizes."""
    rng = np.random.default_rng([state.seed, 7])
    fine = rng.standard_normal(grid.shape, dtype=np.float32)
    fine *= np.float32(draw(rng, settings.texture_hu))
    slow = draw(rng, settings.mosaic_hu) * smooth_field(rng, grid, 22)
    slow += draw(rng, settings.texture_hu) * 0.5 * smooth_field(rng, grid, 5)
    slope = draw(rng, settings.gravity_hu) * (1 + state.breath)
    level = person.lung_hu + settings.breath_hu * state.breath
    hu: Field = (fine + slow + slope * (low - 0.5) + level).astype(np.float32)
    return hu
