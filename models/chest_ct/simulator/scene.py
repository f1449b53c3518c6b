"""A patient with disease on a grid of one spacing, before any scanner looks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from models.chest_ct.simulator.body import paint_body
from models.chest_ct.simulator.deposit import Deposit
from models.chest_ct.simulator.disease import draw_disease
from models.chest_ct.simulator.person import Person, State, draw_person, draw_state
from models.chest_ct.simulator.plan import StudyPlan
from models.chest_ct.simulator.settings import SimulatorSettings
from models.chest_ct.simulator.shapes import NoduleShapes
from models.chest_ct.simulator.space import Field, Grid, extent
from models.chest_ct.simulator.thorax import Thorax, build_thorax, scene_grid
from models.chest_ct.simulator.tissue import fill_lungs, put_back
from models.chest_ct.simulator.variants import draw_variants


@dataclass(frozen=True, slots=True)
class Scene:
    """One patient in one state.

    Attributes
    ----------
    hu, heart
        ``(D, H, W)`` on ``grid``: the image, and the depth of the heart.
    airway
        Share of each voxel that is the lumen of trachea and main bronchi, on
        ``airways``.
    depth, right
        Millimetres from the pleura, and which voxels lie on the right, on ``lungs``.
    deposits
        Lesions; their windows are parts of ``lungs``.
    """

    person: Person
    state: State
    grid: Grid
    hu: Field
    airway: Field
    heart: Field
    airways: Grid
    lungs: Grid
    depth: Field
    right: Field
    deposits: tuple[Deposit, ...]
    back_mm: float

    @property
    def lungs_ml(self) -> float:
        """Volume of both lungs in millilitres."""
        voxels = np.count_nonzero(self.depth > 0)
        return float(voxels) * self.grid.spacing_mm**3 / 1000

    @property
    def reach_mm(self) -> tuple[float, float]:
        """Lowest and highest z of the lungs."""
        there = np.flatnonzero((self.depth > 0).any(axis=(1, 2)))
        low = self.lungs.origin_mm[0]
        step = self.lungs.spacing_mm
        return low + step * float(there[0]), low + step * float(there[-1])


def build_scene(
    plan: StudyPlan, settings: SimulatorSettings, shapes: NoduleShapes | None = None
) -> Scene:
    """Draw the patient of a plan with the disease of that plan.

    Parameters
    ----------
    shapes
        Real nodules of the part of the split that the plan is in; None draws all
        nodules.
    """
    person = draw_person(plan.anatomy_seed, settings.person)
    state = draw_state(plan.state_seed, settings.person)
    grid = scene_grid(person, settings.acquisition.scene_mm)
    thorax = build_thorax(person, state, grid)
    hu, airway = paint_body(person, state, thorax)
    tissue = fill_lungs(person, state, thorax, settings.lung)
    draw_variants(tissue, person, state, settings.variants)
    deposits = draw_disease(
        tissue, plan.findings, settings.disease, shapes, plan.pathology_seed
    )
    put_back(hu, tissue)
    around = extent(airway > 0) or tissue.window
    return Scene(
        person=person,
        state=state,
        grid=grid,
        hu=hu,
        airway=airway[around],
        heart=thorax.heart,
        airways=grid.part(around),
        lungs=tissue.grid,
        depth=tissue.depth,
        right=tissue.right.astype(np.float32),
        deposits=deposits,
        back_mm=_back(thorax, prone=state.prone),
    )


def _back(thorax: Thorax, *, prone: bool) -> float:
    """Return how far the skin that lies on the table is from y = 0."""
    rows = np.flatnonzero((thorax.skin[::4] > 0).any(axis=(0, 2)))
    y = thorax.grid.origin_mm[1] + thorax.grid.spacing_mm * rows
    return float(-y[0] if prone else y[-1])


def moved(scene: Scene, motion_mm: float) -> Field:
    """Return the scene with the border of the heart blurred by its beat."""
    sigma = motion_mm / scene.grid.spacing_mm
    if sigma < 0.3:
        return scene.hu
    hu = scene.hu.copy()
    near = np.clip(1 - np.abs(scene.heart + 2) / 14, 0, 1)
    there = np.nonzero(near > 0)
    window = tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in there)
    blurred = ndimage.gaussian_filter(hu[window], (0.5 * sigma, sigma, sigma))
    hu[window] += near[window] * (blurred - hu[window])
    return hu
