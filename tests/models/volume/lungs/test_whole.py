"""Holes within a slice."""

from __future__ import annotations

import numpy as np

from models.volume.lungs.whole import without_holes


def test_what_is_surrounded_within_its_slice_is_filled() -> None:
    """A hole that leads out through other slices is one all the same."""
    mask = np.ones((3, 9, 9), bool)
    mask[:, 4, 4] = False
    mask[:, :2, 0] = False

    whole = without_holes(mask)

    assert whole[:, 4, 4].all()
    assert not whole[:, :2, 0].any()
