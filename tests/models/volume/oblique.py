"""A small oblique CT, and how the only series of some files is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from models.contract import SeriesInfo, Volume
from models.volume.series import StudyHeaders, load_volume, read_study
from tests.dicom_series import write_series

SHAPE = (5, 32, 40)
OBLIQUE = (0.8, 0.6, 0.0, -0.48, 0.64, 0.6)

RANDOM = np.random.default_rng(0)
ARRAY = RANDOM.integers(-1000, 2000, SHAPE).astype(np.int16)


def single_images(folder: Path, **tags: Any) -> list[Path]:
    """Write an oblique CT, a file per slice."""
    said: dict[str, Any] = {"ConvolutionKernel": "B40f", "RescaleIntercept": "-24"}
    return write_series(
        folder,
        ARRAY,
        spacing_mm=(2.5, 0.75, 0.5),
        orientation=OBLIQUE,
        origin_mm=(-20.5, 30.25, 7.0),
        modality="CT",
        **(said | tags),
    )


def only(headers: StudyHeaders) -> SeriesInfo:
    """Return the only series of a study."""
    (series,) = headers.series
    return series


def volume_of(*paths: Path) -> Volume:
    """Read the only series of these files."""
    return load_volume(only(read_study(paths)), threads=2)
