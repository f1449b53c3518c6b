"""From a settings file to a bundle: train what lacks, then assemble."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.chest_ct.cases.gather import prepare_all
from models.chest_ct.cases.records import BUNDLE, FOLDS
from models.chest_ct.learning.assembly.run import assemble
from models.chest_ct.learning.assembly.settings import SHIPPED, bundle_settings
from models.chest_ct.learning.train import settings_of
from models.chest_ct.learning.train_folds import train_folds
from models.training.run_options import RunOptions


def learn(
    data: Path,
    work: Path,
    settings: Path | None = None,
    options: RunOptions | None = None,
    release: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Train the networks that lack, make a bundle of them, and return its folder.

    What was broken off goes on.

    Parameters
    ----------
    data
        As `models.chest_ct.cases.gather.gather` takes it.
    work
        Holds the networks in ``folds`` and the bundle in ``bundle``.
    settings
        A ``bundle.toml``; the settings of the networks lie beside it. Else those that
        are shipped.
    say
        Hears a line about each network.
    """
    path = settings or SHIPPED
    chosen = bundle_settings(path)
    cnn, slices = (
        settings_of(path.parent / name, None) for name in (chosen.cnn, chosen.slices)
    )
    told = options.progress.read if options and options.progress else None
    prepare_all(data, (cnn.view, slices.view), told)
    for each, folds in ((cnn, range(cnn.split.folds)), (slices, range(1))):
        for line in train_folds(data, work / FOLDS, each, tuple(folds), options):
            say(line)
    return assemble(data, work / FOLDS, work / BUNDLE, chosen, release)
