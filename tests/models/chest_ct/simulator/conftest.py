"""Small scenes: one patient, any disease, a fifth of a second each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.deposit import Finding
from models.chest_ct.simulator.kinds import SimulatedStudy
from models.chest_ct.simulator.plan import StudyPlan, plan
from models.chest_ct.simulator.scene import Scene, build_scene
from models.chest_ct.simulator.settings import SimulatorSettings, shipped, tiny
from models.chest_ct.simulator.study import acquire

AMOUNTS = {
    Kind.NODULE: 24.0,
    Kind.CONSOLIDATION: 0.05,
    Kind.GROUND_GLASS: 0.1,
    Kind.EFFUSION: 400.0,
    Kind.PNEUMOTHORAX: 25.0,
    Kind.EMPHYSEMA: 0.2,
}
"""A middling amount of each kind of disease."""


@pytest.fixture(scope="session")
def settings() -> SimulatorSettings:
    """Return the shipped settings on the smallest grid."""
    return tiny(shipped())


@pytest.fixture(scope="session")
def first_plan(settings: SimulatorSettings) -> StudyPlan:
    """Return the plan of a study without disease."""
    return replace(plan(settings)[0], findings=(), is_positive=False)


@pytest.fixture(scope="session")
def draw_scene(
    settings: SimulatorSettings, first_plan: StudyPlan
) -> Callable[..., tuple[Scene, SimulatedStudy]]:
    """Return a function that draws one patient with given kinds of disease."""
    drawn: dict[tuple[Kind, ...], tuple[Scene, SimulatedStudy]] = {}

    def draw(*kinds: Kind) -> tuple[Scene, SimulatedStudy]:
        if kinds not in drawn:
            findings = tuple(Finding(kind, AMOUNTS[kind]) for kind in kinds)
            wanted = replace(first_plan, findings=findings, is_positive=bool(findings))
            scene = build_scene(wanted, settings)
            drawn[kinds] = scene, acquire(scene, wanted, settings)
        return drawn[kinds]

    return draw
