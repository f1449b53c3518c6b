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
"""Name of a sign → its value; empty when nothing was found."""

NAMES = (
    "expected_dice",
    "expected_dice_anterior",
    "expected_dice_posterior",
    "entropy",
    "rim_confidence",
    "soft_excess",
    "lost_share",
    "border_share",
    "log_volume",
    "log_ratio",
    "roughness",
    "brightness",
    "edge_contrast",
    "sharpness",
    "noise",
    "skewness",
    "log_field",
)
"""In the order of their weights in a bundle."""

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
    found = {
        **_of_probabilities(chances, labels),
        **_of_shape(labels),
        **_of_image(normalise(crop), mask),
        "lost_share": lost_share,
    }
    return {name: float(found[name]) for name in NAMES}


def expected_dice(chance: FloatVolume, mask: Bools) -> float:
    """Return the Dice that a mask would have if the probabilities were true."""
    return 2 * float(chance[mask].sum()) / (float(mask.sum()) + float(chance.sum()))


def _of_probabilities(chances: FloatVolume, labels: LabelMap) -> Signs:
    mask = labels > 0
    inside = chances[:, mask]
    whole = 1 - chances[0]
    rim = mask & ~ndimage.binary_erosion(mask)
    return {
        "expected_dice": expected_dice(whole, mask),
        "expected_dice_anterior": expected_dice(chances[1], labels == 1),
        "expected_dice_posterior": expected_dice(chances[2], labels == 2),
        "entropy": float(-(inside * np.log(inside + 1e-9)).sum(axis=0).mean()),
        "rim_confidence": float(whole[rim].mean()),
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


def _of_image(image: FloatVolume, mask: Bools) -> Signs:
    """Return signs of a crop with mean 0 and standard deviation 1."""
    around = ndimage.binary_dilation(mask, iterations=2) & ~mask
    steps = [np.diff(image, axis=axis) for axis in range(3)]
    bends = [np.diff(step, axis=axis) for axis, step in enumerate(steps)]
    return {
        "brightness": float(image[mask].mean()),
        "edge_contrast": float(image[around].mean() - image[mask].mean()),
        "sharpness": float(np.mean([np.abs(step).mean() for step in steps])),
        "noise": float(min(np.median(np.abs(bend)) for bend in bends)),
        "skewness": float((image**3).mean()),
        "log_field": float(np.log(image.size)),
    }
