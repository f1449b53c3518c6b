"""Simulated studies as cases: every study of the simulator's plan."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.chest_ct.cases.case import Case, Loaded
from models.chest_ct.simulator.kinds import SimulatedStudy
from models.chest_ct.simulator.plan import StudyPlan, fresh_plan, plan
from models.chest_ct.simulator.settings import SimulatorSettings
from models.chest_ct.simulator.shapes import find_shapes
from models.chest_ct.simulator.study import simulate
from models.training.settings import settings_digest

SIMULATED = 1
"""Of the code: raised when equal plans and settings are drawn differently."""

DATA = "PACS_AI_DATA"
"""Variable of the environment: where the real nodules are, whose shapes are lent."""

NODULES = Path("nodules/lidc_vois")


@dataclass(frozen=True, slots=True)
class Simulated:
    """A study that is drawn when it is read.

    Attributes
    ----------
    nodules
        Folder of the real nodules; None draws all of them.
    """

    plan: StudyPlan
    settings: SimulatorSettings
    nodules: Path | None = None

    def digest(self) -> str:
        """Return the SHA-256 of plan and settings."""
        plain = [repr(self.plan), settings_digest(self.settings), SIMULATED]
        plain.append("real nodules" if self.nodules else "drawn nodules")
        return hashlib.sha256(json.dumps(plain).encode()).hexdigest()

    def load(self) -> Loaded:
        """Draw the study."""
        is_test = self.plan.split == "test"
        shapes = find_shapes(self.nodules, test=is_test) if self.nodules else None
        study = simulate(self.plan, self.settings, shapes)
        return Loaded(study.volume, study.truth, facts_of(study, self.plan))


def simulated_cases(settings: SimulatorSettings) -> list[Case]:
    """Return a case for every study of the plan."""
    return _cases(plan(settings), settings)


def fresh_cases(settings: SimulatorSettings) -> list[Case]:
    """Return a case for every study that the stated figures are of."""
    return _cases(fresh_plan(settings), settings)


def _cases(plans: Sequence[StudyPlan], settings: SimulatorSettings) -> list[Case]:
    nodules = Path(os.environ.get(DATA, "")) / NODULES
    folder = nodules if DATA in os.environ and nodules.is_dir() else None
    return [
        Case(
            name=each.study,
            patient=each.patient,
            is_positive=each.is_positive,
            source=Simulated(each, settings, folder),
            is_test=each.split == "test",
        )
        for each in plans
    ]


def has_real_nodules(cases: Sequence[Case]) -> bool:
    """Return whether real nodules lend their shapes to the cases."""
    return any(
        isinstance(case.source, Simulated) and case.source.nodules for case in cases
    )


def facts_of(study: SimulatedStudy, planned: StudyPlan) -> dict[str, Any]:
    """Return what is known of a simulated study, as JSON has it."""
    return {
        "lesions": [
            {**asdict(lesion), "kind": lesion.kind.name} for lesion in study.lesions
        ],
        "acquisition": asdict(study.acquisition),
        "diffuse": study.diffuse,
        "small": planned.small,
        "large": planned.large,
    }
