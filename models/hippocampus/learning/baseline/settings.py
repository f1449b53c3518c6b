"""Settings of the baseline's training: ``training.toml`` beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from models.hippocampus.learning.baseline.network import WIDTHS
from models.hippocampus.settings import Split
from models.training.settings import Recipe, TrainingSection

ORIGINAL = Path(__file__).parent / "training.toml"
"""The settings of the original system."""


class BaselineSettings(TrainingSection):
    """Everything that shapes the baseline's weights beside data and code.

    Attributes
    ----------
    widths
        Channels of the recursive U-Net per scale, finest first.
    side
        Pixels of a slice along both axes.
    minutes
        No epoch is begun that would, at the pace so far, end later. Time of an
        earlier part of the same training counts.
    """

    loop: Recipe
    split: Split = Split()
    widths: tuple[int, ...] = WIDTHS
    side: Annotated[int, Field(ge=16, multiple_of=16)] = 64
    minutes: Annotated[float, Field(gt=0)] = 150
