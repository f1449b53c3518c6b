"""Consolidation and ground-glass: more tissue, less air, the vessels as they are."""

from __future__ import annotations

import numpy as np

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.deposit import Deposit, cropped, filled, whole
from models.chest_ct.simulator.person import draw
from models.chest_ct.simulator.settings import DiseaseSettings
from models.chest_ct.simulator.space import Field, Mask, smooth_field
from models.chest_ct.simulator.tissue import Tissue

HALO_HU = -520.0
COMPACT_UNDER = 0.03
"""Ground-glass of less than this share of the lungs is one patch."""


def draw_consolidation(
    tissue: Tissue, fraction: float, rng: np.random.Generator
) -> Deposit | None:
    """Fill air spaces of part of a lobe, or of patches around airways.

    The lumen of airways stays, which makes air bronchograms, and fissures bound it.

    Parameters
    ----------
    fraction
        Share of both lungs, 0 to 1.
    """
    voxels = fraction * float(np.count_nonzero(tissue.lung))
    lobe = int(rng.choice(np.unique(tissue.lobe[tissue.lung])))
    form = str(rng.choice(("lobar", "patchy", "round"), p=(0.45, 0.4, 0.15)))
    where = tissue.lung & (tissue.lobe == lobe) if form != "patchy" else tissue.lung
    rough, length = {"lobar": (9, 14), "patchy": (30, 12), "round": (3, 12)}[form]
    score = rough * smooth_field(rng, tissue.grid, length) - _from_seed(
        tissue, where, rng, at_pleura=form != "patchy"
    )
    share = filled(score, where, voxels, soft=5.0 if form == "round" else 9.0)
    solid = np.clip(1.6 * share - 0.6, 0, 1)
    grain = smooth_field(rng, tissue.grid, 7)
    haze = share * np.maximum(HALO_HU + 60 * grain - tissue.parenchyma, 0)
    tissue.parenchyma += haze
    density = draw(rng, (15.0, 60.0)) + 0.15 * (tissue.blood_hu - 42) + 22 * grain
    tissue.parenchyma += solid * (density - tissue.parenchyma)
    tissue.lumen *= 1 - solid * np.float32(rng.choice([0.1, 0.25, 0.9]))
    return cropped(Kind.CONSOLIDATION, whole(tissue), share, form)


def draw_ground_glass(
    tissue: Tissue,
    fraction: float,
    settings: DiseaseSettings,
    rng: np.random.Generator,
) -> Deposit | None:
    """Veil part of the lungs, vessels still seen through it.

    Parameters
    ----------
    fraction
        Share of both lungs, 0 to 1.
    """
    lung = tissue.lung
    voxels = fraction * float(np.count_nonzero(lung))
    compact = fraction < COMPACT_UNDER
    spread = str(rng.choice(("peripheral", "central", "random"), p=(0.5, 0.2, 0.3)))
    score = 12 * smooth_field(rng, tissue.grid, rng.uniform(14, 30))
    score += 4 * smooth_field(rng, tissue.grid, 7)
    if compact:
        score -= _from_seed(tissue, lung, rng, at_pleura=spread == "peripheral")
    elif spread != "random":
        way = -0.7 if spread == "peripheral" else 0.5
        score += way * np.minimum(tissue.depth, 40) + 25 * tissue.low
    share = filled(score, lung, voxels, soft=8.0)
    veil = draw(rng, settings.ground_glass_hu) + 35 * smooth_field(rng, tissue.grid, 10)
    tissue.parenchyma += share * np.maximum(veil - tissue.parenchyma, 50)
    form = spread
    if rng.random() < 0.3:  # thickened septa within it: crazy paving
        net = np.abs(smooth_field(rng, tissue.grid, 8))
        lines = np.clip(1 - net / np.float32(0.25), 0, 1)
        tissue.parenchyma += share * lines * np.float32(draw(rng, (80.0, 220.0)))
        form = "crazy_paving"
    return cropped(Kind.GROUND_GLASS, whole(tissue), share, form)


def _from_seed(
    tissue: Tissue, where: Mask, rng: np.random.Generator, *, at_pleura: bool
) -> Field:
    """Return the distance in millimetres from a random place of a mask."""
    shallow = where & (tissue.depth < 18) if at_pleura else where & (tissue.depth > 8)
    places = np.flatnonzero(shallow if shallow.any() else where)
    seed = np.unravel_index(int(rng.choice(places)), where.shape)
    oblong = rng.uniform(0.75, 1.3, 3)
    z, y, x = (
        (axis - axis.ravel()[at]) * np.float32(o)
        for axis, at, o in zip(tissue.grid.axes(), seed, oblong, strict=True)
    )
    away: Field = np.sqrt(z**2 + y**2 + x**2)
    return away
