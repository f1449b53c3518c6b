"""Simulated studies as cases."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.chest_ct.cases.simulated import DATA, simulated_cases
from models.chest_ct.simulator.settings import SimulatorSettings, shipped, tiny


@pytest.fixture(scope="module")
def settings() -> SimulatorSettings:
    """Return settings of few small studies."""
    return tiny(shipped())


def test_every_study_of_the_plan_is_a_case(
    settings: SimulatorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sick and a healthy one of each patient, who is in one part."""
    monkeypatch.delenv(DATA, raising=False)

    cases = simulated_cases(settings)

    assert len(cases) == 20
    assert sum(case.is_positive for case in cases) == 10
    assert len({case.source.digest() for case in cases}) == 20
    learned = {case.patient for case in cases if case.is_test is False}
    judged = {case.patient for case in cases if case.is_test}
    assert len(learned) == 6
    assert len(judged) == 4
    assert not learned & judged


def test_other_settings_make_other_cases(settings: SimulatorSettings) -> None:
    """Nothing that was prepared before is taken for them."""
    louder = settings.model_copy(update={"seed": settings.seed + 1})
    first, other = simulated_cases(settings)[0], simulated_cases(louder)[0]
    assert first.source.digest() != other.source.digest()


def test_a_case_holds_its_truth_and_what_is_known_of_it(
    settings: SimulatorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lesions are told as JSON has them; a healthy study has none."""
    monkeypatch.delenv(DATA, raising=False)
    cases = simulated_cases(settings)[:2]

    for case in cases:
        loaded = case.source.load()
        assert loaded.truth is not None
        assert loaded.truth.shape == loaded.volume.shape
        facts = json.loads(json.dumps(dict(loaded.facts)))
        assert bool(facts["lesions"]) == case.is_positive
        assert np.any(loaded.truth) == case.is_positive
        assert facts["acquisition"]["kernel"]
