"""Steps between percentiles: exact words, and their borders."""

from __future__ import annotations

from statistics import NormalDist

import pytest

from models.hippocampus.interpretation.norms.distribution import STEPS, Distribution

SPREAD = Distribution.normal(4000.0, 400.0)


@pytest.mark.parametrize(
    ("percent", "step"),
    [
        (1, "below the 2.5th percentile"),
        (3, "2.5th to 5th percentile"),
        (7, "5th to 10th percentile"),
        (20, "10th to 25th percentile"),
        (50, "25th to 75th percentile"),
        (80, "75th to 90th percentile"),
        (93, "90th to 95th percentile"),
        (96, "95th to 97.5th percentile"),
        (99, "above the 97.5th percentile"),
    ],
)
def test_a_volume_lies_on_the_step_of_its_percentile(percent: int, step: str) -> None:
    """All nine steps, in the words that are printed."""
    volume = NormalDist(4000, 400).inv_cdf(percent / 100)

    assert SPREAD.step(volume) == step


def test_a_volume_at_a_border_belongs_below_it() -> None:
    """On the percentile itself a person is not above it."""
    table = Distribution.tabulated(5.0, (1, 2, 3, 4, 6, 7, 8, 9))

    steps = [table.step(volume) for volume in (1, 2, 3, 4, 6, 7, 8, 9, 9.1)]
    assert steps == list(STEPS)


def test_another_segmenter_moves_centre_and_borders_alike() -> None:
    """What lay at a percentile lies there still, in the volumes of the other one."""
    moved = SPREAD.moved(-400.0, 1.5)

    assert (moved.centre_mm3, moved.sd_mm3) == (3600.0, 600.0)
    for before, after in zip(SPREAD.bounds_mm3, moved.bounds_mm3, strict=True):
        assert SPREAD.score(before) == pytest.approx(moved.score(after))


@pytest.mark.parametrize(
    "bounds", [(1, 2, 3), (1, 2, 3, 4, 4, 5, 6, 7), (8, 7, 6, 5, 4, 3, 2, 1)]
)
def test_percentiles_that_do_not_rise_are_no_distribution(
    bounds: tuple[float, ...],
) -> None:
    """A misread table is found when it is read."""
    with pytest.raises(ValueError, match=r"bounds|rise"):
        Distribution.tabulated(4.0, bounds)
