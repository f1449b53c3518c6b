"""From which chance on a place is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.chest_ct.build import load_network
from models.chest_ct.cases.records import read_records
from models.chest_ct.kinds import Kind
from models.chest_ct.learning.assembly import places
from models.chest_ct.learning.assembly.places import (
    LEVELS,
    Counts,
    count_places,
    counts_of,
    least_chances,
)
from models.chest_ct.reading import read_chest
from tests.models.chest_ct.learning.assembly.made import gathered, write_folds


def counts(**told: list[list[int]]) -> Counts:
    """Return the counts of one case; kinds that are not named have none."""
    nothing = [[0, 0] for _ in LEVELS]
    return {kind.name: told.get(kind.name, nothing) for kind in Kind}


def test_a_place_is_right_where_it_reaches_the_truth() -> None:
    """Two places at low chances, the wrong one gone at high ones."""
    chances = np.zeros((4, 8, 8))
    chances[1, 1:3, 1:3] = 0.9
    chances[2, 6, 6] = 0.3
    truth = chances > 0.8

    found = dict(zip(LEVELS, counts_of(chances, truth), strict=True))

    assert found[0.3] == [2, 1]
    assert found[0.35] == found[0.9] == [1, 1]
    assert found[0.95] == [0, 0]


def test_the_lowest_chance_at_which_enough_are_right_is_taken() -> None:
    """Over all cases together, not as a mean of each."""
    told = [[10, 5] if level < 0.5 else [5, 4] for level in LEVELS]
    few = [[2, 2]] * len(LEVELS)
    found = least_chances([counts(NODULE=told, EFFUSION=few)] * 2, [0.8])
    assert found == {"nodule": 0.5}


def test_a_kind_that_is_never_right_enough_is_not_told() -> None:
    """Neither is one that is hardly told: four right ones of four mean nothing."""
    wrong = [[10, 7]] * len(LEVELS)
    rare = [[4, 4]] * len(LEVELS)
    assert least_chances([counts(NODULE=wrong, EFFUSION=rare)], [0.8]) == {}
    assert least_chances([], [0.8]) == {}


def test_a_kind_that_does_not_come_to_what_is_wanted_may_do_with_less() -> None:
    """The higher share goes first, at whatever chance it is come to."""
    better = [[10, 6] if level < 0.7 else [5, 4] for level in LEVELS]
    worse = [[10, 4] if level < 0.3 else [10, 6] for level in LEVELS]
    found = least_chances([counts(NODULE=better, EFFUSION=worse)], [0.8, 0.5])
    assert found == {"nodule": 0.7, "effusion": 0.3}


def test_counting_that_was_broken_off_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is counted is not read again, and another network begins anew."""
    there = gathered(tmp_path / "cases")
    cnns, _ = read_records(write_folds(there, tmp_path / "folds"))
    tested = {score.name for score in cnns[0].test}
    some = [kept for kept in there.cases if kept.case.name in tested][:4]
    first = count_places(cnns, some[:2], lambda *_: True, tmp_path)
    read: list[int] = []

    whole = count_places(
        cnns, some, lambda *_: True, tmp_path, lambda n, _: read.append(n)
    )

    assert read == [1, 2]
    assert whole[:2] == first
    monkeypatch.setattr(places, "load_network", None)  # not needed any more
    assert count_places(cnns, some, lambda *_: True, tmp_path) == whole


def test_places_of_what_is_called_negative_do_not_count(tmp_path: Path) -> None:
    """None is told there; what is said is the mean of the networks."""
    there = gathered(tmp_path / "cases")
    cnns, _ = read_records(write_folds(there, tmp_path / "folds"))
    kept = there.cases[0]
    networks = [load_network(r.settings, r.weights, r.sha256) for r in cnns]
    view = cnns[0].settings.view
    alone = [read_chest(each, kept.prepared(), view) for each in networks]
    heard: list[tuple[str, float]] = []

    def never(name: str, probability: float) -> bool:
        heard.append((name, probability))
        return False

    assert count_places(cnns, [kept], never, tmp_path) == []
    ((name, probability),) = heard
    assert name == kept.case.name
    assert probability == pytest.approx(np.mean([r.probability for r in alone]))
