"""One grid and one sharpness, whatever scanned the chest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.chest_ct.harmonise import FWHM_PER_SD, Lattice, harmonise
from models.terms import Vector
from tests.models.chest_ct.volumes import AXIAL, volume_of, whole

SPACING = (3.0, 2.0, 2.0)
FWHM = (5.0, 3.5, 3.5)


def blob(
    spacing_mm: Vector, origin_mm: Vector, centre_mm: Vector
) -> npt.NDArray[np.float64]:
    """Return 60 mm of a Gaussian of 10 mm width around a place in the patient."""
    counts = [round(60 / step) for step in spacing_mm]
    x0, y0, z0 = origin_mm
    lines = [
        first + step * np.arange(count) - centre
        for first, step, count, centre in zip(
            (z0, y0, x0), spacing_mm, counts, centre_mm[::-1], strict=True
        )
    ]
    z, y, x = np.meshgrid(*lines, indexing="ij")
    return np.asarray(1000 * np.exp(-(x**2 + y**2 + z**2) / 2 / 10**2) - 900)


def test_a_uniform_chest_stays_what_it_is() -> None:
    """The weights of every point are 1 in sum, at the border as well."""
    volume = volume_of(np.full((20, 30, 40), -850.0), (2.5, 0.8, 0.8))

    found = harmonise(volume, whole(volume), SPACING, FWHM)

    np.testing.assert_allclose(found.array, -850, atol=0.01)


@given(
    shift=st.tuples(*[st.floats(-40, 40)] * 3),
    spacing=st.tuples(st.floats(0.6, 5), st.floats(0.5, 1.2), st.floats(0.5, 1.2)),
)
@settings(max_examples=20, deadline=None)
def test_a_place_in_the_patient_keeps_its_place(shift: Vector, spacing: Vector) -> None:
    """The brightest point of the result lies where the blob was put, to half a step."""
    centre = (shift[0] + 30, shift[1] + 30, shift[2] + 30)
    volume = volume_of(blob(spacing, shift, centre), spacing, shift)

    found = harmonise(volume, whole(volume), SPACING, FWHM)

    index = np.unravel_index(found.array.argmax(), found.array.shape)
    place = found.affine @ [*index, 1]
    assert np.abs(place[:3] - centre).max() <= 1.6


@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (-1, -1, -1)])
def test_the_result_does_not_depend_on_how_the_array_is_stored(
    flips: tuple[int, int, int],
) -> None:
    """Feet first, prone, mirrored storage: the same points of the patient."""
    generator = np.random.default_rng(0)
    array = generator.normal(-500, 200, (20, 24, 28))
    straight = volume_of(array, (2.0, 1.0, 1.0), (-3.0, 5.0, 11.0))
    ends = [(n - 1) * (flip < 0) for n, flip in zip(array.shape, flips, strict=True)]
    origin = (straight.affine @ [*ends, 1])[:3]
    turned = volume_of(
        array[:: flips[0], :: flips[1], :: flips[2]],
        (2.0, 1.0, 1.0),
        tuple(origin),
        AXIAL * np.array(flips),
    )

    one = harmonise(straight, whole(straight), SPACING, FWHM)
    other = harmonise(turned, whole(turned), SPACING, FWHM)

    np.testing.assert_allclose(one.affine, other.affine, atol=1e-9)
    np.testing.assert_allclose(one.array, other.array, atol=0.05)


def test_points_are_those_of_the_patient_and_not_of_the_box() -> None:
    """A box that begins a voxel later gives the same points, fewer of them."""
    array = np.random.default_rng(1).normal(-700, 100, (30, 40, 40))
    volume = volume_of(array, (1.0, 1.0, 1.0), (0.3, 0.4, 0.1))
    later = (slice(7, 30), slice(5, 40), slice(3, 40))

    one = Lattice.over(volume, whole(volume), SPACING)
    other = Lattice.over(volume, later, SPACING)

    for all_points, some in zip(one.points_mm, other.points_mm, strict=True):
        assert set(some) < set(all_points)


def test_sharp_and_soft_images_become_equally_sharp() -> None:
    """Half the width of an edge is gone in one, nothing in the other, before it."""
    fine = np.zeros((4, 96, 96))
    fine[:, :, 48:] = 1000.0
    sharp = volume_of(fine, (5.0, 0.5, 0.5))
    coarse = volume_of(fine.reshape(4, 48, 2, 48, 2).mean((2, 4)), (5.0, 1.0, 1.0))

    edges = [
        harmonise(each, whole(each), SPACING, FWHM).array[0, 10]
        for each in (sharp, coarse)
    ]

    np.testing.assert_allclose(edges[0][2:-2], edges[1][2:-2], atol=130)
    assert np.ptp(np.diff(edges[0])) < 600  # the step itself was smoothed


def test_the_spread_of_a_point_is_the_one_that_was_asked_for() -> None:
    """Measured as a second moment, in the plane and along the body."""
    array = np.zeros((61, 121, 121))
    array[30, 60, 60] = 1e6 / 400  # RANGE_HU is not left
    volume = volume_of(array, (1.0, 0.5, 0.5))

    found = harmonise(volume, whole(volume), (1.0, 0.5, 0.5), FWHM).array

    for axis, (step, width) in enumerate(zip((1.0, 0.5, 0.5), FWHM, strict=True)):
        line = found.sum(axis=tuple({0, 1, 2} - {axis})).astype(np.float64)
        places = step * np.arange(len(line))
        mean = (line * places).sum() / line.sum()
        sd = np.sqrt((line * (places - mean) ** 2).sum() / line.sum())
        assert sd * FWHM_PER_SD == pytest.approx(width, rel=0.1)


def test_what_is_outside_the_field_of_view_is_air() -> None:
    """Padding of -2000 pulls nothing below air, and metal does not blind."""
    array = np.full((8, 20, 20), -2000.0)
    volume = volume_of(array, (3.0, 2.0, 2.0))

    assert harmonise(volume, whole(volume), SPACING, FWHM).array.min() >= -1024.01


def test_a_mask_becomes_shares_of_the_same_amount() -> None:
    """The volume of a mask in the result is that of the source, to 3 %."""
    mask = np.zeros((30, 60, 60), bool)
    mask[8:20, 20:44, 13:50] = True
    volume = volume_of(np.zeros(mask.shape), (2.5, 0.9, 0.9))
    lattice = Lattice.over(volume, whole(volume), SPACING)

    share = lattice.share(mask)

    assert share.max() <= 1.001
    source_mm3 = mask.sum() * volume.voxel_mm3
    assert share.sum() * np.prod(SPACING) == pytest.approx(source_mm3, rel=0.03)


def test_a_single_slice_of_a_box_has_a_point() -> None:
    """A box that holds no multiple of the spacing is represented by the nearest."""
    volume = volume_of(np.full((1, 1, 1), 40.0), (1.0, 1.0, 1.0), (0.9, 0.9, 1.4))

    found = harmonise(volume, whole(volume), SPACING, FWHM)

    assert found.array.shape == (1, 1, 1)
    assert found.array[0, 0, 0] == pytest.approx(40)
