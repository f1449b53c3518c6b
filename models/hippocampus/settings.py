"""Settings of a hippocampus training: ``training.toml`` beside this file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from models.hippocampus.preprocess import Shape, require_window
from models.training.settings import Recipe, TrainingSection

SHIPPED = Path(__file__).parent / "training.toml"
"""The settings that the shipped weights were trained with."""

Amount = Annotated[float, Field(ge=0)]

Widths = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=2)]


class Augmentation(TrainingSection):
    """How far a training crop is bent and shaded; 0 leaves it as it is.

    No mirroring: all crops show one hand.

    Attributes
    ----------
    rotation_sd_deg
        Standard deviation of a normal angle about each axis.
    log_scale_sd
        Of the logarithm of the scale, common to the axes; half as much apart.
    shift_mm
        Largest shift along each axis beyond what the window leaves free.
    elastic_mm
        Largest standard deviation of the bending at its nodes.
    swelling_sd
        Standard deviation of the logarithm by which the labelled part alone grows or
        shrinks along each axis at its middle, and less towards its edge; about that
        of the logarithm of its volume. Its neighbours give way, which teaches the
        network to follow the edge and not the place.
    gamma
        Largest absolute logarithm of the exponent of the intensities.
    bias
        Standard deviation of the logarithm of the bias field at its nodes.
    blur
        Chance that a crop is blurred.
    noise
        Largest standard deviation of the noise, in those of the image.
    """

    rotation_sd_deg: Amount = 8.0
    log_scale_sd: Amount = 0.08
    shift_mm: Amount = 3.0
    elastic_mm: Amount = 1.2
    swelling_sd: Amount = 0.0
    gamma: Amount = 0.3
    bias: Amount = 0.1
    blur: Annotated[float, Field(ge=0, le=1)] = 0.25
    noise: Amount = 0.15


class Split(TrainingSection):
    """Folds by subject, fixed before the first training."""

    folds: Annotated[int, Field(ge=2)] = 5
    seed: int = 0


class HippocampusSettings(TrainingSection):
    """Everything that shapes the weights beside data and code.

    Attributes
    ----------
    widths
        Channels of the residual U-Net per scale, finest first.
    window
        ``(D, H, W)`` voxels, while training as while serving; the network halves them
        at each of its widths but the first.
    """

    loop: Recipe
    augmentation: Augmentation = Augmentation()
    split: Split = Split()
    widths: Widths = (16, 32, 64, 128)
    window: Shape = (40, 56, 40)

    @model_validator(mode="after")
    def _window_fits(self) -> Self:
        require_window(self.window, len(self.widths))
        return self
