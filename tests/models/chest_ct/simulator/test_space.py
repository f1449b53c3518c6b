"""Grids and fields: nothing is moved by a coarse grid, nothing lost by a fine one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.chest_ct.simulator.space import (
    Grid,
    coverage,
    curve,
    ellipsoid,
    refined,
    smooth_field,
    tube,
)

GRID = Grid((-20.0, -24.0, -28.0), 2.0, (20, 24, 28))


def test_a_field_that_varies_evenly_is_refined_exactly() -> None:
    """Linear interpolation keeps planes, at the very places."""
    z, y, x = GRID.coarse().axes()
    fine_z, fine_y, fine_x = GRID.axes()

    plane = refined((z + 2 * y - 3 * x).astype(np.float32))

    assert plane.shape == GRID.shape
    assert np.allclose(plane, fine_z + 2 * fine_y - 3 * fine_x, atol=1e-3)


@given(
    radius=st.floats(4.0, 12.0),
    shift=st.tuples(*[st.floats(-3.0, 3.0)] * 3),
)
def test_a_ball_has_the_volume_of_a_ball(
    radius: float, shift: tuple[float, float, float]
) -> None:
    """Wherever it lies between the voxels."""
    ball = ellipsoid(GRID, shift, (radius, radius, radius))
    volume = float(coverage(ball, GRID.spacing_mm).sum()) * GRID.spacing_mm**3

    assert volume == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.1)


def test_a_tube_reaches_its_radius() -> None:
    """Depth is the radius on the course, 0 at the wall, negative beyond."""
    course = np.array([[-10.0, 0, 0], [10.0, 0, 0]])
    depth = tube(GRID, course, [5.0, 5.0])
    middle = tuple(int(i) for i in GRID.index(np.zeros(3)))

    assert depth[middle] == pytest.approx(5)
    assert depth[middle[0], middle[1], middle[2] + 4] == pytest.approx(-3)


def test_a_window_is_a_grid_at_the_same_places() -> None:
    """Voxels of a part lie where they lay."""
    window = GRID.window((-7.0, -9.0, -3.0), (6.0, 4.0, 11.0))
    part = GRID.part(window)
    whole = np.broadcast_arrays(*GRID.axes())
    own = np.broadcast_arrays(*part.axes())

    for axis in range(3):
        assert np.array_equal(whole[axis][window], own[axis])


def test_a_smooth_field_is_standard_and_smooth() -> None:
    """Mean 0, deviation 1, and neighbours alike."""
    grid = Grid((0.0, 0.0, 0.0), 2.0, (60, 60, 60))
    field = smooth_field(np.random.default_rng(0), grid, 10)

    assert field.std() == pytest.approx(1, abs=0.1)
    assert np.diff(field, axis=0).std() < 0.5


def test_a_curve_passes_through_its_places() -> None:
    """Ends and middle are where they were asked for."""
    places = [(0.0, 0.0, 0.0), (5.0, 1.0, 0.0), (9.0, 4.0, 2.0)]
    line = curve(places, 5)

    assert np.allclose(line[[0, 2, 4]], places)
