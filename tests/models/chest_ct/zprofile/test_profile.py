"""A profile tells the shape and the density of lungs that are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.chest_ct.zprofile.profile import LEVELS, QUANTITIES, LungProfile, measure

SPACING_MM = (5.0, 2.0, 2.0)


def lungs(
    slices: int = 40, right_hu: float = -850.0, left_hu: float = -850.0
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Return two blocks of lung in soft tissue, with five slices free at both ends."""
    labels = np.zeros((slices + 10, 40, 60), np.uint8)
    labels[5:-5, 10:30, 5:25] = 1
    labels[5:-5, 10:30, 35:55] = 2
    array = np.full(labels.shape, 40.0, np.float32)
    array[labels == 1] = right_hu
    array[labels == 2] = left_hu
    return array, labels


def profile_of(
    array: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]
) -> LungProfile:
    """Return the profile, which there is."""
    profile = measure(array, labels, SPACING_MM)
    assert profile is not None
    return profile


def test_even_lungs_have_an_even_profile() -> None:
    """Full area, their own density, nothing dense, both sides alike."""
    profile = profile_of(*lungs())
    assert profile.height_mm == 200.0
    assert set(profile.curves) == set(QUANTITIES)
    np.testing.assert_allclose(profile.curves["area"], 1.0)
    np.testing.assert_allclose(profile.curves["mean_hu"], -850.0)
    for quantity in ("dense", "ground_glass", "emphysema", "area_asymmetry"):
        np.testing.assert_allclose(profile.curves[quantity], 0.0)


def test_the_first_level_is_the_apex() -> None:
    """Slices grow to the head, levels run to the base."""
    array, labels = lungs()
    array[40:45][labels[40:45] > 0] = 0.0
    dense = profile_of(array, labels).curves["dense"]
    assert dense[0] == 1.0
    assert dense[-1] == 0.0
    assert profile_of(array, labels).slices[0] > profile_of(array, labels).slices[-1]


def test_each_density_is_counted_once() -> None:
    """Bounds belong to one kind: shares never add up to more than the lung."""
    array, labels = lungs()
    values = [-1000.0, -950.0, -700.0, -650.0, -400.0, 0.0]
    array[:, 10:30, 5:25] = np.resize(np.array(values, np.float32), 400).reshape(20, 20)
    curves = profile_of(array, labels).curves
    total = curves["dense"] + curves["ground_glass"] + curves["emphysema"]
    assert (total <= 1).all()
    assert curves["emphysema"][5] == pytest.approx(1 / 12, rel=0.1)


def test_a_lung_denser_than_the_other_is_told_by_its_side() -> None:
    """Above 0 where the right is denser, or larger."""
    array, labels = lungs(right_hu=-700.0)
    np.testing.assert_allclose(
        profile_of(array, labels).curves["density_asymmetry"], 150.0
    )
    labels[:, :, 35:45] = 0
    asymmetry = profile_of(array, labels).curves["area_asymmetry"]
    np.testing.assert_allclose(asymmetry, 1 / 3)


@settings(deadline=None, max_examples=20)
@given(st.integers(8, 60))
def test_the_number_of_slices_does_not_matter(slices: int) -> None:
    """Thick slices give the levels of thin ones: a wedge stays a wedge."""
    array, labels = lungs(slices)
    for d in range(slices):
        labels[5 + d, :, 5 + 20 * (slices - d) // slices : 25] = 0
    area = profile_of(array, labels).curves["area"]
    assert area.shape == (LEVELS,)
    assert area[0] < area[-1]
    assert (np.diff(area) >= -1e-9).all()


def test_a_level_without_lung_is_told_by_its_neighbours() -> None:
    """A share of nothing is no number; nothing is divided by nothing."""
    array, labels = lungs()
    labels[20:23] = 0
    for curve in profile_of(array, labels).curves.values():
        assert np.isfinite(curve).all()


@pytest.mark.parametrize("slices", [0, 1])
def test_without_lungs_there_is_no_profile(slices: int) -> None:
    """One slice has no height."""
    array, labels = lungs()
    labels[slices + 5 :] = 0
    labels[:5] = 0
    labels[5 + slices :] = 0
    assert measure(array, labels, SPACING_MM) is None


def test_one_lung_alone_is_measured() -> None:
    """The other was taken out, or is white: its density is not asked for."""
    array, labels = lungs()
    labels[labels == 2] = 0
    profile = profile_of(array, labels)
    np.testing.assert_allclose(profile.curves["area_asymmetry"], 1.0)
    np.testing.assert_allclose(profile.curves["density_asymmetry"], 0.0)
