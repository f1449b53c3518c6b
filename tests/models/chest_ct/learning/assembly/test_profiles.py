"""The Z-profile of a bundle, and scores that are not of what it was fitted to."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.chest_ct.cases.cache import write_prepared
from models.chest_ct.learning.assembly.profiles import (
    Profiled,
    ZProfile,
    out_of_fold,
    profiled,
)
from tests.models.chest_ct.learning.assembly.made import CASES, gathered
from tests.models.chest_ct.learning.made import chest


@pytest.fixture(scope="module", name="cases")
def cases_fixture(tmp_path_factory: pytest.TempPathFactory) -> list[Profiled]:
    """Return the profiles of the made cases."""
    return profiled(gathered(tmp_path_factory.mktemp("cases")).cases)


def folds(cases: list[Profiled]) -> dict[str, int]:
    """Return three folds of patients."""
    patients = dict.fromkeys(case.patient for case in cases)
    return {patient: number % 3 for number, patient in enumerate(patients)}


def test_a_fold_is_scored_by_what_was_fitted_without_it(cases: list[Profiled]) -> None:
    """As if the others were all that there is."""
    fold_of = folds(cases)
    scores = out_of_fold(cases, fold_of)

    others = ZProfile.fitted([c for c in cases if fold_of[c.patient] != 1])
    held_out = [case for case in cases if fold_of[case.patient] == 1]

    assert len(scores) == CASES
    for case in held_out:
        assert scores[case.name] == others.score(case.profile)
    whole = ZProfile.fitted(cases)
    assert any(scores[c.name] != whole.score(c.profile) for c in held_out)


def test_the_band_is_of_cases_without_disease(cases: list[Profiled]) -> None:
    """Half of them; and the haze that the others have is found."""
    found = ZProfile.fitted(cases)
    assert found.reference.count == CASES // 2
    assert found.reference.high["ground_glass"].max() < 0.3  # in the others it is 0.4
    weights = found.scoring.weights
    assert max(weights, key=lambda sign: weights[sign]) == "ground_glass"


def test_a_case_without_a_profile_is_left_out(tmp_path: Path) -> None:
    """It has no lungs with a height, and is refused in service."""
    kept = gathered(tmp_path).cases
    write_prepared(kept[0].path, chest(0, sick=False), {"profile": None})
    assert len(profiled(kept)) == CASES - 1
