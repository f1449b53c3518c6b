"""From a source grid to the network's and back, exactly."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from models.hippocampus.grid import MIRRORED_AXES, Grid
from models.hippocampus.preprocess import fill_window, normalise, windows

LPS = np.array([[0.0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
"""Slices to the head, rows to the back, columns to the left, 1 mm."""


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Return probabilities ``(3, D, H, W)`` that are certain."""
    return np.stack([labels == k for k in range(3)]).astype(np.float32)


def test_lps_is_turned_in_the_plane() -> None:
    """An axial LPS crop becomes RAS by reversing rows and columns."""
    array = np.arange(24.0).reshape(2, 3, 4)

    crop = Grid.of((2, 3, 4), LPS, 1.0).to_network(array)

    assert np.array_equal(crop, array[:, ::-1, ::-1])


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("signs", list(product((1, -1), repeat=3)))
def test_labels_come_back_to_the_voxels_they_came_from(
    order: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    """In all 48 axis orders and directions, with nothing interpolated."""
    labels = np.random.default_rng(0).integers(0, 3, (4, 5, 6)).astype(np.uint8)
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[:, list(order)] * signs
    grid = Grid.of((4, 5, 6), affine, 1.0)

    there = grid.to_network(labels).astype(np.uint8)

    assert np.array_equal(grid.to_source(grid.to_labels(one_hot(there))), labels)


@pytest.mark.parametrize("spacing_mm", [1.0, 0.8])
def test_a_mirrored_volume_looks_to_the_network_as_the_straight_one(
    spacing_mm: float,
) -> None:
    """To the last bit, resampled or not, and labels come back to their voxels."""
    image = np.random.default_rng(0).normal(size=(9, 10, 11)).astype(np.float32)
    affine = LPS * [1.0, 1.0, spacing_mm, 1.0]
    straight = Grid.of(image.shape, affine, 1.0)
    mirrored = Grid.of(image.shape, affine, 1.0, MIRRORED_AXES)

    crop = straight.to_network(image)

    assert np.array_equal(mirrored.to_network(image[..., ::-1]), crop)
    chances = np.stack([crop * 0, crop, -crop])
    there, back = (g.to_source(g.to_labels(chances)) for g in (straight, mirrored))
    assert np.array_equal(back[..., ::-1], there)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_network_sees_one_layout_in_memory(order: tuple[int, ...]) -> None:
    """Sums run in the order of memory: it is the network's, not the source's."""
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4).transpose(order)
    affine = np.eye(4)

    grid = Grid.of((array.shape[0], array.shape[1], array.shape[2]), affine, 1.0)

    assert grid.to_network(array).flags.c_contiguous


def test_noise_of_summed_positions_moves_no_voxel() -> None:
    """A spacing that differs in the twelfth digit is the same spacing."""
    affine = LPS.copy()
    affine[:3, :3] *= (1.25, 0.8, 0.9)
    noisy = affine.copy()
    noisy[:3, :3] *= 1 + 1e-12

    assert Grid.of((4, 5, 6), noisy, 1.0) == Grid.of((4, 5, 6), affine, 1.0)


def test_other_spacings_keep_place_and_volume() -> None:
    """A ball in 0.5 x 0.8 x 2 mm voxels comes back where it was, as large."""
    spacing = np.array([2.0, 0.8, 0.5])
    shape = (18, 50, 70)
    index = np.indices(shape).astype(float)
    middle = (np.array(shape)[:, None, None, None] - 1) / 2
    distance = np.sqrt((((index - middle) * spacing[:, None, None, None]) ** 2).sum(0))
    ball = (distance < 10).astype(np.uint8)
    affine = LPS.copy()
    affine[:3, :3] *= spacing
    grid = Grid.of(shape, affine, 1.0)

    crop = grid.to_network(ball)
    back = grid.to_source(grid.to_labels(np.stack([1 - crop, crop])))

    assert crop.shape == (36, 40, 35)
    assert float(crop.sum()) == pytest.approx(ball.sum() * spacing.prod(), rel=0.02)
    assert back.shape == shape
    assert 2 * (back & ball).sum() / (back.sum() + ball.sum()) > 0.95


@pytest.mark.parametrize("shape", [(36, 50, 35), (47, 59, 43), (130, 56, 10)])
def test_windows_cover_every_voxel_at_the_training_size(
    shape: tuple[int, int, int],
) -> None:
    """Each window is as large as while training, once its border is repeated."""
    seen = np.zeros(shape, bool)
    for place in windows(shape, (40, 56, 40)):
        field, inner = fill_window(np.zeros(shape, np.float32)[place], (40, 56, 40))
        seen[place] = True

        assert field.shape == (40, 56, 40)
        assert field[inner].shape == seen[place].shape

    assert seen.all()


def test_a_constant_image_cannot_be_normalised() -> None:
    """Dividing by nothing is an error, not a picture of NaN."""
    with pytest.raises(ValueError, match="constant"):
        normalise(np.full((3, 3, 3), 7.0))
