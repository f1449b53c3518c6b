"""Settings of the networks and of their trainings, one file for each network."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from models.chest_ct.cases.split import SplitSettings
from models.chest_ct.preprocess import FIELD_STEP, Edge, Shape, View
from models.training.binary_loss import BinaryLoss
from models.training.settings import Recipe, TrainingSection

Share = Annotated[float, Field(ge=0, lt=1)]
Amount = Annotated[float, Field(ge=0)]
Width = Annotated[int, Field(ge=1)]

SCALES = 4
"""Widths of the residual 3D network."""


class NetworkSettings(TrainingSection):
    """Which network, and how large.

    Attributes
    ----------
    kind
        ``cnn`` is residual and says where, ``original`` the plain one of the original
        service, ``slices`` a ResNet-50 over axial slices with gated attention.
    widths
        Channels of the stages of a 3D network; one number, that of the first stage,
        for the ResNet-50, where 64 is the one of the paper.
    head
        Units of the head of ``original``.
    """

    kind: Literal["cnn", "original", "slices"]
    widths: Annotated[tuple[Width, ...], Field(min_length=1)]
    dropout: Share = 0.3
    head: Width = 512

    @model_validator(mode="after")
    def _widths_fit(self) -> Self:
        wanted = {"cnn": SCALES, "slices": 1}.get(self.kind, len(self.widths))
        if len(self.widths) != wanted:
            raise ValueError(f"{self.kind} has {wanted} widths")
        return self


class LossSettings(TrainingSection):
    """What a wrong answer costs.

    Attributes
    ----------
    study
        Of the answer for the study.
    places
        How much the answers for places count beside it, cells of the map or slices,
        where it is known what lies there; 0 learns from studies alone.
    focus
        Focal exponent of the answers for places.
    """

    study: BinaryLoss = BinaryLoss()
    places: Amount = 0.0
    focus: Amount = 2.0


class Augmentation(TrainingSection):
    """How a training case is changed; 0 leaves it as it is.

    Attributes
    ----------
    turned
        Chance that a case is turned, scaled and moved.
    rotation_deg, scale, shift_mm
        Largest angle about each axis, relative scale, and shift along each axis.
    mirrored
        Chance that left and right change places.
    noise_hu
        Largest standard deviation of noise.
    brightness_hu
        Largest amount that is added to all densities.
    blurred
        Chance that a case is made less sharp.
    pasted
        Chance that a part of a chest gets a small finding of another one.
    """

    turned: Share = 0.0
    rotation_deg: Amount = 8.0
    scale: Share = 0.1
    shift_mm: Amount = 10.0
    mirrored: Share = 0.0
    noise_hu: Amount = 0.0
    brightness_hu: Amount = 0.0
    blurred: Share = 0.0
    pasted: Share = 0.0


class ThresholdSettings(TrainingSection):
    """How the threshold is chosen on validation cases.

    Attributes
    ----------
    sensitivity
        The one that is wanted where the rule is ``sensitivity``.
    """

    rule: Literal["youden", "sensitivity"] = "youden"
    sensitivity: Annotated[float, Field(gt=0, le=1)] = 0.9


class Parts(TrainingSection):
    """Parts of chests that a 3D network learns from in a step.

    Attributes
    ----------
    size
        ``(D, H, W)`` points.
    of_each
        How many of each chest.
    weight
        How often these are learned from, beside those of other sizes.
    """

    size: tuple[Edge, Edge, Edge]
    of_each: Edge = 1
    weight: Annotated[float, Field(gt=0)] = 1.0

    @field_validator("size")
    @classmethod
    def _can_be_halved(cls, size: Shape) -> Shape:
        return _halvable(size)


class ChestSettings(TrainingSection):
    """Everything that shapes the weights of one network beside data and code.

    Attributes
    ----------
    slices
        Axial slices of a study that are read in a step of training, for ``slices``.
    parts
        Parts of chests that a 3D network learns from, one of these sizes in each step:
        its answer is then for what they show. Small ones are many for the same work,
        large ones show what is around. For places drawn in masks alone; none: whole
        chests.
    """

    network: NetworkSettings
    view: View
    loop: Recipe
    loss: LossSettings = LossSettings()
    augmentation: Augmentation = Augmentation()
    split: SplitSettings = SplitSettings()
    threshold: ThresholdSettings = ThresholdSettings()
    slices: Annotated[int, Field(ge=1)] = 16
    parts: tuple[Parts, ...] = ()

    @model_validator(mode="after")
    def _field_can_be_halved(self) -> Self:
        field = self.view.field
        if self.network.kind != "slices":
            _halvable(field)
        elif self.parts:
            raise ValueError("parts are for networks that see a whole chest")
        else:
            _halvable((FIELD_STEP, *field[1:]))
        return self


def _halvable(size: Shape) -> Shape:
    if any(edge % FIELD_STEP for edge in size):
        raise ValueError(f"the edges of a field are multiples of {FIELD_STEP}")
    return size
