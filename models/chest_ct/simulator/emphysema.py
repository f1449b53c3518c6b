"""Emphysema: holes in the tissue, few vessels in them."""

from __future__ import annotations

import numpy as np

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.deposit import Deposit, cropped, filled, whole
from models.chest_ct.simulator.person import draw
from models.chest_ct.simulator.space import Field, ellipsoid, smooth_field
from models.chest_ct.simulator.tissue import Tissue

FORMS = ("centrilobular", "paraseptal", "diffuse", "bullae")


def draw_emphysema(
    tissue: Tissue, fraction: float, rng: np.random.Generator
) -> Deposit | None:
    """Destroy part of the lungs.

    Parameters
    ----------
    fraction
        Share of both lungs, 0 to 1, that becomes low in density.
    """
    form = str(rng.choice(FORMS, p=(0.5, 0.2, 0.15, 0.15)))
    share = _holes(tissue, form, fraction, rng)
    emptied = draw(rng, (-985.0, -955.0)) + 6 * smooth_field(rng, tissue.grid, 10)
    tissue.parenchyma += share * np.minimum(emptied - tissue.parenchyma, 0)
    tissue.vessels *= 1 - np.float32(0.75) * share
    if form in {"bullae", "paraseptal"}:  # thin walls around the holes
        wall = 4 * share * (1 - share)
        tissue.parenchyma += np.float32(draw(rng, (60.0, 200.0))) * wall
    return cropped(Kind.EMPHYSEMA, whole(tissue), share, form)


def _holes(
    tissue: Tissue, form: str, fraction: float, rng: np.random.Generator
) -> Field:
    """Return the share of each voxel that is a hole."""
    lung = tissue.lung
    voxels = fraction * float(np.count_nonzero(lung))
    z = tissue.grid.axes()[0]
    high = np.float32(rng.choice([0.02, 0.012, -0.008])) * z
    if form == "bullae":
        return _bullae(tissue, voxels, rng)
    if form == "diffuse":
        score = smooth_field(rng, tissue.grid, 18) + high
        return filled(score, lung, voxels, soft=0.8)
    if form == "paraseptal":
        score = smooth_field(rng, tissue.grid, 9) + 0.5 * high
        score -= np.clip(tissue.depth - 4, 0, None) / 5
        return filled(score, lung, min(voxels, 0.1 * lung.sum()), soft=0.4)
    length = rng.uniform(4.5, 9)
    return filled(smooth_field(rng, tissue.grid, length) + high, lung, voxels, soft=1.0)


def _bullae(tissue: Tissue, voxels: float, rng: np.random.Generator) -> Field:
    share = np.zeros(tissue.grid.shape, dtype=np.float32)
    shallow = np.flatnonzero((tissue.depth > 2) & (tissue.depth < 18))
    for _ in range(40):
        if share.sum() > voxels:
            break
        index = np.unravel_index(int(rng.choice(shallow)), share.shape)
        centre = np.asarray(tissue.grid.origin_mm)
        centre = centre + tissue.grid.spacing_mm * np.array(index)
        radius = float(rng.uniform(6, 24))
        window = tissue.grid.window(centre - 1.4 * radius, centre + 1.4 * radius)
        part = tissue.grid.part(window)
        radii = tuple(radius * rng.uniform(0.7, 1.3, 3))
        hole = ellipsoid(part, tuple(centre), (radii[0], radii[1], radii[2]))
        hole = np.minimum(hole, tissue.depth[window])
        hole = np.clip(hole / np.float32(tissue.grid.spacing_mm) + 0.5, 0, 1)
        np.maximum(share[window], hole, out=share[window])
    return share * tissue.lung
