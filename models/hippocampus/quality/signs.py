"""What a reading shows of its own quality, without the truth.

Cheap by design: a few passes over one crop, some milliseconds beside the network.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from models.contract import LabelMap
from models.hippocampus.preprocess import FloatVolume, normalise

Signs = dict[str, float]
"""Name of a sign → its value, finite; empty when nothing was found."""

Bools = npt.NDArray[np.bool_]


def signs(crop: FloatVolume, chances: FloatVolume, lost_share: float) -> Signs:
    """Return every sign of a reading, or nothing when its mask is empty.

    Parameters
    ----------
    crop
        ``(D, H, W)`` in the network's frame at 1 mm.
    chances
        ``(3, D, H, W)`` class probabilities on the same grid.
    lost_share
        Share of a class that went with its smaller pieces.
    """
    labels = chances.argmax(axis=0).astype(np.uint8)
    mask = labels > 0
    if not (labels == 1).any() or not (labels == 2).any():
        return {}
    return {
        **_of_probabilities(chances, mask),
        **_of_shape(labels),
        "edge_contrast": _edge_contrast(normalise(crop), mask),
        "lost_share": lost_share,
    }


def expected_dice(chance: FloatVolume, mask: Bools) -> float:
    """Return the Dice that a mask would have if the probabilities were true."""
    return 2 * float(chance[mask].sum()) / (float(mask.sum()) + float(chance.sum()))


def _of_probabilities(chances: FloatVolume, mask: Bools) -> Signs:
    whole = 1 - chances[0]
    return {
        "expected_dice": expected_dice(whole, mask),
        "soft_excess": float(np.log(whole.sum() / mask.sum())),
    }


def _of_shape(labels: LabelMap) -> Signs:
    mask = labels > 0
    count = float(mask.sum())
    faces = sum(
        float(mask.take(end, axis).sum()) for axis in range(3) for end in (0, -1)
    )
    rim = float((mask & ~ndimage.binary_erosion(mask)).sum())
    return {
        "border_share": faces / count,
        "log_volume": float(np.log(count)),
        "log_ratio": float(np.log((labels == 1).sum() / (labels == 2).sum())),
        "roughness": rim / count ** (2 / 3),
    }


def _edge_contrast(image: FloatVolume, mask: Bools) -> float:
    """Return how much brighter the shell around a mask is than the mask, in SD.

    0 where the mask fills the crop and has no shell: no edge is seen.
    """
    around = ndimage.binary_dilation(mask, iterations=2) & ~mask
    if not around.any():
        return 0.0
    return float(image[around].mean() - image[mask].mean())
