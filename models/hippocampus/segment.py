"""A network over a crop: fixed window, averaged where windows overlap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.hippocampus.network import CLASSES
from models.hippocampus.preprocess import (
    FloatVolume,
    Preprocessing,
    fill_window,
    normalise,
    windows,
)
from models.training.precision import autocast


def probabilities(
    network: nn.Module,
    crop: npt.NDArray[np.generic],
    preprocessing: Preprocessing,
    precision: str = "fp32",
    device: str = "cpu",
) -> FloatVolume:
    """Return ``(3, D, H, W)`` probabilities of background, anterior, posterior.

    Parameters
    ----------
    network
        In evaluation mode, on ``device``.
    crop
        ``(D, H, W)`` in the network's frame and spacing, any intensity.

    Raises
    ------
    ValueError
        The crop is constant or not finite.
    """
    image = normalise(crop)
    depth, height, width = image.shape
    total = np.zeros((CLASSES, depth, height, width), np.float32)
    seen = np.zeros((depth, height, width), np.float32)
    for place in windows((depth, height, width), preprocessing.window):
        field, inner = fill_window(image[place], preprocessing.window)
        inputs = torch.from_numpy(field)[None, None].to(device)  # (1, 1, D, H, W)
        with torch.inference_mode(), autocast(precision, device):
            logits = network(inputs)[0]
        result = logits.float().softmax(dim=1)[0].cpu().numpy()  # (3, D, H, W)
        total[(slice(None), *place)] += result[(slice(None), *inner)]
        seen[place] += 1
    return total / seen
