"""A model that is over in seconds: its settings."""

from __future__ import annotations

from pathlib import Path

from models.training.settings import Recipe, TrainingSection, read_settings


class ToySettings(TrainingSection):
    """A recipe, and how much is dropped."""

    loop: Recipe
    dropout: float = 0.3


NETWORKS = {"line": Path(__file__).parent / "line.toml"}


def settings_of(path: Path | None, epochs: int | None) -> ToySettings:
    """Return the settings of a file with other epochs."""
    settings = read_settings(ToySettings, path or NETWORKS["line"])
    loop = settings.loop.model_copy(update={"epochs": epochs or settings.loop.epochs})
    return settings.model_copy(update={"loop": loop})
