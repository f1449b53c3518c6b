"""What a search for settings tries, and one trial of it."""

from __future__ import annotations

from pathlib import Path

from models.chest_ct.cases.gather import digest_of_labelled, gather
from models.chest_ct.learning.parts import whole_where_undrawn
from models.chest_ct.learning.train import Cases, train_network, validated
from models.chest_ct.settings import ChestSettings
from models.training.run_options import RunOptions
from models.training.settings import Watched
from models.training.tuning.space import Choice, Space, Span

SPACE: Space = {
    "loop.learning_rate": Span(1e-4, 3e-3, log=True),
    "loop.batch": Choice((4, 8, 32)),  # the original's is the last
    "network.dropout": Span(0.0, 0.5),
    "loop.weight_decay": Span(1e-4, 1e-1, log=True),
}
"""Keys of `ChestSettings` and what they may be."""

WATCHED = Watched(figure="auc", every=5)
"""What decides between trials where the settings watch no figure. All cases are read
whole for it, which takes as long as some epochs."""

FOLD = 0
"""Held out in every trial; the test part is seen by none."""


data_digest = digest_of_labelled
"""What tells the data of one search from those of another."""


def objective(
    data: Path, settings: ChestSettings, output: Path, options: RunOptions
) -> float:
    """Train with the settings and return the figure that they watch.

    Raises
    ------
    ValueError
        The settings watch no figure.
    """
    watched = settings.loop.watched
    if watched is None:
        raise ValueError("the settings watch no figure: tune needs [loop.watched]")
    gathered = gather(data, settings.view)
    settings = whole_where_undrawn(settings, gathered.cases)
    cases = Cases.of(gathered, settings, FOLD)
    network = train_network(gathered, cases, settings, FOLD, output, options)
    return validated(network, cases.validation, settings, options)[watched.figure]
