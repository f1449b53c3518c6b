"""A chest of the simulator, coarse enough to be drawn in a second, its lungs known."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from models.chest_ct.learning.lung_shape.settings import shipped_settings
from models.chest_ct.simulator.kinds import SimulatedStudy
from models.chest_ct.simulator.plan import plan
from models.chest_ct.simulator.study import simulate
from models.contract import Volume

STUDY = "SIM10002-2"
"""Of the test part: no network was trained on this person. 2.4 x 2.8 x 2.8 mm."""


@lru_cache(maxsize=1)
def study() -> SimulatedStudy:
    """Return a study without disease."""
    settings = shipped_settings().simulator()
    (chosen,) = (each for each in plan(settings) if each.study == STUDY)
    return simulate(chosen, settings)


def lung(side: int) -> npt.NDArray[np.bool_]:
    """Return the right (1) or left (2) lung as it was drawn."""
    return np.asarray(study().lungs == side)


def array() -> npt.NDArray[np.float32]:
    """Return the densities, to be changed, of slices from the feet to the head."""
    return np.array(study().volume.array, np.float32)


def chest(
    changed: npt.NDArray[np.float32] | None = None,
    affine: npt.NDArray[np.float64] | None = None,
    units: str = "HU",
) -> Volume:
    """Return the chest, or what it was changed to."""
    volume = study().volume
    return Volume(
        array() if changed is None else changed,
        volume.affine.copy() if affine is None else affine,
        units,
        volume.series,
    )


def ball(centre: tuple[float, float, float], radius_mm: float) -> npt.NDArray[np.bool_]:
    """Return the voxels of a ball around a voxel ``(d, h, w)``."""
    steps = study().volume.spacing_mm
    d, h, w = (
        ((np.arange(size) - at) * step) ** 2
        for size, at, step in zip(study().lungs.shape, centre, steps, strict=True)
    )
    return np.asarray(d[:, None, None] + h[:, None] + w <= radius_mm**2)
