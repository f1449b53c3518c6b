"""One call from a plan to a chest CT with its truth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydicom.uid import generate_uid

from models.chest_ct.simulator.acquisition import draw_acquisition
from models.chest_ct.simulator.deposit import Deposit
from models.chest_ct.simulator.kinds import Acquisition, Lesion, SimulatedStudy, Voxel
from models.chest_ct.simulator.mediastinum import AIR_HU
from models.chest_ct.simulator.plan import StudyPlan
from models.chest_ct.simulator.scanner import scanned
from models.chest_ct.simulator.scene import Scene, build_scene, moved
from models.chest_ct.simulator.settings import SimulatorSettings
from models.chest_ct.simulator.shapes import NoduleShapes
from models.chest_ct.simulator.space import Field, Window
from models.chest_ct.simulator.view import View, aimed
from models.contract import LabelMap, SeriesInfo, Volume

FAINTEST = 0.04
"""A lesion is seen where it fills this share of some voxel."""

DIFFUSE_SHARE = 0.2
"""Disease of this share of the lungs is called diffuse."""


def simulate(
    plan: StudyPlan, settings: SimulatorSettings, shapes: NoduleShapes | None = None
) -> SimulatedStudy:
    """Return the study of a plan; equal plans and settings give equal voxels.

    Parameters
    ----------
    shapes
        Real nodules of the same part of the split (`find_shapes`); None draws all.
    """
    scene = build_scene(plan, settings, shapes)
    return acquire(scene, plan, settings)


def acquire(
    scene: Scene, plan: StudyPlan, settings: SimulatorSettings
) -> SimulatedStudy:
    """Look at a scene with the scanner of the plan's acquisition seed."""
    acquisition = draw_acquisition(
        plan.acquisition_seed,
        scene.person,
        settings.acquisition,
        prone=scene.state.prone,
        large=plan.large,
    )
    return look(scene, plan, acquisition)


def look(scene: Scene, plan: StudyPlan, acquisition: Acquisition) -> SimulatedStudy:
    """Look at a scene with a given scanner."""
    view = aimed(acquisition, scene.reach_mm, scene.grid)
    hu = moved(scene, acquisition.motion_mm)
    seen = _everywhere(view, hu, scene)
    back = scene.back_mm + acquisition.shift_mm[1] * (-1 if acquisition.prone else 1)
    image = scanned(seen, acquisition, back)
    airways = _airways(view, scene)
    lungs = _lungs(view, scene)
    lungs[airways] = 0
    truth, lesions = _truth(view, scene)
    return SimulatedStudy(
        volume=Volume(image, view.affine, "HU", _series(plan, view)),
        lungs=lungs,
        airways=airways,
        truth=truth,
        lesions=lesions,
        patient=plan.patient,
        study=plan.study,
        acquisition=acquisition,
        diffuse=sum(each.lung_share for each in lesions) >= DIFFUSE_SHARE,
    )


def _everywhere(view: View, hu: Field, scene: Scene) -> Field:
    """Return what all voxels see; beyond the scene there is air."""
    seen = np.full(view.shape, AIR_HU, dtype=np.float32)
    window, values = view.sample(hu, scene.grid, AIR_HU, blurred=True)
    seen[window] = values
    return seen


def _lungs(view: View, scene: Scene) -> LabelMap:
    labels = np.zeros(view.shape, dtype=np.uint8)
    window, depth = view.sample(scene.depth, scene.lungs, -9.0, blurred=False)
    _, right = view.sample(scene.right, scene.lungs, 0.0, blurred=False)
    labels[window] = (depth > 0) * np.where(right > 0.5, 1, 2)
    return labels


def _airways(view: View, scene: Scene) -> npt.NDArray[np.bool_]:
    airways = np.zeros(view.shape, dtype=np.bool_)
    window, share = view.sample(scene.airway, scene.airways, 0.0, blurred=False)
    airways[window] = share > 0.5
    return airways


def _truth(view: View, scene: Scene) -> tuple[LabelMap, tuple[Lesion, ...]]:
    """Return the labels of all lesions, and each as it lies on the voxels.

    A lesion that no voxel of the study shows (out of the scan) is left out. What is
    less than half of any voxel is marked where it is at least half as much as at most.
    """
    truth = np.zeros(view.shape, dtype=np.uint8)
    lesions = []
    for deposit in scene.deposits:
        window, share = _seen(view, scene, deposit)
        if not share.size or share.max() < FAINTEST:
            continue
        seen = share > min(0.5, 0.5 * float(share.max()))
        truth[window][seen] = deposit.kind
        first = tuple(piece.start for piece in window)
        lesions.append(_lesion(deposit, scene, seen, (first[0], first[1], first[2])))
    return truth, tuple(lesions)


def _seen(view: View, scene: Scene, deposit: Deposit) -> tuple[Window, Field]:
    """Return the share of each voxel that a lesion fills, slice profile and all."""
    reach = int(2 * view.acquisition.thickness_mm / scene.lungs.spacing_mm) + 1
    margin = (reach, 1, 1)
    grid = scene.lungs.part(deposit.window).widened(margin)
    share = np.pad(deposit.share, [(more, more) for more in margin])
    return view.sample(share, grid, 0.0, blurred=True)


def _lesion(
    deposit: Deposit, scene: Scene, seen: npt.NDArray[np.bool_], start: Voxel
) -> Lesion:
    volume = deposit.volume_mm3(scene.grid.spacing_mm)
    where = np.argwhere(seen) + start
    low, high = where.min(axis=0).tolist(), where.max(axis=0).tolist()
    return Lesion(
        kind=deposit.kind,
        first=(low[0], low[1], low[2]),
        last=(high[0], high[1], high[2]),
        diameter_mm=2 * (0.75 * volume / np.pi) ** (1 / 3),
        volume_mm3=volume,
        lung_share=volume / 1000 / scene.lungs_ml,
        form=deposit.form,
    )


def uid(plan: StudyPlan, *parts: object) -> str:
    """Return a UID that depends on the study and its acquisition alone."""
    sources = ["chest simulator", plan.study, str(plan.acquisition_seed)]
    return str(generate_uid(entropy_srcs=[*sources, *map(str, parts)]))


def _series(plan: StudyPlan, view: View) -> SeriesInfo:
    acquisition = view.acquisition
    return SeriesInfo(
        study_instance_uid=uid(plan, "study"),
        series_instance_uid=uid(plan, "series"),
        modality="CT",
        instances=(),
        rows=acquisition.matrix,
        columns=acquisition.matrix,
        spacing_mm=acquisition.spacing_mm,
        orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
        tags={
            "ConvolutionKernel": acquisition.kernel,
            "SliceThickness": f"{acquisition.thickness_mm:g}",
        },
    )
