"""The answer for a study, learned from whole chests.

A network that learned from parts knows what a part shows. In a whole chest thousands of
places may mislead, and one may matter. So once the map is learned, the few weights that
make an answer of it are fitted on the whole chests of the training part; nothing else
is touched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from models.chest_ct.cases.cache import Kept
from models.chest_ct.network import Seen, TriageCNN
from models.chest_ct.reading import chest_of
from models.chest_ct.settings import ChestSettings
from models.training.precision import autocast

DECAY = 0.01
"""Of the squared weights of the coarsest features, each in units of its spread: they
are many beside the chests."""

LEAST_SPREAD = 1e-6

STEPS = 200
"""Of L-BFGS, at most."""


def fit_answer(
    network: TriageCNN,
    cases: Sequence[Kept],
    settings: ChestSettings,
    precision: str = "fp32",
    device: str = "cpu",
) -> float:
    """Fit how evidence becomes an answer; return the mean loss that is left.

    Parameters
    ----------
    network
        In evaluation mode, on ``device``. Its answer is changed, and not its map.
    """
    found = [_found(network, kept, settings, precision, device) for kept in cases]
    pooled, chest = (torch.cat(each) for each in zip(*found, strict=True))
    middle, spread = chest.mean(dim=0), chest.std(dim=0).clamp(min=LEAST_SPREAD)
    seen = Seen(pooled.new_empty(0), pooled, (chest - middle) / spread)
    label = torch.tensor([float(kept.case.is_positive) for kept in cases])
    left = _fitted(network, seen, label.to(device), settings.loss.study)
    with torch.no_grad():
        network.whole.weight /= spread
        network.whole.bias.sub_(network.whole.weight @ middle)
    return left


def _fitted(
    network: TriageCNN, seen: Seen, label: Tensor, loss: Callable[..., Tensor]
) -> float:
    """Fit the answer on evenly spread features, from nothing; return the loss."""
    nn.init.zeros_(network.whole.weight)
    weights = [network.weight, *network.whole.parameters()]
    learner = torch.optim.LBFGS(weights, max_iter=STEPS, line_search_fn="strong_wolfe")

    def cost() -> Tensor:
        learner.zero_grad()
        value = loss(network.answer(seen), label)
        value = value + DECAY * network.whole.weight.square().sum()
        value.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
        return value

    for each in weights:
        each.requires_grad_(True)
    learner.step(cost)  # type: ignore[no-untyped-call]
    for each in weights:
        each.requires_grad_(False)
    return float(loss(network.answer(seen), label))


def _found(
    network: TriageCNN,
    kept: Kept,
    settings: ChestSettings,
    precision: str,
    device: str,
) -> tuple[Tensor, Tensor]:
    inputs, _ = chest_of(kept.prepared(), settings.view)
    with torch.no_grad(), autocast(precision, device):
        seen = network.seen(inputs.to(device))
    return seen.pooled.float(), seen.chest.float()
