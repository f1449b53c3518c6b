"""A scan made anew keeps the tissue and changes the rest."""

from __future__ import annotations

import numpy as np
import pytest

from models.hippocampus.phantom_image import phantom
from models.hippocampus.preprocess import normalise
from models.hippocampus.validation.retest.rescan import Rescan, rescan

STILL = Rescan(0, 0, 0, 0, 0, 0)


def test_equal_seeds_give_equal_scans_and_others_others() -> None:
    """A measured noise can be measured again."""
    image, labels = phantom(1)

    first, again, other = (
        rescan(image, labels, np.random.default_rng(seed)) for seed in (4, 4, 5)
    )

    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_a_scan_that_nothing_disturbs_is_the_scan() -> None:
    """But for its offset and the darkest per cent, which gamma clips."""
    image, labels = phantom(2)

    still = rescan(image, labels, np.random.default_rng(0), STILL)

    assert np.corrcoef(still.ravel(), image.ravel())[0, 1] > 0.999


def test_no_crop_cuts_into_the_hippocampus() -> None:
    """A face that the label reaches only gains; the others lose up to two voxels."""
    labels = np.zeros((8, 9, 10), np.uint8)
    labels[0:6, 1:8, 3:7] = 1
    image = np.random.default_rng(0).normal(size=labels.shape).astype(np.float32)
    cropping = Rescan(0, 0, 0, 0, 0, 2)

    shapes = np.array(
        [
            rescan(image, labels, np.random.default_rng(seed), cropping).shape
            for seed in range(150)
        ]
    )

    # Two more on both faces; fewer by 0 + 2 along d, 1 + 1 along h, 2 + 2 along w.
    assert shapes.max(axis=0).tolist() == [12, 13, 14]
    assert shapes.min(axis=0).tolist() == [6, 7, 6]


@pytest.mark.parametrize("recrop", [0, 2])
def test_the_tissue_stays_in_place_when_the_crop_moves(recrop: int) -> None:
    """A shift is at most half a voxel, wherever the new crop begins."""
    image, labels = phantom(4)
    how = Rescan(0, 0.5, 0, 0, 0, recrop)
    rng = np.random.default_rng(1)

    for _ in range(2):
        seen = normalise(rescan(image, labels, rng, how))
        best = max(
            (
                np.corrcoef(
                    seen[4 + d : 30 + d, 6 + h : 44 + h, 6 + w : 28 + w].ravel(),
                    image[4:30, 6:44, 6:28].ravel(),
                )[0, 1],
                (d, h, w),
            )
            for d in range(-2, 3)
            for h in range(-2, 3)
            for w in range(-2, 3)
        )
        assert best[0] > 0.9
