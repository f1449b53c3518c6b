"""What one disease left in the lungs: which part of which voxels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.space import Field, Window, extent
from models.chest_ct.simulator.tissue import Tissue

EDGE = 0.05
"""Shares under this are no part of a deposit."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a plan asks to be drawn.

    Attributes
    ----------
    amount
        How much: of a nodule its diameter in millimetres; of consolidation,
        ground-glass and emphysema the share of both lungs, 0 to 1; of an effusion
        millilitres; of a pneumothorax the width of the rim in millimetres.
    """

    kind: Kind
    amount: float


@dataclass(frozen=True, slots=True)
class Deposit:
    """One lesion on the grid of the lungs.

    Attributes
    ----------
    window
        Part of the grid of the tissue.
    share
        ``(D, H, W)`` of that window: share of each voxel that is diseased.
    """

    kind: Kind
    window: Window
    share: Field
    form: str

    def volume_mm3(self, spacing_mm: float) -> float:
        """Return the volume in cubic millimetres."""
        return float(self.share.sum(dtype=np.float64)) * spacing_mm**3


def cropped(kind: Kind, window: Window, share: Field, form: str) -> Deposit | None:
    """Return a deposit cut to where its share counts; None where it counts nowhere."""
    inner = extent(share > EDGE)
    if inner is None:
        return None
    z, y, x = (
        slice(around.start + piece.start, around.start + piece.stop)
        for around, piece in zip(window, inner, strict=True)
    )
    return Deposit(kind, (z, y, x), share[inner].copy(), form)


def whole(tissue: Tissue) -> Window:
    """Return the window of all of the tissue."""
    depth, height, width = tissue.grid.shape
    return slice(0, depth), slice(0, height), slice(0, width)


def filled(
    score: Field, where: npt.NDArray[np.bool_], voxels: float, soft: float
) -> Field:
    """Return the share of the voxels of a mask that score highest.

    Parameters
    ----------
    voxels
        How many to fill.
    soft
        How far around the threshold the share goes from 0 to 1, in units of score.
    """
    values = score[where]
    if not len(values):
        return np.zeros_like(score)
    rank = int(np.clip(len(values) - voxels, 0, len(values) - 1))
    threshold = np.partition(values, rank)[rank]
    above = (score - threshold) / np.float32(soft) + np.float32(0.5)
    share: Field = (np.clip(above, 0, 1) * where).astype(np.float32)
    return share
