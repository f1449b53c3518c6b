"""Every perturbation does what its name says, repeatably, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from models.hippocampus.phantom_image import phantom
from models.hippocampus.preprocess import normalise
from models.hippocampus.validation.robustness import perturbations as p
from models.hippocampus.validation.robustness.suite import SUITE, Entry
from models.hippocampus.validation.robustness.trial import onto

RNG = np.random.default_rng


@pytest.fixture(scope="module")
def shown() -> p.Scene:
    """Return a phantom with its truth."""
    image, truth = phantom(1)
    return p.scene(normalise(image), truth)


@pytest.mark.parametrize("entry", SUITE, ids=lambda entry: entry.key)
def test_equal_names_give_equal_bytes_and_the_source_stays(
    shown: p.Scene, entry: Entry
) -> None:
    """The generator is seeded by perturbation and case; nothing is changed in place."""
    before = shown.image.copy()

    once, again = (entry.scene(shown, "hippocampus_001") for _ in range(2))

    assert once.image.dtype == np.float32
    assert np.array_equal(once.image, again.image)
    assert np.array_equal(once.affine, again.affine)
    assert np.array_equal(shown.image, before)


def test_the_rows_of_the_table_have_names_of_their_own() -> None:
    """And random ones differ between cases."""
    keys = [entry.key for entry in SUITE]
    assert len(keys) == len(set(keys))
    assert keys[0] == "as it is"


def test_random_perturbations_differ_between_cases(shown: p.Scene) -> None:
    """Otherwise a table over many cases would be one draw."""
    entry = Entry("noise {:g}", p.noise, 0.5)

    one, other = (entry.scene(shown, name).image for name in ("a", "b"))

    assert not np.array_equal(one, other)


@pytest.mark.parametrize("index", range(48))
def test_stored_otherwise_the_same_voxels_lie_where_they_lay(
    shown: p.Scene, index: int
) -> None:
    """The labels of the stored image, mapped back by affines, are the truth."""
    order, signs = p.ORIENTATIONS[index]
    image = shown.truth.astype(np.float32)
    labelled = p.Scene(image, shown.affine, shown.truth, shown.truth_affine)

    turned = p.reordered(labelled, order, signs)

    assert np.array_equal(onto(turned.image.astype(np.uint8), turned), shown.truth)


@pytest.mark.parametrize(("mm", "least"), [(0.8, 0.95), (1.5, 0.85)])
def test_another_spacing_keeps_the_anatomy_in_place(
    shown: p.Scene, mm: float, least: float
) -> None:
    """Mapped back, a resampled mask covers the original one."""
    mask = (shown.truth > 0).astype(np.float32)
    labelled = p.Scene(mask, shown.affine, shown.truth, shown.truth_affine)

    sampled = p.isotropic(labelled, mm, RNG(0))

    back = onto((sampled.image > 0.5).astype(np.uint8), sampled)
    overlap = 2 * (back * mask).sum() / (back.sum() + mask.sum())
    assert overlap > least


@pytest.mark.parametrize("seed", range(6))
def test_a_moved_field_takes_its_affine_along(shown: p.Scene, seed: int) -> None:
    """What is still in the field lies where it lay."""
    labelled = p.Scene(
        shown.truth.astype(np.float32), shown.affine, shown.truth, shown.truth_affine
    )

    moved = p.shifted(labelled, 3, RNG(seed))

    back = onto(moved.image.astype(np.uint8), moved)
    inside = back > 0
    assert inside.any()
    assert np.array_equal(back[inside], shown.truth[inside])


def test_monotone_and_inverted_contrast(shown: p.Scene) -> None:
    """Gamma keeps the order of the intensities; inversion turns it round."""
    order = shown.image.argsort(axis=None, kind="stable")

    bent = p.gamma(shown, 1.7, RNG(0)).image
    turned = p.inverted(shown, 0, RNG(0)).image

    assert (np.diff(bent.flat[order]) >= 0).all()
    assert (np.diff(turned.flat[order]) <= 0).all()


def test_amplitudes_are_as_stated(shown: p.Scene) -> None:
    """Noise in deviations of the crop, the slope of a bias field in its factor."""
    added = p.noise(shown, 0.5, RNG(0)).image - shown.image
    assert added.std() == pytest.approx(0.5, rel=0.02)

    factor = p.bias_field(shown, 0.5, RNG(0)).image
    factor = factor / (shown.image - shown.image.min() + 1e-6)
    assert np.percentile(factor, [1, 99]) == pytest.approx([0.6, 1.4], abs=0.1)


def test_ghosts_come_back_along_one_axis(shown: p.Scene) -> None:
    """A single bright voxel leaves copies on its line, and none elsewhere."""
    image = np.zeros((16, 16, 16), np.float32)
    image[4, 4, 4] = 1
    point = p.Scene(image, shown.affine, shown.truth, shown.truth_affine)

    ghosted = p.ghosting(point, 0.5, RNG(0)).image

    places = np.argwhere(np.abs(ghosted) > 0.01)
    assert len(places) > 1
    assert sum(len(set(column)) > 1 for column in places.T) == 1


def test_the_other_hand_has_its_truth_mirrored_too(shown: p.Scene) -> None:
    """Only the header stays as it was."""
    other = p.mirrored(shown, 0, RNG(0))

    assert np.array_equal(other.truth[:, :, ::-1], shown.truth)
    assert np.array_equal(other.affine, shown.affine)


def test_without_anatomy_the_intensities_are_those_of_the_case(shown: p.Scene) -> None:
    """A histogram alone must not look like a brain."""
    image = p.no_anatomy(shown, 0, RNG(0)).image

    assert np.array_equal(np.sort(image, axis=None), np.sort(shown.image, axis=None))


def test_a_cut_field_is_smaller_and_a_constant_one_is_constant(shown: p.Scene) -> None:
    """Half of the rows go; every voxel takes the value."""
    assert p.cut_off(shown, 0.5, RNG(0)).image.shape == (36, 25, 35)
    assert set(np.unique(p.constant(shown, 7, RNG(0)).image)) == {7.0}
