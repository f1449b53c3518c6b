"""From a settings file to a bundle that states its own figures."""

from __future__ import annotations

from pathlib import Path

from models.hippocampus.learning.train import run, settings_of
from models.training.run_options import RunOptions

BUNDLE = "bundle"
"""Folder inside that of the work."""

HELD_OUT = 0
"""The fold that is judged: what is trained on every case has no figure of its own."""


def learn(
    data: Path,
    work: Path,
    settings: Path | None = None,
    options: RunOptions | None = None,
    release: str | None = None,
) -> Path:
    """Train without a fold, judge on that fold, and return the folder of the bundle.

    What was broken off goes on.

    Parameters
    ----------
    data
        With ``images/`` and ``labels/``.
    work
        Holds the bundle in ``bundle``.
    settings
        A ``training.toml``; else the shipped one.
    """
    chosen = settings_of(settings, None)
    return run(data, work / BUNDLE, chosen, HELD_OUT, options, release)
