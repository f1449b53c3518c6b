"""Making pairs: equal seeds make equal pairs, and readers are believed."""

from __future__ import annotations

import pytest

from models.hippocampus.cases.data import Case
from models.hippocampus.findings import STRUCTURES
from models.hippocampus.phantom_image import phantom
from models.hippocampus.preprocess import FloatVolume, normalise
from models.hippocampus.validation.readers import Volumes
from models.hippocampus.validation.synthetic_visits.trial import Pair, Skipped, pairs


def blind(image: FloatVolume) -> Volumes:
    """Read every image alike: no change is ever seen."""
    return {structure.name: 3000.0 for structure in STRUCTURES}


def empty(image: FloatVolume) -> Volumes:
    """Find nothing."""
    return {structure.name: 0.0 for structure in STRUCTURES}


def test_pairs_of_phantoms_are_made_and_read() -> None:
    """The same seed makes the same pairs; there is a row per structure."""
    image, labels = phantom(1)
    case = Case("phantom_001", 1, normalise(image), labels)

    (found,) = pairs([(case, blind)], 1)
    (again,) = pairs([(case, blind)], 1)

    assert found == again
    assert isinstance(found, list)
    assert [pair.structure for pair in found] == [s.name for s in STRUCTURES]
    assert all(pair.measured_rate == 0 for pair in found)
    assert all(-8.5 < pair.true_rate < 2.5 for pair in found)


@pytest.mark.parametrize(("count", "numbers"), [(2, [0, 2]), (5, [0, 0, 1, 2, 3])])
def test_pairs_are_spread_over_all_cases(count: int, numbers: list[int]) -> None:
    """Cases lie in the order of the folds: the first so many would miss the last."""
    image, labels = phantom(1)
    cases = [Case(f"case{n}", n, normalise(image), labels) for n in range(4)]

    found = list(pairs([(case, blind) for case in cases], count))

    assert [made[0].subject for made in found if isinstance(made, list)] == numbers


def test_a_case_that_gives_no_pair_is_named_and_ends_nothing() -> None:
    """Nothing is found in it; the next one is read."""
    image, labels = phantom(1)
    lost, other = (Case(f"case{n}", n, normalise(image), labels) for n in range(2))

    first, second = pairs([(lost, empty), (other, blind)], 2)

    reason = "a rate needs two volumes and a time, all above 0"
    assert first == Skipped("case0", reason)
    assert isinstance(second, list)


def test_a_pair_knows_its_error_and_its_changes() -> None:
    """Rates are per year, changes over the whole time."""
    pair = Pair(0, "c", 1, "Hippocampus", 2, true_rate=-2, measured_rate=-1)

    assert pair.error == 1
    assert pair.true_change == pytest.approx(2 * -2.0203, abs=1e-3)
    assert pair.measured_change == pytest.approx(2 * -1.0050, abs=1e-3)
