"""The simulator is not solved by one number."""

from __future__ import annotations

import numpy as np
import pytest

from models.chest_ct.simulator.__main__ import main
from models.chest_ct.simulator.difficulty import difficulty, named, separation
from models.chest_ct.simulator.plan import plan
from models.chest_ct.simulator.settings import SimulatorSettings


def test_separation_is_the_area_under_the_curve() -> None:
    """1 when all positives lie above, 0.5 when all are equal, 0 when below."""
    label = np.array([True, True, False, False])

    assert separation([3, 4, 1, 2], label) == 1
    assert separation([1, 1, 1, 1], label) == 0.5
    assert separation([1, 2, 3, 4], label) == 0


def test_the_mean_density_of_the_lungs_does_not_solve_the_task(
    settings: SimulatorSettings,
) -> None:
    """Mean HU alone stays under an AUC of 0.75 on 24 coarse studies."""
    coarser = settings.acquisition.model_copy(update={"scene_mm": 6.0})
    more = settings.model_copy(update={"train_patients": 12, "acquisition": coarser})
    found = difficulty(more, 24)

    assert abs(found["mean_hu"] - 0.5) < 0.25


def test_a_study_is_found_by_its_name(settings: SimulatorSettings) -> None:
    """The name of a plan, or an error that shows how names look."""
    plans = plan(settings)

    assert named(plans, "SIM10002-2").split == "test"
    with pytest.raises(ValueError, match="SIM00000-1"):
        named(plans, "SIM99999-1")


def test_the_command_says_what_it_can_do(capsys: pytest.CaptureFixture[str]) -> None:
    """``--help`` names both commands."""
    with pytest.raises(SystemExit):
        main(["--help"])

    said = capsys.readouterr().out
    assert "write" in said
    assert "difficulty" in said
