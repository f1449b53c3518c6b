"""Outlines are exact: their areas add up to the mask."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from node.report.contours import area_px, largest_outline, outlines, smooth


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_areas_of_all_outlines_add_up_to_the_mask(seed: int, share: float) -> None:
    """Holes count negative, so that any mask is covered exactly."""
    mask = np.random.default_rng(seed).random((9, 11)) < share

    assert sum(area_px(polygon) for polygon in outlines(mask)) == mask.sum()


def test_largest_outline_is_closed_and_has_corners_only() -> None:
    """A rectangle needs four corners and the first one again."""
    mask = np.zeros((8, 9), bool)
    mask[2:5, 3:8] = True
    mask[7, 0] = True

    outline = largest_outline(mask)

    assert outline is not None
    assert (outline[0] == outline[-1]).all()
    corners = {tuple(point) for point in outline.tolist()}
    assert corners == {(3, 2), (8, 2), (8, 5), (3, 5)}


def test_the_largest_is_the_one_of_most_area() -> None:
    """A long thin piece has more border, and is not the larger one."""
    mask = np.zeros((12, 40), bool)
    mask[0] = True
    mask[4:11, 10:17] = True

    outline = largest_outline(mask)

    assert outline is not None
    assert outline.min(axis=0).tolist() == [10, 4]


def test_a_hole_is_no_largest_outline() -> None:
    """The border of a ring is its outer one."""
    mask = np.ones((7, 7), bool)
    mask[1:6, 1:6] = False

    outline = largest_outline(mask)

    assert outline is not None
    assert outline.max() == 7


def test_an_empty_mask_has_no_outline() -> None:
    """Nothing found is nothing drawn."""
    assert largest_outline(np.zeros((3, 3), bool)) is None


def test_pixels_that_touch_by_a_corner_have_an_outline_each() -> None:
    """A walk never passes from one piece to the next."""
    polygons = outlines(np.eye(3, dtype=bool))

    assert [len(polygon) for polygon in polygons] == [4, 4, 4]


def test_smooth_stays_within_the_mask_borders() -> None:
    """The drawn line runs through the middles of the steps."""
    (polygon,) = outlines(np.ones((2, 2), bool))

    assert smooth(polygon).tolist()[0] == [0.5, 0.0]
    assert len(smooth(polygon)) == 8
