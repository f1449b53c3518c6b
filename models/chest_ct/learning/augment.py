"""Other chests out of the ones that there are: turned, mirrored, noisier, less sharp.

MONAI does the work (extra ``train``). It is loaded when a training changes its cases
for the first time, which takes seconds.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from math import radians
from typing import Any

import torch
from torch import Tensor

from models.chest_ct.preprocess import View
from models.chest_ct.settings import Augmentation

HU, LABELS = "hu", "labels"
"""Keys of a case: densities, and what is where, which is never interpolated."""

BLUR_MM = (0.5, 1.5)
"""Standard deviation of a blur."""

NO_BLUR = (1e-3, 1e-3)
"""Points. What is around a part counts as water: nothing may come from there."""

LARGEST_SEED = 2**31 - 1


def changed(
    hu: Tensor,
    labels: Tensor,
    wanted: Augmentation,
    view: View,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """Return parts of a case as they might have been, all changed alike.

    Parameters
    ----------
    hu, labels
        ``(N, D, H, W)`` on the grid of the view; with one plane each they stay in it.

    Returns
    -------
    tuple
        Densities, float32, and labels, uint8.
    """
    if wanted == Augmentation():
        return hu.float(), labels
    transform = _transform(wanted, view, hu.shape[1] == 1)
    seed = torch.randint(LARGEST_SEED, (), generator=generator)
    transform.set_random_state(seed=int(seed))
    case = transform({HU: hu.float(), LABELS: labels.float()})
    return case[HU].as_tensor(), case[LABELS].as_tensor().round().byte()


@lru_cache(maxsize=4)
def _transform(wanted: Augmentation, view: View, is_flat: bool) -> Any:
    try:
        transforms: Any = import_module("monai.transforms")
    except ImportError:
        raise ValueError(
            "MONAI is not installed: pip install 'pacs-ai-node[train]'"
        ) from None
    in_space, angle = not is_flat, radians(wanted.rotation_deg)
    shifts = [wanted.shift_mm / step for step in view.spacing_mm]
    return transforms.Compose(
        [
            transforms.RandAffined(
                (HU, LABELS),
                prob=wanted.turned,
                rotate_range=[angle, angle * in_space, angle * in_space],
                scale_range=[wanted.scale * in_space, wanted.scale, wanted.scale],
                translate_range=[shifts[0] * in_space, *shifts[1:]],
                mode=("bilinear", "nearest"),
                padding_mode="border",
            ),
            transforms.RandFlipd((HU, LABELS), prob=wanted.mirrored, spatial_axis=2),
            transforms.RandGaussianSmoothd(
                (HU,), prob=wanted.blurred, **_blur(view, in_space)
            ),
            transforms.RandGaussianNoised(
                (HU,), prob=float(wanted.noise_hu > 0), std=wanted.noise_hu
            ),
            transforms.RandShiftIntensityd(
                (HU,), offsets=wanted.brightness_hu, prob=1.0
            ),
        ]
    )


def _blur(view: View, in_space: bool) -> dict[str, tuple[float, float]]:
    low, high = BLUR_MM
    axes = zip(("sigma_x", "sigma_y", "sigma_z"), view.spacing_mm, strict=True)
    sigmas = {name: (low / step, high / step) for name, step in axes}
    return sigmas if in_space else {**sigmas, "sigma_x": NO_BLUR}
