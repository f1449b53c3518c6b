"""A warp does to a volume exactly what it says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from models.hippocampus.phantom_image import phantom
from models.hippocampus.validation.synthetic_visits.atrophy import atrophy


def ball(radius: float) -> np.ndarray:
    """Return a ball in a crop, its front half anterior."""
    d, h, w = np.indices((36, 40, 36)) - np.array([18, 20, 18]).reshape(3, 1, 1, 1)
    inside = d**2 + h**2 + w**2 <= radius**2
    return np.where(inside, np.where(h > 0, 1, 2), 0).astype(np.uint8)


@pytest.mark.parametrize("ratio", [0.67, 0.9, 1.1])
def test_the_warp_leaves_the_ratio_that_was_asked_for(ratio: float) -> None:
    """Of the whole; the parts follow, and nothing folds."""
    _, labels = phantom(1)

    warp = atrophy(labels, ratio)

    assert warp.ratios["Hippocampus"] == pytest.approx(ratio, abs=1e-3)
    assert warp.ratios["Anterior hippocampus"] == pytest.approx(ratio, abs=0.08)
    assert warp.least_jacobian > 0


@pytest.mark.parametrize("ratio", [0.7, 1.1])
def test_the_truth_agrees_with_an_independent_count(ratio: float) -> None:
    """The same volume from the Jacobian: its integral over the deformed mask.

    The mask after the warp times the backward determinant is the mask before.
    """
    labels = ball(9)
    warp = atrophy(labels, ratio)

    places = np.indices(labels.shape) + warp.field
    after = ndimage.map_coordinates((labels > 0).astype(float), places, order=1)
    rows = np.stack([np.array(np.gradient(part)) for part in warp.field])
    determinant = np.linalg.det(np.moveaxis(rows, (0, 1), (-2, -1)) + np.eye(3))

    assert (after * determinant).sum() == pytest.approx((labels > 0).sum(), rel=0.02)
    assert after.sum() / (labels > 0).sum() == pytest.approx(ratio, rel=0.02)


def test_nothing_moves_far_away() -> None:
    """At the corners of the crop the tissue stays."""
    field = atrophy(ball(6), 0.8).field

    assert np.abs(field[:, 0, 0, 0]).max() < 0.05


def test_what_no_warp_can_do_is_refused() -> None:
    """Rather than a truth that is not one."""
    with pytest.raises(ValueError, match=r"no warp leaves|folds"):
        atrophy(ball(9), 5.0)
