"""Overlap, surface distance and intervals on shapes whose answer is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import cKDTree
from skimage import measure

from models.training.metrics import (
    Mask,
    Spacing,
    bootstrap_mean,
    dice,
    hd95_mm,
    jaccard,
    surface_dice,
    volume_bias,
)

masks = arrays(np.bool_, (5, 6, 4))
spacings = st.tuples(*[st.sampled_from([0.5, 1.0, 1.7, 3.0])] * 3)


def cube(shift: int = 0) -> Mask:
    """Return a cube of 4 voxels, moved along the first axis."""
    mask = np.zeros((16, 12, 12), bool)
    mask[4 + shift : 8 + shift, 4:8, 4:8] = True
    return mask


def slab(axis: int, shift: int = 0) -> Mask:
    """Return a wide slab across an axis, 8 voxels thick, moved along the axis."""
    mask = np.zeros((50, 50, 20), bool)
    mask[1:-1, 1:-1, 4 + shift : 12 + shift] = True
    return np.moveaxis(mask, 2, axis)


def ball(radius_mm: float, spacing_mm: Spacing, shift_mm: float = 0.0) -> Mask:
    """Return a ball in a box of 24 mm, moved along the first axis."""
    axes = [np.arange(round(24 / s)) * s - 12 + s / 2 for s in spacing_mm]
    d, h, w = np.meshgrid(*axes, indexing="ij")
    inside: Mask = (d - shift_mm) ** 2 + h**2 + w**2 <= radius_mm**2
    return inside


def share_of_sphere(radius: float, shift: float, tolerance: float) -> float:
    """Return which share of a sphere is near the same sphere, moved: by calculus.

    A point at angle θ to the shift has the distance
    ``|√(r² + s² - 2rs·cos θ) - r|``, and area is uniform in cos θ.
    """
    far, near = (
        (radius**2 + shift**2 - edge**2) / (2 * radius * shift)
        for edge in (radius + tolerance, radius - tolerance)
    )
    return float((np.clip(near, -1, 1) - np.clip(far, -1, 1)) / 2)


def surface_dice_by_triangles(
    one: Mask, other: Mask, spacing_mm: Spacing, tolerance_mm: float
) -> float:
    """Return surface Dice from whole meshes, sorted into blocks, and search trees."""
    places, areas = [], []
    for mask in (one, other):
        volume = np.pad(mask, 1).astype(float)
        vertices, faces, _, _ = measure.marching_cubes(volume, 0.5)  # type: ignore[no-untyped-call]  # skimage
        corners: npt.NDArray[np.float64] = vertices[faces]  # (triangles, 3, 3)
        block = np.floor(corners.mean(axis=1))
        sides = (corners[:, 1:] - corners[:, :1]) * spacing_mm
        area = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1) / 2
        found, which = np.unique(block, axis=0, return_inverse=True)
        places.append((found + 0.5) * spacing_mm)
        areas.append(np.bincount(which.ravel(), area))
    near = sum(
        areas[k][cKDTree(places[1 - k]).query(places[k])[0] <= tolerance_mm].sum()
        for k in (0, 1)
    )
    return float(near / (areas[0].sum() + areas[1].sum()))


def test_dice_counts_the_shared_half() -> None:
    """Moved by half its length a cube shares one half; nothing equals nothing."""
    assert dice(cube(), cube()) == 1
    assert dice(cube(), cube(2)) == 0.5
    assert dice(cube(), cube(6)) == 0
    assert dice(cube() & False, cube() & False) == 1


def test_surface_distance_is_in_millimetres() -> None:
    """A shift of two voxels of 1.5 mm is 3 mm."""
    assert hd95_mm(cube(), cube(), (1.5, 1, 1)) == 0
    assert hd95_mm(cube(), cube(2), (1.5, 1, 1)) == 3
    assert hd95_mm(cube(), cube() & False, (1, 1, 1)) == float("inf")


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("voxels", [1, 2, 3])
def test_a_plane_moved_by_so_many_millimetres_is_that_far_away(
    axis: int, voxels: int
) -> None:
    """Whatever the axis and its spacing."""
    spacing = (0.7, 1.1, 1.6)

    distance = hd95_mm(slab(axis), slab(axis, voxels), spacing)

    assert distance == pytest.approx(voxels * spacing[axis])


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_planes_within_the_tolerance_agree_and_beyond_it_do_not(axis: int) -> None:
    """0.9 mm agree; a voxel more leaves only the narrow sides of the slab."""
    spacing = [1.0, 1.0, 1.0]
    spacing[axis] = 0.9

    near = surface_dice(slab(axis), slab(axis, 1), (spacing[0], spacing[1], spacing[2]))
    far = surface_dice(slab(axis), slab(axis, 2), (spacing[0], spacing[1], spacing[2]))

    assert near == pytest.approx(1)
    assert far < 0.3


@pytest.mark.parametrize("shift_mm", [1.5, 2.4])
def test_moved_spheres_tend_to_what_calculus_says(shift_mm: float) -> None:
    """Finer voxels come nearer to the share of smooth spheres, from above."""
    over = []
    for size in (0.6, 0.25):
        spacing = (size, size, size)
        one, other = ball(8, spacing), ball(8, spacing, shift_mm)
        share = share_of_sphere(8, shift_mm, 1.0)
        over.append(surface_dice(one, other, spacing) - share)

    assert 0 < over[1] < 0.11
    assert over[1] < over[0] < 0.17


def test_spheres_inside_one_another_are_near_or_far() -> None:
    """Radii that differ by less than the tolerance, and by more."""
    spacing = (0.5, 0.5, 0.5)

    assert surface_dice(ball(8, spacing), ball(7.5, spacing), spacing) > 0.99
    assert surface_dice(ball(8, spacing), ball(6, spacing), spacing) == 0


def test_elements_agree_with_meshes_on_a_crooked_shape() -> None:
    """Two bitten balls: no table, no distance transform, another order of work."""
    spacing = (1.2, 0.8, 1.0)
    bite, hole = ball(7, spacing, 9.0), ball(4, spacing, -8.0)
    one = ball(9, spacing) & ~bite
    other = ball(9, spacing, 1.2) & ~hole

    found = surface_dice(one, other, spacing)

    assert 0.2 < found < 0.9
    assert found == pytest.approx(
        surface_dice_by_triangles(one, other, spacing, 1.0), abs=0.004
    )


@settings(max_examples=25)
@given(masks, masks, spacings)
def test_neither_mask_comes_first(one: Mask, other: Mask, spacing: Spacing) -> None:
    """Overlap and distances are symmetric, bounded, and perfect for equal masks."""
    for metric in (dice, jaccard):
        assert metric(one, other) == metric(other, one)
        assert metric(one, one) == 1
    assert hd95_mm(one, other, spacing) == hd95_mm(other, one, spacing)
    assert hd95_mm(one, one, spacing) == 0
    shared = surface_dice(one, other, spacing)
    assert shared == pytest.approx(surface_dice(other, one, spacing))
    assert 0 <= shared <= 1
    assert surface_dice(one, one, spacing) == pytest.approx(1)
    overlap = dice(one, other)
    assert jaccard(one, other) == pytest.approx(overlap / (2 - overlap))


@settings(max_examples=20)
@given(masks, masks, spacings)
def test_twice_the_spacing_is_twice_the_distance(
    one: Mask, other: Mask, spacing: Spacing
) -> None:
    """And surface Dice is the same at twice the tolerance."""
    d, h, w = spacing
    wide = (2 * d, 2 * h, 2 * w)

    assert hd95_mm(one, other, wide) == pytest.approx(2 * hd95_mm(one, other, spacing))
    assert surface_dice(one, other, wide, 2.0) == pytest.approx(
        surface_dice(one, other, spacing, 1.0)
    )


def test_a_missed_structure_shares_no_surface() -> None:
    """Found in vain or not found: nothing is near."""
    assert surface_dice(cube(), cube() & False, (1, 1, 1)) == 0
    assert surface_dice(cube() & False, cube(), (1, 1, 1)) == 0


def test_bias_has_a_sign_and_needs_something_true() -> None:
    """Half as much again is +0.5, nothing found is -1."""
    large = cube() | cube(2)
    assert volume_bias(large, cube()) == 0.5
    assert volume_bias(cube() & False, cube()) == -1
    with pytest.raises(ValueError, match="empty"):
        volume_bias(cube(), cube() & False)


def test_subjects_are_drawn_not_cases() -> None:
    """Repeating the cases of each subject makes the interval no narrower."""
    rng = np.random.default_rng(0)
    once = {str(n): [value] for n, value in enumerate(rng.normal(0.9, 0.02, 30))}
    twice = {subject: values * 5 for subject, values in once.items()}

    narrow, wide = bootstrap_mean(twice), bootstrap_mean(once)

    assert narrow == pytest.approx(wide)
    assert wide["low"] < wide["mean"] < wide["high"]
