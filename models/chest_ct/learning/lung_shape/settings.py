"""Settings of the training: ``lung_shape.toml`` beside this file, typed and hashed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from models.chest_ct.simulator.settings import Range, SimulatorSettings, shipped
from models.training.settings import Recipe, TrainingSection, read_settings

SHIPPED = Path(__file__).parent / "lung_shape.toml"
"""The settings that the shipped weights were trained with."""

Share = Annotated[float, Field(ge=0, le=1)]


class CaseSettings(TrainingSection):
    """The simulated chests that are learned from.

    Attributes
    ----------
    patients
        The first of the simulator's training part, both studies of each.
    scene_mm, matrix, tips
        Coarser than in shipped studies: cells of 6 mm show no more.
    """

    patients: Annotated[int, Field(ge=1)]
    scene_mm: float
    matrix: int
    tips: int


class ChangeSettings(TrainingSection):
    """How a case is changed before each look.

    Attributes
    ----------
    field
        Cells of a look, ``(D, H, W)``.
    scale, turn
        Spread of the size along each axis, and largest rotation in radians.
    ill, whole
        Share of looks with made disease, and of these with a whole lung full of it.
    dense_hu
        Density of that disease.
    cut
        Share of looks whose scan ends within the chest.
    """

    field: tuple[int, int, int]
    scale: Share
    turn: float
    ill: Share
    whole: Share
    dense_hu: Range
    cut: Share


class LungShapeSettings(TrainingSection):
    """Everything that shapes the weights."""

    cases: CaseSettings
    change: ChangeSettings
    loop: Recipe

    def simulator(self) -> SimulatorSettings:
        """Return the simulator's settings as the cases want them."""
        settings = shipped()
        lung = settings.lung.model_copy(update={"tips": self.cases.tips})
        acquisition = settings.acquisition.model_copy(
            update={"scene_mm": self.cases.scene_mm, "matrix": self.cases.matrix}
        )
        return settings.model_copy(update={"lung": lung, "acquisition": acquisition})


def shipped_settings() -> LungShapeSettings:
    """Return the settings of ``lung_shape.toml``."""
    return read_settings(LungShapeSettings, SHIPPED)
