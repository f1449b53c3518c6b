"""Volumes that are right in the mean: where the border is drawn, set after training.

Trained with cross entropy and Dice alike, a network draws the border a little outside:
an error inside costs Dice more than one of the same size outside. Seen on the very
cases that it learned from, 2 to 3 % of the volume, of each structure. One number takes
that away: how much more likely than background a voxel must be to count.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.hippocampus.cases.data import Case
from models.hippocampus.preprocess import Preprocessing
from models.hippocampus.segment import probabilities

LARGEST = 2.0
"""Logits; beyond, a network has not learned and is left as it is at that end."""

STEPS = 20
"""Of the bisection: to 4e-6 logits."""


def balance(
    network: nn.Module, cases: Sequence[Case], preprocessing: Preprocessing
) -> float:
    """Shift the logit of the background so that volumes of the cases have no bias.

    The bias is the mean over the cases of the whole's signed relative volume error.
    Only the last layer's bias of the background changes.

    Parameters
    ----------
    network
        In evaluation mode, on the CPU.
    cases
        Those that it was trained on: a case that is held out must not set it.

    Returns
    -------
    float
        What was added, in logits; within ±`LARGEST`.
    """
    leads = [_lead(network, case, preprocessing) for case in cases]
    truths = [int(np.count_nonzero(case.labels)) for case in cases]
    low, high = -LARGEST, LARGEST
    for _ in range(STEPS):
        middle = (low + high) / 2
        if _bias(leads, truths, middle) > 0:
            low = middle
        else:
            high = middle
    shift = (low + high) / 2
    with torch.no_grad():
        finest_bias(network)[0] += shift
    return shift


def finest_bias(network: nn.Module) -> nn.Parameter:
    """Return the biases of background, anterior and posterior that serving uses."""
    *_, last = network.parameters()  # those of the finest head come last
    return last


def _lead(
    network: nn.Module, case: Case, preprocessing: Preprocessing
) -> npt.NDArray[np.float32]:
    """Return by how many logits each voxel's likelier part leads the background."""
    chances = probabilities(network, case.image, preprocessing)
    parts = chances[1:].max(axis=0)
    tiny = np.finfo(np.float32).tiny
    lead = np.log(np.maximum(parts, tiny)) - np.log(np.maximum(chances[0], tiny))
    return np.asarray(lead, np.float32)


def _bias(
    leads: Sequence[npt.NDArray[np.float32]], truths: Sequence[int], shift: float
) -> float:
    """Return the mean relative volume error where the background gains ``shift``."""
    errors = [
        np.count_nonzero(lead > shift) / truth - 1
        for lead, truth in zip(leads, truths, strict=True)
    ]
    return float(np.mean(errors))
