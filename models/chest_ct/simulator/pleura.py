"""Fluid and air between lung and chest wall.

The pleural space is taken from the lung: the lung inside stays where it is, compressed
next to fluid, and what was drawn there gives way.
"""

from __future__ import annotations

import numpy as np

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.deposit import Deposit, cropped, filled, whole
from models.chest_ct.simulator.mediastinum import AIR_HU
from models.chest_ct.simulator.person import draw
from models.chest_ct.simulator.settings import DiseaseSettings
from models.chest_ct.simulator.space import Field, Mask, smooth_field
from models.chest_ct.simulator.tissue import Tissue

PLEURA_HU = -150.0


def draw_effusion(
    tissue: Tissue,
    volume_ml: float,
    settings: DiseaseSettings,
    rng: np.random.Generator,
) -> Deposit | None:
    """Fill the lowest part of one pleural space with fluid, at most 45 % of the lung.

    A crescent that follows gravity, deepest at the back and the base, with
    collapsed lung next to it.
    """
    side = tissue.lung & (tissue.right == bool(rng.random() < 0.55))
    voxels = min(
        1000 * volume_ml / tissue.grid.spacing_mm**3, 0.45 * np.count_nonzero(side)
    )
    z = tissue.grid.axes()[0]
    lowness = _millimetres_low(tissue)
    score = lowness - 1.3 * np.clip(tissue.depth, 0, 60) - 0.35 * z
    score += 1.5 * smooth_field(rng, tissue.grid, 30)
    share = filled(score, side, voxels, soft=3.0)
    _collapse(tissue, share, side, draw(rng, (3.0, 12.0)), rng)
    fluid = draw(rng, settings.effusion_hu) + 2 * smooth_field(rng, tissue.grid, 20)
    tissue.clear(share)
    tissue.parenchyma += share * (fluid - tissue.parenchyma)
    return cropped(Kind.EFFUSION, whole(tissue), share, "free")


def draw_pneumothorax(
    tissue: Tissue, width_mm: float, rng: np.random.Generator
) -> Deposit | None:
    """Put a rim of air without vessels where gravity pulls from.

    Parameters
    ----------
    width_mm
        Greatest width of the rim.
    """
    side = tissue.lung & (tissue.right == bool(rng.random() < 0.55))
    z = tissue.grid.axes()[0]
    score = -0.45 * _millimetres_low(tissue) + 0.15 * z - tissue.depth
    score += 1.5 * smooth_field(rng, tissue.grid, 40)
    top = float(np.quantile(score[side], 0.999))
    share = np.clip((score - (top - width_mm)) / np.float32(1.5) + 0.5, 0, 1) * side
    share = share.astype(np.float32)
    line = np.clip(1 - np.abs(score - np.float32(top - width_mm - 0.8)) / 1.2, 0, 1)
    tissue.parenchyma += side * np.float32(draw(rng, (10.0, 110.0)))
    tissue.parenchyma += side * line * (PLEURA_HU - tissue.parenchyma)
    tissue.clear(share)
    tissue.parenchyma += share * (AIR_HU + 4 - tissue.parenchyma)
    return cropped(Kind.PNEUMOTHORAX, whole(tissue), share, "free")


def _millimetres_low(tissue: Tissue) -> Field:
    """Return how far a voxel lies down, in millimetres."""
    height = tissue.grid.spacing_mm / float(np.abs(np.diff(tissue.low.ravel())).max())
    return tissue.low * np.float32(height)


def _collapse(
    tissue: Tissue, share: Field, side: Mask, width_mm: float, rng: np.random.Generator
) -> None:
    """Compress the lung next to fluid."""
    from scipy.ndimage import gaussian_filter

    sigma = width_mm / tissue.grid.spacing_mm / 2
    near = np.clip(2.2 * gaussian_filter(share, sigma), 0, 1) * side
    density = draw(rng, (-450.0, 20.0)) + 40 * smooth_field(rng, tissue.grid, 9)
    tissue.parenchyma += near * np.maximum(density - tissue.parenchyma, 0)
