"""How sharp the lungs of a chest are, and bringing them to one sharpness."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from models.chest_ct.preprocess import View, prepare
from models.chest_ct.sharpness import FINE_SD_MM, matched, sharpness
from tests.models.chest_ct.volumes import volume_of

SPACING_MM = (2.5, 1.75, 1.75)
SHAPE = (24, 60, 70)


def texture(seed: int) -> npt.NDArray[np.float64]:
    """Return lungs of blurred noise: structures of all sizes above a point."""
    noise = np.random.default_rng(seed).normal(size=SHAPE)
    drawn = [ndimage.gaussian_filter(noise, sd) * sd**1.5 for sd in (0.7, 1.5, 3.0)]
    return np.asarray(sum(drawn) * 120 - 850)


def enhanced(array: npt.NDArray[np.float64], strength: float) -> npt.NDArray[np.int16]:
    """Raise the edges in the plane as a sharp kernel does; below 0 lower them."""
    sd = FINE_SD_MM / SPACING_MM[1]
    fine = array - ndimage.gaussian_filter(array, (0, sd, sd))
    return np.round(array + strength * fine).astype(np.int16)


def inside() -> npt.NDArray[np.bool_]:
    """Return all points but a border of the image."""
    lungs = np.zeros(SHAPE, np.bool_)
    lungs[3:-3, 6:-6, 6:-6] = True
    return lungs


def test_raised_edges_are_told_and_more_of_everything_is_not() -> None:
    """Twice the contrast is another lung; twice the edges is another kernel."""
    array = texture(0)
    told = [
        sharpness(enhanced(array, each), inside(), SPACING_MM)
        for each in (-0.4, 0.0, 0.4, 0.8)
    ]
    assert all(a is not None and b is not None and a < b for a, b in pairwise(told))
    more = np.round((array + 850) * 2 - 700).astype(np.int16)
    assert sharpness(more, inside(), SPACING_MM) == pytest.approx(told[1], abs=0.01)


@given(seed=st.integers(0, 20), strength=st.floats(-0.15, 0.8))
@settings(max_examples=25, deadline=None)
def test_two_kernels_become_one_image(seed: int, strength: float) -> None:
    """Of one texture with its edges raised, what was raised is taken back."""
    array, lungs = texture(seed), inside()
    plain = enhanced(array, 0.0)
    wanted = sharpness(plain, lungs, SPACING_MM)
    assert wanted is not None

    sharp = enhanced(array, strength)
    back = matched(sharp, lungs, SPACING_MM, wanted)

    assert sharpness(back, lungs, SPACING_MM) == pytest.approx(wanted, abs=0.01)
    before, after = (np.abs(each - plain)[lungs].mean() for each in (sharp, back))
    assert after <= max(0.4 * before, 1.0)  # rounding


def test_an_image_that_is_as_wanted_stays() -> None:
    """Nothing is added to it but rounding."""
    plain, lungs = enhanced(texture(3), 0.0), inside()
    wanted = sharpness(plain, lungs, SPACING_MM)
    assert wanted is not None
    same = matched(plain, lungs, SPACING_MM, wanted)
    assert np.abs(same.astype(int) - plain).max() <= 1


@pytest.mark.parametrize(("raised", "wanted"), [(2.0, 0.5), (-0.6, 1.1)])
def test_no_more_is_changed_than_is_allowed(raised: float, wanted: float) -> None:
    """What cannot be brought to the wanted sharpness comes nearer to it."""
    array, lungs = enhanced(texture(4), raised), inside()
    now = sharpness(array, lungs, SPACING_MM)
    come = sharpness(matched(array, lungs, SPACING_MM, wanted), lungs, SPACING_MM)
    assert now is not None
    assert come is not None
    assert 0.01 < abs(come - wanted) < abs(now - wanted)


def test_too_little_lung_says_nothing() -> None:
    """The image stays, and there is no sharpness of it."""
    array = enhanced(texture(5), 0.5)
    few = np.zeros(SHAPE, np.bool_)
    few[10:14, 20:30, 20:30] = True
    assert sharpness(array, few, SPACING_MM) is None
    assert matched(array, few, SPACING_MM, 0.6) is array


def test_a_flat_lung_says_nothing() -> None:
    """Neither band has any energy."""
    flat = np.full(SHAPE, -850, np.int16)
    assert sharpness(flat, inside(), SPACING_MM) is None
    assert (matched(flat, inside(), SPACING_MM, 0.6) == flat).all()


def test_a_view_states_how_sharp_a_chest_is_seen() -> None:
    """Two kernels are prepared alike where the view asks for it."""
    view = View(
        spacing_mm=SPACING_MM,
        fwhm_mm=(2.5, 1.75, 1.75),
        margin_mm=0,
        sharpness=0.7,
        windows_hu=((-1000, -500),),
        field=(32, 64, 80),
    )
    lungs = inside().astype(np.uint8)
    array = texture(6)
    soft, sharp = (
        volume_of(enhanced(array, strength), SPACING_MM, (0.0, 0.0, 0.0))
        for strength in (0.0, 0.7)
    )
    as_it_is = view.model_copy(update={"sharpness": 0.0})

    def differ(view: View) -> float:
        one, other = (prepare(each, lungs, view) for each in (soft, sharp))
        return float(np.abs(one.hu.astype(int) - other.hu)[one.lungs].mean())

    assert differ(view) < 0.4 * differ(as_it_is)
