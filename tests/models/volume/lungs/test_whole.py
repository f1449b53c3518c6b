"""Balls that close and open a mask, and holes within a slice."""

from __future__ import annotations

import numpy as np

from models.volume.lungs.whole import closed, opened, without_holes

STEP = (2.0, 2.0, 2.0)


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


def test_what_is_surrounded_within_its_slice_is_filled() -> None:
    """A hole that leads out through other slices is one all the same."""
    mask = np.ones((3, 9, 9), bool)
    mask[:, 4, 4] = False
    mask[:, :2, 0] = False

    whole = without_holes(mask)

    assert whole[:, 4, 4].all()
    assert not whole[:, :2, 0].any()
