"""How hard the simulated studies are: what a single number of the lungs already tells.

A simulator whose answer is in the mean density teaches nothing. `difficulty` simulates
the first patients of the plan and says how well such numbers separate the labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from models.chest_ct.simulator.kinds import SimulatedStudy
from models.chest_ct.simulator.plan import StudyPlan, plan
from models.chest_ct.simulator.settings import SimulatorSettings
from models.chest_ct.simulator.study import simulate

DENSE_HU, EMPTY_HU = -500, -950
COARSE_MM, COARSE_MATRIX = 3.0, 128


def coarse(settings: SimulatorSettings) -> SimulatorSettings:
    """Return settings that draw the same patients on coarser voxels, quickly."""
    change = {
        "scene_mm": COARSE_MM,
        "matrix": COARSE_MATRIX,
        "matrix_large": COARSE_MATRIX,
    }
    acquisition = settings.acquisition.model_copy(update=change)
    return settings.model_copy(update={"acquisition": acquisition})


def difficulty(settings: SimulatorSettings, studies: int) -> Mapping[str, float]:
    """Return the AUC of numbers that need no network, over the first studies.

    Returns
    -------
    Mapping
        ``mean_hu``, ``dense`` (share above -500 HU) and ``empty`` (below -950 HU),
        over all studies and, with ``_large`` appended, without the small positives.
    """
    plans = plan(settings)[:studies]
    rows = np.array([_numbers(simulate(each, settings)) for each in plans])
    label = np.array([each.is_positive for each in plans])
    large = np.array([not each.small for each in plans])
    found = {}
    for name, column in zip(("mean_hu", "dense", "empty"), rows.T, strict=True):
        found[name] = separation(column, label)
        found[f"{name}_large"] = separation(column[large], label[large])
    return found


def _numbers(study: SimulatedStudy) -> tuple[float, float, float]:
    array = np.asarray(study.volume.array, dtype=np.float32)[study.lungs > 0]
    dense, empty = np.mean(array > DENSE_HU), np.mean(array < EMPTY_HU)
    return float(array.mean()), float(dense), float(empty)


def separation(score: Sequence[float] | np.ndarray, label: np.ndarray) -> float:
    """Return the area under the ROC curve of a score: 0.5 tells nothing."""
    values = np.asarray(score, dtype=np.float64)
    ill, well = values[label], values[~label]
    above = np.mean(ill[:, None] > well[None, :])
    equal = np.mean(ill[:, None] == well[None, :])
    return float(above + 0.5 * equal)


def named(plans: Sequence[StudyPlan], study: str) -> StudyPlan:
    """Return the plan of a study by its name.

    Raises
    ------
    ValueError
        No study of the settings has that name.
    """
    for each in plans:
        if each.study == study:
            return each
    raise ValueError(f"no study {study}; names go from {plans[0].study}")
