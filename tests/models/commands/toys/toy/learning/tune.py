"""What a model folder gives to ``pacs-model tune``: the space and the objective."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from models.training.run_options import RunOptions
from models.training.tracking import Watch
from models.training.tuning.space import Choice, Span
from tests.models.commands.toys.toy.learning.train import ToySettings
from tests.models.training.lines import Points, train

SPACE = {
    "loop.learning_rate": Span(1e-4, 1.0, log=True, points=2),
    "loop.batch": Choice((2, 4)),
    "dropout": Choice((0.1,)),
}


def data_digest(data: Path) -> str:
    """Return what tells these data from others."""
    return "".join(sorted(path.name for path in data.iterdir()))


def likeness(network: nn.Module) -> dict[str, float]:
    """Return 1 for a network that knows the line, and less for others."""
    inputs, targets = Points(noise=0).batch(range(8), torch.Generator())
    return {
        "likeness": 1 / (1 + float(nn.functional.mse_loss(network(inputs), targets)))
    }


def objective(
    data: Path, settings: ToySettings, output: Path, options: RunOptions
) -> float:
    """Train on points and return how well the best epoch knows the line."""
    if not data.is_dir():
        raise ValueError(f"{data.name}: there are no data")
    torch.manual_seed(settings.loop.seed)
    network = nn.Sequential(
        nn.Linear(1, 8), nn.ReLU(), nn.Dropout(settings.dropout), nn.Linear(8, 1)
    )
    watch = Watch(options.onlookers(), likeness)
    found = train(output, network=network, watch=watch, **settings.loop.model_dump())
    return likeness(found)["likeness"]
