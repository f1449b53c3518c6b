"""Settings of the simulator: ``simulator.toml`` beside this file, typed and hashed.

Which study is drawn with which figures is told by the SHA-256 of these settings
(`models.training.settings.settings_digest`) and the three seeds of its plan.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from models.training.settings import TrainingSection, read_settings

SHIPPED = Path(__file__).parent / "simulator.toml"
"""The settings that the shipped weights were trained with."""


def _ordered(span: tuple[float, float]) -> tuple[float, float]:
    if span[0] > span[1]:
        raise ValueError(f"a range goes from low to high, not {span}")
    return span


Range = Annotated[tuple[float, float], AfterValidator(_ordered)]
"""Lowest and highest value of a uniform draw."""

Share = Annotated[float, Field(ge=0, le=1)]
Length = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class PersonSettings(TrainingSection):
    """How bodies differ. Lengths in millimetres, densities in HU.

    Attributes
    ----------
    size_sd, female_size
        Standard deviation of a factor on all lengths, and that of women.
    breath_mean
        Mean of the exponential draw of how far a patient has breathed out.
    hilar_artery_mm
        Radius of the artery where it enters a lung.
    """

    female_share: Share
    female_size: Length
    size_sd: Length
    height_mm: Range
    half_width_mm: Range
    half_depth_mm: Range
    kyphosis_mm: Range
    dome_mm: Range
    dome_drop_mm: Range
    fat_mm: Range
    muscle_mm: Range
    breast_mm: Range
    heart_mm: Range
    aorta_mm: Range
    trachea_mm: Range
    hilar_artery_mm: Range
    bone_hu: Range
    lung_hu: Range
    breath_mean: Length
    contrast_share: Share
    contrast_hu: Range
    prone_share: Share
    hernia_share: Share
    azygos_share: Share


class LungSettings(TrainingSection):
    """Tissue of the lung.

    Attributes
    ----------
    tips
        Ends of each of the two vessel trees of a lung.
    gravity_hu
        How much denser the lowest part is than the highest.
    texture_hu
        Standard deviation of the fine texture.
    mosaic_hu
        Standard deviation of the slow one, over centimetres.
    """

    tips: Count
    gravity_hu: Range
    breath_hu: float
    texture_hu: Range
    mosaic_hu: Range
    fissure_share: Share


class VariantSettings(TrainingSection):
    """What must not be called disease: chance of each, in every study alike."""

    dependent_band: Share
    apical_cap: Share
    granuloma: Share
    granuloma_mm: Range
    scar: Share
    mosaic: Share
    thick_walls: Share
    pleural_plaque: Share


class DiseaseSettings(TrainingSection):
    """How disease is drawn.

    Attributes
    ----------
    weights
        Of the kinds as the first disease of a positive study, in the order of `Kind`.
    second
        Chance that a further kind lies in the same study, and again.
    small_share
        Share of positive studies that hold nothing but nodules of 10 mm or less or
        ground-glass under ``small_fraction`` of the lungs.
    real_nodules
        Share of nodules whose shape is a real one, where those are at hand.
    """

    weights: tuple[float, float, float, float, float, float]
    second: Share
    small_share: Share
    small_fraction: Share
    small_nodule_mm: Range
    nodule_mm: Range
    real_nodules: Share
    consolidation_fraction: Range
    ground_glass_fraction: Range
    ground_glass_hu: Range
    effusion_ml: Range
    effusion_hu: Range
    pneumothorax_mm: Range
    emphysema_fraction: Range


class AcquisitionSettings(TrainingSection):
    """How scanners differ.

    Attributes
    ----------
    scene_mm
        Spacing of the grid that a patient is drawn on.
    large_share
        Share of the test studies on a matrix of 512.
    """

    scene_mm: Length
    matrix: Count
    matrix_large: Count
    large_share: Share
    field_mm: Range
    thickness_mm: tuple[Length, ...]
    thickness_weights: tuple[float, ...]
    noise_soft_hu: Range
    tilt_deg: float
    shift_mm: float
    partial_share: Share
    circle_share: Share


class SimulatorSettings(TrainingSection):
    """Everything that shapes a simulated study beside its seeds.

    Attributes
    ----------
    train_patients, test_patients
        Each patient yields one study with disease and one without.
    """

    seed: int
    train_patients: Annotated[int, Field(ge=0)]
    test_patients: Annotated[int, Field(ge=0)]
    person: PersonSettings
    lung: LungSettings
    variants: VariantSettings
    disease: DiseaseSettings
    acquisition: AcquisitionSettings


def tiny(settings: SimulatorSettings) -> SimulatorSettings:
    """Return settings of studies small enough for a test: coarse, few, 64 x 64."""
    acquisition = settings.acquisition.model_copy(
        update={
            "scene_mm": 4.0,
            "matrix": 64,
            "large_share": 0.0,
            "thickness_mm": (5.0,),
            "thickness_weights": (1.0,),
        }
    )
    return settings.model_copy(
        update={
            "train_patients": 6,
            "test_patients": 4,
            "lung": settings.lung.model_copy(update={"tips": 150}),
            "acquisition": acquisition,
        }
    )


def shipped() -> SimulatorSettings:
    """Return the settings of ``simulator.toml``."""
    return read_settings(SimulatorSettings, SHIPPED)
