"""Air that a small field of view cuts open is a lung's all the same."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from models.contract import Volume
from models.volume.lungs import Lungs, find_lungs
from models.volume.lungs.air import find_air
from models.volume.lungs.grid import coarsen
from tests.models.volume.lungs.made import array, chest, lung

PADDING = (-3024.0, -2000.0, -1024.0)


def circle(radius: float) -> npt.NDArray[np.bool_]:
    """Return the pixels of a slice within a circle; the radius in pixels."""
    rows, columns = array().shape[1:]
    y, x = np.ogrid[:rows, :columns]
    found: npt.NDArray[np.bool_] = (
        np.hypot(y - (rows - 1) / 2, x - (columns - 1) / 2) <= radius
    )
    return found


def cutting(share: float) -> npt.NDArray[np.bool_]:
    """Return the largest circle that leaves out so much of the lungs."""
    lungs = lung(1) | lung(2)
    for radius in range(array().shape[2], 0, -1):
        within = circle(radius)
        if (lungs & ~within).sum() > share * lungs.sum():
            return within
    raise AssertionError("no circle cuts so much off")


def codes(found: Lungs) -> list[str]:
    """Return the codes of the flags."""
    return [flag.code for flag in found.flags]


@pytest.mark.parametrize("padding", PADDING)
def test_lungs_that_the_field_of_view_cuts_are_kept(padding: float) -> None:
    """Beyond a circle there is padding: what lies within is found, and it is said."""
    within = cutting(0.02)
    changed = array()
    changed[:, ~within] = padding
    seen = (lung(1) | lung(2)) & within

    found = find_lungs(chest(changed))

    assert (found.labels[seen] > 0).mean() > 0.95
    assert codes(found) == ["lungs_touch_edge"]
    assert not (found.labels[:, ~circle(np.sqrt(within.sum() / np.pi) + 4)] > 0).any()


def test_lungs_that_the_edge_of_the_images_cuts_are_kept() -> None:
    """Columns are missing, with a piece of the right lung."""
    lost = int(np.argwhere(lung(1))[:, 2].min()) + 6
    whole = chest()
    affine = whole.affine.copy()
    affine[:3, 3] += affine[:3, 2] * lost
    cropped = Volume(array()[:, :, lost:].copy(), affine, "HU", whole.series)

    found = find_lungs(cropped)

    assert (found.labels[lung(1)[:, :, lost:]] > 0).mean() > 0.95
    assert codes(found) == ["lungs_touch_edge"]


@pytest.mark.parametrize("padding", PADDING)
def test_a_circle_that_cuts_no_lung_changes_none(padding: float) -> None:
    """Padding around the body is air around the body."""
    within = cutting(0.0)
    changed = array()
    changed[:, ~circle(np.sqrt(within.sum() / np.pi) + 4)] = padding

    assert codes(find_lungs(chest(changed))) == []


def test_the_room_is_not_in_the_body() -> None:
    """Air around a whole body stays around it, noise or none."""
    for noise in (0.0, 30.0):
        changed = array()
        room = changed < -950
        changed[room] += np.random.default_rng(0).normal(0, noise, int(room.sum()))
        air = find_air(coarsen(chest(changed)))
        assert not air.inside[:, 0].any()
        assert not air.inside[:, :, 0].any()


def test_a_lung_of_gas_alone_is_flagged() -> None:
    """A pneumothorax without a vessel in it, although the other lung has them."""
    changed = array()
    side = lung(1)
    changed[side] = np.random.default_rng(0).normal(-1000, 15, int(side.sum()))

    assert "gas_in_lungs" in codes(find_lungs(chest(changed)))
