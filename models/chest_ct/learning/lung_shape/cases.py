"""Simulated chests, as cells: what was seen of them and where their lungs are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.chest_ct.learning.lung_shape.settings import LungShapeSettings
from models.chest_ct.simulator.kinds import SimulatedStudy
from models.chest_ct.simulator.plan import StudyPlan, plan
from models.chest_ct.simulator.study import simulate
from models.over_processes import over_processes
from models.training.settings import settings_digest
from models.volume.lungs.air import find_air, find_airways, middle_of_body
from models.volume.lungs.grid import coarsen
from models.volume.lungs.shape import averaged, cell_steps
from models.volume.lungs.sides import find_sides

STORED_MM = 5.0
"""Size of a stored cell: a look at 6 mm may be larger or smaller."""

FULL = 127
"""A cell that is lung altogether; the right lung is counted below 0, the left above."""

Shares = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class ShapeCase:
    """A chest on cells of `STORED_MM`, canonical axes ``(S, P, L)``.

    Attributes
    ----------
    hu
        Mean density, int16.
    air
        Share of each cell that was found to be air of a lung, as `FULL` says.
    lungs
        Share that is lung in truth, disease and all.
    """

    hu: npt.NDArray[np.int16]
    air: Shares
    lungs: Shares


def prepare(settings: LungShapeSettings, folder: Path, processes: int) -> list[Path]:
    """Simulate the cases that are not there yet and return the files of all.

    Files of other settings lie in another folder below ``folder``.
    """
    work = folder / settings_digest(settings.simulator())[:12]
    work.mkdir(parents=True, exist_ok=True)
    plans = [each for each in plan(settings.simulator()) if each.split == "train"][
        : 2 * settings.cases.patients
    ]
    jobs = [_Job(each, settings, work / f"{each.study}.npz") for each in plans]
    missing = [job for job in jobs if not job.path.exists()]
    for _ in over_processes(_simulated, missing, processes):
        pass
    return [job.path for job in jobs]


def read(path: Path) -> ShapeCase:
    """Read a case that `prepare` wrote."""
    with np.load(path) as stored:
        return ShapeCase(stored["hu"], stored["air"], stored["lungs"])


@dataclass(frozen=True, slots=True)
class _Job:
    plan: StudyPlan
    settings: LungShapeSettings
    path: Path


def _simulated(job: _Job) -> None:
    case = seen(simulate(job.plan, job.settings.simulator()))
    part = job.path.with_suffix(".part.npz")
    np.savez_compressed(part, hu=case.hu, air=case.air, lungs=case.lungs)
    part.rename(job.path)


def seen(study: SimulatedStudy) -> ShapeCase:
    """Return what is found of a study, beside its truth."""
    image = coarsen(study.volume)
    air = find_air(image).inside
    found = find_sides(image, air & ~find_airways(image, air), middle_of_body(image))
    cells = cell_steps(image.array.shape, image.spacing_mm, STORED_MM)
    return ShapeCase(
        hu=averaged(image.array, cells).round().astype(np.int16),
        air=_shares(found.labels, cells),
        lungs=_shares(image.change.apply(study.lungs), cells),
    )


def _shares(labels: npt.NDArray[np.uint8], cells: Sequence[int]) -> Shares:
    """Return the share of either lung in each cell, as `FULL` says."""
    signed = (labels == 2).astype(np.float32) - (labels == 1)
    a, b, c = cells
    return (averaged(signed, (a, b, c)) * FULL).round().astype(np.int8)
