"""The answer for a study, learned from whole chests.

A network that learned from parts knows what a part shows. In a whole chest thousands of
places may mislead, and one may matter. So once the map is learned, the few weights that
make an answer of it are fitted on the whole chests of the training part; nothing else
is touched.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import Bounds, minimize
from scipy.special import expit
from torch import Tensor
from torch.nn import functional

from models.chest_ct.cases.cache import Kept
from models.chest_ct.network import LITTLE, TriageCNN
from models.chest_ct.reading import chest_of
from models.chest_ct.settings import ChestSettings
from models.training.precision import autocast

DECAY = 0.01
"""Of the squared weights of the coarsest features, each in units of its spread: they
are many beside the chests."""

LEAST_SPREAD = 1e-6
"""A feature that differs less between chests is taken as the same in all."""

LEAST_WEIGHT, MOST_WEIGHT = 1e-4, 1e4
"""Of a kind's evidence: more of it is never less pathology. And where a short training
tells no chest from another, no weight of any grows out of half precision."""

Reals = npt.NDArray[np.float64]


def fit_answer(
    network: TriageCNN,
    cases: Sequence[Kept],
    settings: ChestSettings,
    precision: str = "fp32",
    device: str = "cpu",
) -> float:
    """Fit how evidence becomes an answer; return the cross-entropy that is left.

    Parameters
    ----------
    network
        In evaluation mode, on ``device``. Its answer is changed, and not its map.
    """
    found = [_found(network, kept, settings, precision, device) for kept in cases]
    told, chest = (
        torch.cat(each).double().cpu().numpy() for each in zip(*found, strict=True)
    )
    middle, spread = chest.mean(axis=0), chest.std(axis=0)
    spread = np.where(spread < LEAST_SPREAD, np.inf, spread)
    most = MOST_WEIGHT * np.where(np.isinf(spread), 0.0, spread)
    label = np.array([float(kept.case.is_positive) for kept in cases])
    smoothing = settings.loss.study.smoothing
    target = label * (1 - smoothing) + smoothing / 2
    weight, whole, bias, left = _fitted(told, (chest - middle) / spread, target, most)
    with torch.no_grad():
        network.weight.copy_(torch.from_numpy(_before_softplus(weight)))
        network.whole.weight.copy_(torch.from_numpy(whole / spread)[None])
        network.whole.bias.fill_(bias - float(whole @ (middle / spread)))
    return left


def _before_softplus(weight: Reals) -> Reals:
    """Return what softplus makes the weights of; large ones do not overflow."""
    found: Reals = weight + np.log(-np.expm1(-weight))
    return found


def _fitted(
    told: Reals, chest: Reals, target: Reals, most: Reals
) -> tuple[Reals, Reals, float, float]:
    """Return the weights of both kinds of features, the bias, and the cross-entropy.

    The problem is convex: there is one answer.

    Parameters
    ----------
    told, chest
        ``(N, 2 K)`` and ``(N, F)``, the latter evenly spread.
    most
        ``(F,)``, how far the weights of ``chest`` may be from 0.
    """
    features = np.hstack([told, chest, np.ones((len(told), 1))])
    decay = np.zeros(features.shape[1])
    decay[told.shape[1] : -1] = DECAY

    def cost(weights: Reals) -> tuple[float, Reals]:
        logit = features @ weights
        entropy = np.logaddexp(0, logit) - target * logit
        slope = features.T @ (expit(logit) - target) / len(target)
        value = entropy.mean() + float(decay @ weights**2)
        return float(value), slope + 2 * decay * weights

    kinds = told.shape[1]
    least = np.concatenate([np.full(kinds, LEAST_WEIGHT), -most, [-np.inf]])
    largest = np.concatenate([np.full(kinds, MOST_WEIGHT), most, [np.inf]])
    bounds = Bounds(least, largest)
    start = np.zeros(features.shape[1])
    start[: told.shape[1]] = LEAST_WEIGHT
    solved = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds)
    weights: Reals = solved.x
    left = float(solved.fun - decay @ weights**2)
    return weights[:kinds], weights[kinds:-1], float(weights[-1]), left


def _found(
    network: TriageCNN,
    kept: Kept,
    settings: ChestSettings,
    precision: str,
    device: str,
) -> tuple[Tensor, Tensor]:
    chest = chest_of(kept.prepared(), settings.view)
    with torch.no_grad(), autocast(precision, device):
        seen = network.seen(chest.points.to(device))
    return functional.softplus(seen.pooled.float() - LITTLE), seen.chest.float()
