"""Which air is the right lung, and which the left."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from models.contract import SeriesInfo, Volume
from models.volume.lungs.grid import CoarseImage, coarsen
from models.volume.lungs.sides import LEFT_LUNG, RIGHT_LUNG, find_sides

STEP_MM = 2.2

MIDDLE = 60.0
"""Of the body, in voxels along the last axis."""

SHAPE = (50, 60, 120)

Mask = npt.NDArray[np.bool_]
Spans = tuple[tuple[int, int], ...]
"""From where to where along ``(S, P, L)``."""


def block(*spans: tuple[int, int]) -> Mask:
    """Return a block of voxels."""
    mask = np.zeros(SHAPE, np.bool_)
    mask[tuple(slice(*span) for span in spans)] = True
    return mask


def image(lungs: Mask) -> CoarseImage:
    """Return a body of tissue with lungs in it that vessels cross."""
    noise = np.random.default_rng(0).normal(0, 60, SHAPE)
    hu = np.where(lungs, -850 + noise, 40).astype(np.float32)
    affine = np.zeros((4, 4))
    affine[[2, 1, 0, 3], [0, 1, 2, 3]] = [STEP_MM, STEP_MM, STEP_MM, 1]
    series = SeriesInfo("2.25.1", "2.25.2", "CT", ())
    return coarsen(Volume(hu, affine, "HU", series))


RIGHT = block((8, 42), (10, 50), (10, 56))
LEFT = block((8, 42), (10, 50), (64, 110))


@pytest.mark.parametrize(
    ("bridge", "is_split"),
    [
        (block((20, 24), (14, 18), (56, 64)), True),
        (block((10, 40), (12, 26), (56, 64)), True),
        (block((8, 42), (10, 50), (56, 64)), False),
    ],
    ids=["a thin one", "a wide one", "a whole side"],
)
def test_lungs_that_touch_are_told_apart(bridge: Mask, is_split: bool) -> None:
    """However wide the front is: both are there, each on its side."""
    air = RIGHT | LEFT | bridge

    found = find_sides(image(air), air, MIDDLE)

    assert found.split is is_split
    assert (found.labels[RIGHT] == RIGHT_LUNG).mean() > 0.95
    assert (found.labels[LEFT] == LEFT_LUNG).mean() > 0.95
    assert np.array_equal(found.labels > 0, air)


@pytest.mark.parametrize("depth", [8, 12, 14, 16, 20])
def test_of_two_that_touch_no_air_is_lost(depth: int) -> None:
    """The smaller may be worn off before they come apart: it is a lung all the same."""
    small = block((12, 12 + depth), (14, 14 + 2 * depth), (64, 64 + 2 * depth))
    air = RIGHT | small | block((14, 10 + depth), (16, 12 + 2 * depth), (56, 64))

    found = find_sides(image(air), air, MIDDLE)

    assert (found.labels[RIGHT] == RIGHT_LUNG).mean() > 0.9
    if depth >= 16:  # less than a fifth of the air is no second lung
        assert (found.labels[small] == LEFT_LUNG).mean() > 0.5
    assert np.array_equal(found.labels > 0, air)


def test_one_lung_alone_keeps_its_side() -> None:
    """Nothing is cut where only one side holds air."""
    found = find_sides(image(LEFT), LEFT, MIDDLE)

    assert found.split
    assert np.array_equal(found.labels, LEFT * np.uint8(LEFT_LUNG))


def test_no_air_is_no_lung() -> None:
    """The labels are empty, and nothing raises."""
    nothing = np.zeros(SHAPE, np.bool_)

    assert not find_sides(image(nothing), nothing, MIDDLE).labels.any()
