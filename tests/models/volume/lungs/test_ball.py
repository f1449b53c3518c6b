"""Balls that grow, close and open a mask."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from models.volume.lungs.ball import closed, grown, opened

STEP = (2.0, 2.0, 2.0)

shapes = st.tuples(*[st.integers(1, 24)] * 3)
spacings = st.tuples(*[st.sampled_from([1 / 3, 0.7, 1.0, 2.0, 2.1, 2.5, 5.0])] * 3)
radii = st.sampled_from([0.3, 2.5, 4.0, 6.0, 8.0, 10.0])
seeds = st.integers(0, 2**16)


@given(shapes, spacings, radii, seeds)
@settings(max_examples=60, deadline=None)
def test_it_grows_by_the_distance_to_the_voxel(
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    radius: float,
    seed: int,
) -> None:
    """The peer is the Euclidean distance of every voxel, ties included."""
    mask = np.random.default_rng(seed).random(shape) > 0.9
    mask[0, 0, 0] = True

    away = ndimage.distance_transform_edt(~mask, sampling=spacing)

    assert np.array_equal(grown(mask, radius, spacing), away <= radius)


@given(shapes, spacings, radii, seeds)
@settings(max_examples=40, deadline=None)
def test_closing_adds_opening_takes_and_doing_it_again_changes_nothing(
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    radius: float,
    seed: int,
) -> None:
    """What every closing and opening of a mask must hold to."""
    mask = ndimage.uniform_filter(np.random.default_rng(seed).random(shape), 3) > 0.5

    more, less = closed(mask, radius, spacing), opened(mask, radius, spacing)

    assert not (mask & ~more).any()
    assert not (less & ~mask).any()
    assert np.array_equal(closed(more, radius, spacing), more)
    assert np.array_equal(opened(less, radius, spacing), less)


def test_of_nothing_nothing_grows() -> None:
    """A mask may be empty, and so may the grid."""
    for shape in ((4, 5, 6), (0, 0, 0)):
        nothing = np.zeros(shape, bool)
        assert not grown(nothing, 10.0, STEP).any()
        assert not closed(nothing, 10.0, STEP).any()
        assert not opened(nothing, 10.0, STEP).any()


def test_a_notch_is_closed_and_a_bay_is_not() -> None:
    """A gap of 8 mm is closed by a ball of 10 mm; one of 40 mm stays open."""
    mask = np.ones((30, 30, 60), bool)
    mask[:, :15, 10:14] = False
    mask[:, :15, 30:50] = False

    whole = closed(np.pad(mask, 8), 10.0, STEP)[8:-8, 8:-8, 8:-8]

    assert whole[15, 8, 10:14].all()
    assert not whole[15, 4, 36:44].any()
    assert whole[mask].all()


def test_a_thin_layer_is_opened_away_and_a_lump_stays() -> None:
    """Of a layer of 8 mm nothing is left, of one of 24 mm its inside."""
    mask = np.zeros((40, 40, 40), bool)
    mask[2:6, 5:35, 5:35] = True
    mask[20:32, 5:35, 5:35] = True

    kept = opened(mask, 6.0, STEP)

    assert not kept[2:6].any()
    assert kept[22:30, 10:30, 10:30].all()
    assert not kept[~mask].any()
