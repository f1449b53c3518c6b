"""Nodules: drawn ones of several forms, and the shapes of real ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.deposit import Deposit, cropped
from models.chest_ct.simulator.mediastinum import BLOOD_HU
from models.chest_ct.simulator.shapes import RealNodule
from models.chest_ct.simulator.space import (
    Field,
    Grid,
    Mask,
    Points,
    Window,
    coverage,
    smooth_field,
)
from models.chest_ct.simulator.tissue import Tissue
from models.chest_ct.simulator.trees import Tree, splat

FORMS = ("solid", "lobulated", "spiculated", "part_solid", "ground_glass", "calcified")
FORM_WEIGHTS = (0.34, 0.18, 0.16, 0.11, 0.14, 0.07)
BUMPS = {"lobulated": 0.17, "spiculated": 0.12, "ground_glass": 0.15}
"""Standard deviation of the radius of a form, as a part of it."""

CUT_MM = 16.0
"""No nodule lies so near the ends of the lungs that a short scan could miss it."""

SITES = ("free", "pleura", "vessel", "fissure")
SITE_WEIGHTS = (0.48, 0.24, 0.2, 0.08)


def draw_nodule(
    tissue: Tissue, diameter_mm: float, rng: np.random.Generator
) -> Deposit | None:
    """Draw one nodule of a diameter into the tissue; None where it found no room."""
    form = str(rng.choice(FORMS, p=FORM_WEIGHTS))
    centre = find_place(tissue, diameter_mm / 2, rng)
    window = _window(tissue.grid, centre, 0.95 * diameter_mm + 5)
    share = body(tissue.grid.part(window), centre, diameter_mm / 2, form, rng)
    share *= coverage(tissue.depth[window] + 0.5, tissue.grid.spacing_mm)
    _stain(tissue, window, share, form, centre, diameter_mm / 2, rng)
    return cropped(Kind.NODULE, window, share, form)


def paste_nodule(
    tissue: Tissue, nodule: RealNodule, diameter_mm: float, rng: np.random.Generator
) -> Deposit | None:
    """Paste a real nodule, turned about the long axis and perhaps mirrored."""
    centre = find_place(tissue, diameter_mm / 2, rng)
    hu, share = nodule.resampled(tissue.grid.spacing_mm, diameter_mm, rng)
    first = np.round(tissue.grid.index(centre)).astype(int) - np.array(hu.shape) // 2
    low = np.maximum(first, 0)
    high = np.minimum(first + hu.shape, tissue.grid.shape)
    if np.any(high <= low):
        return None
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    inner = tuple(
        slice(int(a - f), int(b - f)) for a, b, f in zip(low, high, first, strict=True)
    )
    window = (z, y, x)
    share = share[inner] * coverage(tissue.depth[window] + 0.5, tissue.grid.spacing_mm)
    piece = tissue.parenchyma[window]
    piece += share * np.maximum(hu[inner] - piece, 0)
    tissue.lumen[window] *= 1 - share
    return cropped(Kind.NODULE, window, share, "lidc")


def find_place(tissue: Tissue, radius_mm: float, rng: np.random.Generator) -> Points:
    """Return where a nodule of a radius lies: free, at pleura, vessel or fissure."""
    site = str(rng.choice(SITES, p=SITE_WEIGHTS))
    depth = np.where(_scanned(tissue), tissue.depth, np.float32(-9))
    if site == "vessel":
        near = tissue.branches[rng.integers(len(tissue.branches), size=40)]
        away = near + rng.normal(0, 1, near.shape) * radius_mm * 0.6
        index = np.round(tissue.grid.index(away)).astype(int)
        index = index[np.all((index >= 0) & (index < tissue.grid.shape), axis=1)]
        inside = depth[tuple(index.T)] > 0.8 * radius_mm
        if inside.any():
            return _millimetres(tissue.grid, index[np.flatnonzero(inside)[0]])
    if site == "pleura":
        where = (depth > 0.2 * radius_mm) & (depth < 0.85 * radius_mm)
    else:
        where = depth > min(radius_mm + 1, 0.7 * float(depth.max()))
    index = np.flatnonzero(where)
    chosen = np.unravel_index(int(rng.choice(index)), depth.shape)
    return _millimetres(tissue.grid, np.array(chosen)) + rng.uniform(-0.7, 0.7, 3)


def _scanned(tissue: Tissue) -> Mask:
    """Return the heights that every scan covers, however short it is cut."""
    there = np.flatnonzero((tissue.depth > 0).any(axis=(1, 2)))
    margin = int(CUT_MM / tissue.grid.spacing_mm) + 1
    inside = np.zeros((tissue.grid.shape[0], 1, 1), dtype=np.bool_)
    inside[there[0] + margin : there[-1] + 1 - margin] = True
    return inside


def _millimetres(grid: Grid, index: npt.NDArray[np.intp]) -> Points:
    place: Points = np.asarray(grid.origin_mm) + grid.spacing_mm * index
    return place


def _window(grid: Grid, centre: Points, reach: float) -> Window:
    return grid.window(centre - reach, centre + reach)


def body(
    grid: Grid, centre: Points, radius: float, form: str, rng: np.random.Generator
) -> Field:
    """Return the share of each voxel that the nodule fills."""
    z, y, x = grid.axes()
    oblong = np.exp(rng.normal(0, 0.14, 3))
    oblong /= np.prod(oblong) ** (1 / 3)
    dz, dy, dx = (
        (axis - np.float32(c)) / np.float32(o)
        for axis, c, o in zip((z, y, x), centre, oblong, strict=True)
    )
    away = np.sqrt(dz**2 + dy**2 + dx**2)
    bumps = BUMPS.get(form, 0.07) * smooth_field(rng, grid, max(0.9 * radius, 2.5))
    soft = max(grid.spacing_mm, 0.35 * radius if form == "ground_glass" else 0)
    share = coverage((radius * (1 + bumps) - away).astype(np.float32), soft)
    if form == "spiculated":
        share = np.maximum(share, 0.85 * splat(_spikes(centre, radius, rng), grid))
    return share


def _spikes(centre: Points, radius: float, rng: np.random.Generator) -> Tree:
    """Return thin strands that leave a nodule."""
    number = int(rng.integers(8, 18))
    way = rng.normal(0, 1, (number, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    long = radius * rng.uniform(1.25, 1.75, (number, 1))
    start = centre + 0.6 * radius * way
    end = centre + long * way
    bend = (start + end) / 2 + rng.normal(0, 0.08 * radius, (number, 3))
    return Tree(start, bend, end, rng.uniform(0.3, 0.6, number))


def _stain(
    tissue: Tissue,
    window: Window,
    share: Field,
    form: str,
    centre: Points,
    radius: float,
    rng: np.random.Generator,
) -> None:
    """Give the nodule its density."""
    piece = tissue.parenchyma[window]
    grid = tissue.grid.part(window)
    if form in {"ground_glass", "part_solid"}:
        haze = rng.uniform(-640, -430) + 30 * smooth_field(rng, grid, 4)
        piece += share * np.maximum(haze - piece, 60)
        if form == "ground_glass":
            return
        share = body(grid, centre, 0.55 * radius, "lobulated", rng)
    calcified = form == "calcified"
    level = rng.uniform(220, 600) if calcified else rng.normal(30, 22)
    level += 0.12 * (tissue.blood_hu - BLOOD_HU)
    density = level + 12 * smooth_field(rng, grid, 4)
    if form == "solid" and radius > 7 and rng.random() < 0.12:  # a cavity
        hole = body(grid, centre, 0.5 * radius, "solid", rng)
        density = density + hole * np.float32(-900)
    piece += share * (density - piece)
    tissue.lumen[window] *= 1 - share
