"""Regions on real backgrounds: nothing but the lesion tells them apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models.chest_ct.simulator.backgrounds import (
    Background,
    Mark,
    make_background,
    read_backgrounds,
)
from models.chest_ct.simulator.kinds import SimulatedStudy
from models.chest_ct.simulator.regions import (
    Region,
    Treatment,
    blended,
    cube_shape,
    draw_regions,
)
from models.chest_ct.simulator.scene import Scene
from tests.conftest import data_folder

DrawScene = Callable[..., tuple[Scene, SimulatedStudy]]
ONE_MM = (1.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def noise() -> Background:
    """Return a lung of plain noise, everywhere deep."""
    rng = np.random.default_rng(0)
    shape = (60, 80, 80)
    hu = rng.normal(-850, 30, shape).astype(np.float32)
    room = np.zeros(shape, dtype=np.float32)
    room[20:-20, 20:-20, 20:-20] = 20
    return Background("noise", "nobody", hu, ONE_MM, room)


def of(regions: tuple[Region, ...], treatment: Treatment) -> list[Region]:
    """Return the regions of one treatment."""
    return [each for each in regions if each.treatment is treatment]


def test_equal_seeds_give_equal_regions(noise: Background) -> None:
    """To the voxel; another seed gives others."""
    one, same, other = (draw_regions(noise, 2, seed) for seed in (1, 1, 2))

    assert all(np.array_equal(a.hu, b.hu) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one[0].hu, other[0].hu)


def test_only_a_lesion_has_a_truth(noise: Background) -> None:
    """Sham and untouched regions are healthy; a lesion can be seen in its region."""
    regions = draw_regions(noise, 4, 3)

    for each in of(regions, Treatment.LESION):
        assert each.truth.any()
        assert each.hu[each.truth].mean() > each.hu[~each.truth].mean() + 100
    for treatment in (Treatment.SHAM, Treatment.UNTOUCHED):
        assert not any(each.truth.any() for each in of(regions, treatment))


def test_all_regions_of_a_series_have_one_shape(noise: Background) -> None:
    """Neither size nor spacing tells what was done."""
    regions = draw_regions(noise, 2, 4)

    assert {each.hu.shape for each in regions} == {cube_shape(ONE_MM)}
    assert {each.spacing_mm for each in regions} == {ONE_MM}


def test_a_paste_keeps_the_strength_of_the_noise() -> None:
    """Where two grains are mixed half and half, the noise is as strong as before."""
    rng = np.random.default_rng(5)
    one, other = (rng.normal(0, 30, (24, 24, 24)).astype(np.float32) for _ in range(2))
    half = np.full(one.shape, 0.5, dtype=np.float32)
    mixed = blended(one, other, half, None, ONE_MM)
    grain = float(np.diff(mixed, axis=2).std() / np.diff(one, axis=2).std())

    assert grain == pytest.approx(1, abs=0.1)


def test_no_place_is_near_a_mark(draw_scene: DrawScene) -> None:
    """What readers marked, and a margin around it, is never part of the room."""
    _, study = draw_scene()
    volume = study.volume
    where = np.argwhere(study.lungs == 1)
    d, h, w = where[len(where) // 2]
    z = float(volume.affine[2, 3] + d * volume.affine[2, 0])
    mark = Mark(z, (float(h - 1), float(h + 1)), (float(w - 1), float(w + 1)))
    free = make_background(volume, "free", "nobody", [])
    marked = make_background(volume, "marked", "nobody", [mark])

    assert free.room_mm[d, h, w] > 0
    assert marked.room_mm[d, h, w] == 0
    assert np.all(marked.room_mm <= free.room_mm)


def test_a_background_without_a_healthy_place_is_refused(noise: Background) -> None:
    """No region is taken from outside the lungs instead."""
    nowhere = Background("no", "body", noise.hu, ONE_MM, np.zeros_like(noise.room_mm))

    with pytest.raises(ValueError, match="no healthy place"):
        draw_regions(nowhere, 1, 0)


def traces(region: Region) -> list[float]:
    """Return what a paste could leave behind in a region, without its tissue."""
    grain = np.diff(region.hu, axis=2)
    middle = tuple(slice(size // 4, -(size // 4)) for size in grain.shape)
    inner, outer = np.median(np.abs(grain[middle])), np.median(np.abs(grain))
    steps = np.median(np.abs(np.diff(grain, axis=1)))
    return [
        float(inner),
        float(inner / outer),
        float(steps),
        float(np.mod(region.hu, 1).sum()),
    ]


@pytest.mark.data
@pytest.mark.slow
def test_a_sham_leaves_no_trace_on_real_backgrounds() -> None:
    """Noise in and around the paste tells sham from untouched by chance only."""
    for background in read_backgrounds(data_folder() / "chest_ct"):
        regions = draw_regions(background, 60, 7)
        shams, others = (
            np.array([traces(each) for each in of(regions, treatment)])
            for treatment in (Treatment.SHAM, Treatment.UNTOUCHED)
        )
        above = (shams[:, None] > others[None]).mean(axis=(0, 1))
        equal = (shams[:, None] == others[None]).mean(axis=(0, 1))

        assert np.all(np.abs(above + 0.5 * equal - 0.5) < 0.15)
