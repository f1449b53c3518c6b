"""What lies beside the lungs does not reach into what is measured in them."""

from __future__ import annotations

import numpy as np
import pytest

from models.chest_ct.zprofile.sampling import lungscape
from models.contract import SeriesInfo, UnfitInput, Volume


def chest(spacing_mm: tuple[float, float, float] = (5.0, 2.0, 2.0)) -> Volume:
    """Return two lungs of -850 HU in a body of 40 HU, 200 x 120 x 120 mm."""
    d, h, w = (
        round(size / step)
        for size, step in zip((200, 120, 240), spacing_mm, strict=True)
    )
    array = np.full((d, h, w), 40.0, np.float32)
    inside = lungs_of(array.shape)
    array[inside > 0] = -850.0
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = *spacing_mm, 1.0
    return Volume(array, affine, "HU", SeriesInfo("1.2", "1.2.3", "CT", ()))


def lungs_of(shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return where the lungs of `chest` lie: right first, as x grows to the left."""
    d, h, w = shape
    labels = np.zeros(shape, np.uint8)
    rows, slices = slice(h // 4, 3 * h // 4), slice(d // 8, 7 * d // 8)
    labels[slices, rows, w // 12 : 5 * w // 12] = 1
    labels[slices, rows, 7 * w // 12 : 11 * w // 12] = 2
    return labels


@pytest.mark.parametrize("spacing_mm", [(5.0, 2.0, 2.0), (1.0, 1.0, 1.0), (10, 0.8, 1)])
def test_no_chest_wall_is_blurred_into_the_lungs(
    spacing_mm: tuple[float, float, float],
) -> None:
    """Every point of them has the density of the lungs, at any spacing."""
    volume = chest(spacing_mm)
    found = lungscape(volume, lungs_of(volume.shape))
    assert {1, 2} <= set(np.unique(found.labels).tolist())
    np.testing.assert_allclose(found.array[found.labels > 0], -850.0, atol=0.1)


def test_right_stays_right_in_a_turned_volume() -> None:
    """Slices to the feet, columns to the right: the grid is that of the patient."""
    volume = chest()
    labels = lungs_of(volume.shape)
    affine = volume.affine.copy()
    affine[:, :3] *= [-1, 1, -1]
    turned = Volume(volume.array[::-1, :, ::-1], affine, "HU", volume.series)
    found = lungscape(turned, labels[::-1, :, ::-1])
    whole = lungscape(volume, labels)
    assert (found.labels == 1).sum() == (whole.labels == 1).sum()
    assert (
        np.nonzero(found.labels == 1)[2].max() < np.nonzero(found.labels == 2)[2].min()
    )


def test_without_lungs_there_is_nothing_to_sample() -> None:
    """It is said by name."""
    volume = chest()
    with pytest.raises(UnfitInput) as refusal:
        lungscape(volume, np.zeros(volume.shape, np.uint8))
    assert refusal.value.reason == "no_lungs"
