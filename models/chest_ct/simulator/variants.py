"""What is no disease and yet not clean: drawn in studies of either label alike."""

from __future__ import annotations

import numpy as np

from models.chest_ct.simulator.nodules import find_place
from models.chest_ct.simulator.person import Person, State, draw
from models.chest_ct.simulator.settings import VariantSettings
from models.chest_ct.simulator.space import coverage, ellipsoid, smooth_field
from models.chest_ct.simulator.tissue import Tissue
from models.chest_ct.simulator.trees import Tree, splat


def draw_variants(
    tissue: Tissue, person: Person, state: State, settings: VariantSettings
) -> None:
    """Draw the variants that the state of a patient has, into the tissue."""
    rng = np.random.default_rng([state.seed, 8])
    of_person = np.random.default_rng([person.seed, 8])
    if rng.random() < settings.dependent_band:
        _dependent_band(tissue, rng)
    if rng.random() < settings.mosaic:
        patches = np.clip(smooth_field(rng, tissue.grid, 24), -1, 1)
        tissue.parenchyma += np.float32(draw(rng, (10.0, 35.0))) * patches
    if rng.random() < settings.thick_walls:
        tissue.walls *= np.float32(draw(rng, (1.2, 1.8)))
        np.minimum(tissue.walls, 1, out=tissue.walls)
    if of_person.random() < settings.apical_cap:
        _apical_cap(tissue, person, of_person)
    if of_person.random() < settings.scar:
        _scar(tissue, of_person)
    if of_person.random() < settings.pleural_plaque:
        _plaque(tissue, of_person)
    if person.azygos:
        _azygos_lobe(tissue, person)
    if of_person.random() < settings.granuloma:
        _granuloma(tissue, settings, of_person)


def _dependent_band(tissue: Tissue, rng: np.random.Generator) -> None:
    """Draw the thin denser band of tissue that lies lowest."""
    width = draw(rng, (2.0, 7.0)) * (1 + 0.4 * smooth_field(rng, tissue.grid, 25))
    near = np.clip(1.5 - tissue.depth / np.maximum(width, 0.5), 0, 1)
    band = near * np.clip((tissue.low - 0.6) / 0.25, 0, 1) * tissue.lung
    density = draw(rng, (-700.0, -420.0))
    tissue.parenchyma += band * np.maximum(density - tissue.parenchyma, 0)


def _apical_cap(tissue: Tissue, person: Person, rng: np.random.Generator) -> None:
    """Draw mild thickening of the pleura over the apices."""
    z = tissue.grid.axes()[0]
    top = np.clip((z - 0.9 * person.height) / (0.06 * person.height), 0, 1)
    width = draw(rng, (1.0, 3.0)) * np.clip(1 + smooth_field(rng, tissue.grid, 9), 0, 2)
    cap = coverage(width * top - tissue.depth, tissue.grid.spacing_mm)
    tissue.parenchyma += cap * (top > 0) * (-20 - tissue.parenchyma)


def _scar(tissue: Tissue, rng: np.random.Generator) -> None:
    """Draw one to four thin linear scars or plate-like bands."""
    for _ in range(int(rng.integers(1, 5))):
        middle = find_place(tissue, 3.0, rng)
        way = rng.normal(0, 1, 3) * (0.4, 1, 1)
        way *= draw(rng, (5.0, 22.0)) / np.linalg.norm(way)
        bend = middle + rng.normal(0, 3, 3)
        line = Tree(
            (middle - way)[None], bend[None], (middle + way)[None], np.array([0.6])
        )
        flat = np.maximum(tissue.vessels, splat(line, tissue.grid) * tissue.lung)
        tissue.vessels[:] = flat


def _plaque(tissue: Tissue, rng: np.random.Generator) -> None:
    """Draw flat thickening of the pleura at the wall."""
    patch = smooth_field(rng, tissue.grid, 28) > 1.5
    width = np.float32(draw(rng, (1.5, 3.5)))
    plate = coverage(width - tissue.depth, tissue.grid.spacing_mm) * patch
    tissue.parenchyma += plate * (40 - tissue.parenchyma)


def _azygos_lobe(tissue: Tissue, person: Person) -> None:
    """Draw the fissure that an azygos vein leaves in the right apex."""
    z, y, x = tissue.grid.axes()
    bowl = x + 0.32 * person.half_width + 0.25 * (z - 0.85 * person.height)
    sheet = np.clip(1 - np.abs(bowl) / np.float32(tissue.grid.spacing_mm), 0, 1)
    sheet = sheet * (z > 0.76 * person.height) * tissue.right * (y > -60)
    share = (0.45 * sheet * tissue.lung).astype(np.float32)
    np.maximum(tissue.vessels, share, out=tissue.vessels)


def _granuloma(
    tissue: Tissue, settings: VariantSettings, rng: np.random.Generator
) -> None:
    """Draw one to three calcified grains under three millimetres."""
    for _ in range(int(rng.integers(1, 4))):
        radius = draw(rng, settings.granuloma_mm) / 2
        place = find_place(tissue, 2.0, rng)
        window = tissue.grid.window(place - 4, place + 4)
        part = tissue.grid.part(window)
        centre = (float(place[0]), float(place[1]), float(place[2]))
        # a voxel holds more than such a grain: its share is that of the volumes
        blob = np.clip(ellipsoid(part, centre, (2.2, 2.2, 2.2)), 0, None)
        total = float(blob.sum()) * part.spacing_mm**3
        if total:
            share = np.minimum(blob * (4.19 * radius**3 / total), 1)
            piece = tissue.parenchyma[window]
            piece += share * (700 - piece)
