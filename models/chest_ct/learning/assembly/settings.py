"""Settings of what is made of trained networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from models.chest_ct.settings import ThresholdSettings
from models.training.settings import TrainingSection, read_settings

Share = Annotated[float, Field(gt=0, le=1)]

SHIPPED = Path(__file__).parents[1] / "bundle.toml"


class PlaceSettings(TrainingSection):
    """From which chance on a place is told.

    Attributes
    ----------
    precision
        Share of the told places of a kind that should be right on the cases that no
        3D network was trained on.
    least_precision
        Share at which a kind is told all the same where it does not come to that.
    """

    precision: Share = 0.8
    least_precision: Share = 0.5


class BundleSettings(TrainingSection):
    """What is chosen after the networks are trained.

    Attributes
    ----------
    cnn, slices
        Settings files of the two networks, beside this file; used where they are to
        be trained as well.
    threshold
        How that of the answer is chosen.
    """

    cnn: str = "cnn.toml"
    slices: str = "slices.toml"
    threshold: ThresholdSettings = ThresholdSettings()
    places: PlaceSettings = PlaceSettings()


def bundle_settings(path: Path | None = None) -> BundleSettings:
    """Return the settings in ``path``, else those that are shipped.

    Raises
    ------
    ValueError
        The file is not one of settings: one line that says which key.
    """
    return read_settings(BundleSettings, path or SHIPPED)
