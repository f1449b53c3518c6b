"""From a volume and its lungs to what a network sees."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.chest_ct.kinds import Kind
from models.chest_ct.preprocess import (
    Prepared,
    View,
    box_around,
    common_field,
    field_of,
    placed,
    prepare,
    whole,
)
from models.contract import UnfitInput, Volume
from tests.models.chest_ct.volumes import volume_of

VIEW = View(
    spacing_mm=(4, 3, 3),
    fwhm_mm=(5, 4, 4),
    margin_mm=6,
    windows_hu=((-1000, -500), (-500, 200), (-160, 240)),
    field=(32, 32, 48),
)


def chest() -> tuple[Volume, npt.NDArray[np.uint8]]:
    """Return a block of tissue with two blocks of air, and the lungs."""
    lungs = np.zeros((24, 60, 80), np.uint8)
    lungs[4:20, 15:45, 8:36] = 1
    lungs[4:20, 15:45, 44:72] = 2
    array = np.where(lungs > 0, -860, 40)
    return volume_of(array, (3.0, 1.5, 1.5), (-60.0, -45.0, 1100.0)), lungs


def test_air_is_inside_and_tissue_is_around() -> None:
    """The box of the lungs with the margin, at the densities of the volume."""
    volume, lungs = chest()

    seen = prepare(volume, lungs, VIEW)

    assert seen.hu[seen.lungs].mean() < -700
    assert seen.hu[0].min() > -100  # the margin above
    share = seen.lungs.mean() * seen.lungs.size * 36 / (lungs > 0).sum() / 6.75
    assert share == pytest.approx(1, abs=0.08)
    assert not seen.truth.any()
    assert seen.sides[10, 10, 10] == 1
    assert seen.sides[10, 10, -10] == 2


def test_a_small_finding_keeps_a_point_of_its_kind() -> None:
    """One voxel of 7 mm³ among points of 36 mm³."""
    volume, lungs = chest()
    truth = np.zeros_like(lungs)
    truth[10, 30, 20] = Kind.NODULE
    truth[12:18, 20:40, 50:70] = Kind.CONSOLIDATION

    seen = prepare(volume, lungs, VIEW, truth)

    place = np.argwhere(seen.truth == Kind.NODULE).mean(axis=0)
    voxel = np.linalg.inv(volume.affine) @ seen.affine @ [*place, 1]
    assert np.abs((voxel[:3] - (10, 30, 20)) * volume.spacing_mm).max() <= 2.5
    cubic_mm = (seen.truth == Kind.CONSOLIDATION).sum() * 36
    assert cubic_mm == pytest.approx((truth == 2).sum() * 6.75, rel=0.4)
    assert (seen.lungs & (seen.truth > 0)).any()  # two facts of one point


def test_without_lungs_there_is_nothing_to_see() -> None:
    """It is refused by name."""
    volume, lungs = chest()
    with pytest.raises(UnfitInput, match="no lungs") as refused:
        prepare(volume, np.zeros_like(lungs), VIEW)
    assert refused.value.reason == "no_lungs"


def test_the_box_ends_where_the_volume_ends() -> None:
    """A margin does not reach out of the images."""
    mask = np.zeros((10, 20, 30), np.bool_)
    mask[0:3, 5, 28] = True
    assert box_around(mask, (2.0, 1.0, 1.0), 4.0) == (
        slice(0, 5),
        slice(1, 10),
        slice(24, 30),
    )


@given(
    edges=st.tuples(*[st.integers(16, 60)] * 3),
    shift=st.tuples(*[st.integers(-5, 5)] * 3),
)
@settings(max_examples=25, deadline=None)
def test_a_placed_chest_stays_where_it_is_in_the_patient(
    edges: tuple[int, int, int], shift: tuple[int, int, int]
) -> None:
    """The field is larger or smaller than the chest, moved or not."""
    volume, lungs = chest()
    seen = prepare(volume, lungs, VIEW)

    field = placed(seen, edges, shift)

    there = np.argwhere(field.lungs)
    if not len(there):
        return
    index = there[len(there) // 2]
    place = field.affine @ [*index, 1]
    source = np.round(np.linalg.inv(seen.affine) @ place)[:3].astype(int)
    assert field.hu[tuple(index)] == seen.hu[tuple(source)]
    assert seen.lungs[tuple(source)]


def test_a_field_holds_what_it_is_for() -> None:
    """Of one chest all; of a batch as much as the training allows."""
    assert field_of((33, 20, 49)) == (48, 32, 64)
    several = [(33, 20, 49), (16, 40, 70)]
    assert common_field(several, (64, 32, 96)) == (48, 32, 80)


@given(
    cut=st.tuples(*[st.integers(0, 3)] * 3),
    steps=st.tuples(*[st.sampled_from([1, 4, 16])] * 3),
)
@settings(max_examples=25, deadline=None)
def test_a_whole_chest_lies_in_the_same_cells_wherever_its_box_begins(
    cut: tuple[int, int, int], steps: tuple[int, int, int]
) -> None:
    """Two reconstructions of one scan have lungs that begin a point apart."""
    volume, lungs = chest()
    seen = prepare(volume, lungs, VIEW)
    d, h, w = cut
    affine = seen.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ cut
    other = Prepared(seen.hu[d:, h:, w:], seen.labels[d:, h:, w:], affine)

    fields = [whole(each, steps) for each in (seen, other)]

    for field, box in zip(fields, (seen, other), strict=True):
        index = np.linalg.solve(field.affine[:3, :3], field.affine[:3, 3])
        assert not (index.round() % steps).any()
        assert all(n % step == 0 for n, step in zip(field.hu.shape, steps, strict=True))
        assert field.lungs.sum() == box.lungs.sum()  # nothing is cut off
        there = np.argwhere(field.lungs)[0]
        place = np.linalg.solve(box.affine, field.affine @ [*there, 1])[:3].round()
        assert box.lungs[tuple(place.astype(int))]
