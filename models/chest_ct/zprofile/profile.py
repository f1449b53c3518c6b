"""What is measured at each level of the lungs, from apex to base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from models.contract import LabelMap
from models.terms import Vector

LEFT_LUNG, RIGHT_LUNG = 2, 1

LEVELS = 32
"""Steps from apex to base; of a lung 240 mm high, 7.5 mm each."""

DENSE_HU = -400.0
"""Above it no air-filled lung is left: consolidation, fluid, tissue, vessels."""

GROUND_GLASS_HU = -700.0
"""From here to `DENSE_HU` the lung is hazy. A choice of ours: the Fleischner
glossary (Hansell et al. 2008, doi 10.1148/radiol.2462070712) has no number."""

EMPHYSEMA_HU = -950.0
"""Below it lung counts as emphysema-like (Gevenois et al. 1996, Am J Respir Crit Care
Med 154:187)."""

LEAST_SHARE = 0.02
"""Of the lungs' voxels at the fullest level: a level with fewer is told by its
neighbours, since a share of nearly nothing is noise."""

Curve = npt.NDArray[np.float64]

QUANTITIES: Mapping[str, str] = MappingProxyType(
    {
        "area": "",
        "mean_hu": "HU",
        "dense": "",
        "ground_glass": "",
        "emphysema": "",
        "area_asymmetry": "",
        "density_asymmetry": "HU",
    }
)
"""Name of a quantity → its unit; "" for a share.

``area`` is that of both lungs as a share of the largest level; ``dense``,
``ground_glass`` and ``emphysema`` are shares of the lungs' area at the level;
``area_asymmetry`` is (right - left) / (right + left); ``density_asymmetry`` the mean
of the right less that of the left.
"""


@dataclass(frozen=True, slots=True)
class LungProfile:
    """The lungs from apex to base.

    Attributes
    ----------
    curves
        Name of a quantity → ``(LEVELS,)``, from apex to base.
    slices
        ``(LEVELS,)`` fractional index along D of the grid that was measured, of the
        middle of each level.
    height_mm
        From apex to base.
    """

    curves: Mapping[str, Curve]
    slices: Curve
    height_mm: float


def measure(
    array: npt.NDArray[np.floating], labels: LabelMap, spacing_mm: Vector
) -> LungProfile | None:
    """Measure the lungs at `LEVELS` levels of their own height.

    Parameters
    ----------
    array
        ``(D, H, W)`` HU, harmonised; d grows to the head.
    labels
        ``(D, H, W)``: `RIGHT_LUNG`, `LEFT_LUNG` or 0, on the same grid.

    Returns
    -------
    LungProfile or None
        None where there are no lungs of at least two slices.
    """
    filled = np.flatnonzero((labels > 0).any(axis=(1, 2)))
    if filled.size < 2:
        return None
    base, apex = int(filled[0]), int(filled[-1])
    bands = _bands(array[base : apex + 1], labels[base : apex + 1])
    weights = _weights(apex - base + 1)
    levels = {name: weights @ counted for name, counted in bands.items()}
    middle = apex + 0.5 - (np.arange(LEVELS) + 0.5) * (apex - base + 1) / LEVELS
    return LungProfile(
        MappingProxyType(_curves(levels)),
        middle,
        (apex - base + 1) * spacing_mm[0],
    )


def _bands(
    array: npt.NDArray[np.floating], labels: LabelMap
) -> dict[str, npt.NDArray[np.float64]]:
    """Return counts and sums of every slice, each ``(D,)``."""
    bands = {}
    for side, label in (("right", RIGHT_LUNG), ("left", LEFT_LUNG)):
        inside = labels == label
        bands[f"{side}_voxels"] = inside.sum(axis=(1, 2), dtype=np.float64)
        bands[f"{side}_hu"] = np.where(inside, array, 0.0).sum(axis=(1, 2), dtype=float)
    lung = labels > 0
    kinds = {
        "dense": array > DENSE_HU,
        "ground_glass": (array > GROUND_GLASS_HU) & (array <= DENSE_HU),
        "emphysema": array < EMPHYSEMA_HU,
    }
    for name, kind in kinds.items():
        bands[name] = (kind & lung).sum(axis=(1, 2), dtype=np.float64)
    return bands


def _weights(slices: int) -> npt.NDArray[np.float64]:
    """Return ``(LEVELS, slices)``: which part of each slice lies in each level.

    Level 0 is the apex; slice 0 the base. Each slice is spread over the levels that it
    covers, so that few thick slices give the profile of many thin ones.
    """
    edges = np.linspace(slices, 0, LEVELS + 1)
    top, bottom = edges[:-1, np.newaxis], edges[1:, np.newaxis]
    below = np.arange(slices)[np.newaxis]
    overlap: npt.NDArray[np.float64] = np.minimum(top, below + 1) - np.maximum(
        bottom, below
    )
    return np.clip(overlap, 0.0, None)


def _curves(levels: Mapping[str, Curve]) -> dict[str, Curve]:
    right, left = levels["right_voxels"], levels["left_voxels"]
    both = right + left
    enough = both >= LEAST_SHARE * both.max()
    per_voxel = 1 / np.maximum(both, 1e-9)
    two_sided = np.minimum(right, left) >= LEAST_SHARE * both.max()
    mean_right = levels["right_hu"] / np.maximum(right, 1e-9)
    mean_left = levels["left_hu"] / np.maximum(left, 1e-9)
    curves = {
        "mean_hu": (levels["right_hu"] + levels["left_hu"]) * per_voxel,
        "dense": levels["dense"] * per_voxel,
        "ground_glass": levels["ground_glass"] * per_voxel,
        "emphysema": levels["emphysema"] * per_voxel,
        "area_asymmetry": (right - left) * per_voxel,
    }
    told = {name: _filled(curve, enough) for name, curve in curves.items()}
    told["area"] = both / both.max()
    told["density_asymmetry"] = _filled(mean_right - mean_left, two_sided)
    return {name: told[name] for name in QUANTITIES}


def _filled(curve: Curve, known: npt.NDArray[np.bool_]) -> Curve:
    """Return the curve with what is not known told by its neighbours; 0 without any."""
    if not known.any():
        return np.zeros_like(curve)
    places = np.arange(curve.size)
    return np.interp(places, places[known], curve[known])
