"""The lungs at a common sharpness, without what lies around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.chest_ct.harmonise import Lattice, lacking_sd_mm
from models.chest_ct.preprocess import box_around
from models.contract import LabelMap, Volume
from models.terms import Vector
from models.volume.geometry import Affine
from models.volume.lungs import LEFT_LUNG, RIGHT_LUNG

SPACING_MM: Vector = (5.0, 2.0, 2.0)
FWHM_MM: Vector = (8.0, 4.0, 4.0)
"""Wider than the point spread of a slice of 10 mm and than that of any kernel: a sharp
kernel with its noise, and a thin slice, leave what a soft and thick one leaves."""

LEAST_SHARE = 1e-3
"""Points around which less than this is lung are of no lung, and divided by nothing."""


@dataclass(frozen=True, slots=True)
class Lungscape:
    """Lungs on a grid of `SPACING_MM`, d to the head, h to the back, w to the left.

    Attributes
    ----------
    array
        ``(D, H, W)`` float32 HU: around each point the weighted mean of what lies in
        the lungs, so that no chest wall is blurred into them.
    labels
        ``(D, H, W)``: right lung, left lung or 0.
    affine
        ``(4, 4)``, point to LPS millimetres.
    """

    array: npt.NDArray[np.float32]
    labels: LabelMap
    affine: Affine


def lungscape(volume: Volume, lungs: LabelMap) -> Lungscape:
    """Return the lungs of a volume, harmonised.

    Parameters
    ----------
    lungs
        ``(D, H, W)`` on the volume's grid.

    Raises
    ------
    models.contract.UnfitInput
        There are none.
    """
    inside = lungs > 0
    lattice = Lattice.over(
        volume, box_around(inside, volume.spacing_mm, 0.0), SPACING_MM
    )
    sd_mm = lacking_sd_mm(volume, lattice, FWHM_MM)
    weight = lattice.smoothed(inside, sd_mm)
    total = lattice.smoothed(volume.array, sd_mm, inside)
    labels = np.zeros(lattice.shape, np.uint8)
    for side in (RIGHT_LUNG, LEFT_LUNG):
        labels[lattice.share(lungs == side) >= 0.5] = side
    array = total / np.clip(weight, LEAST_SHARE, None)
    return Lungscape(array.astype(np.float32, copy=False), labels, lattice.affine)
