"""Regions on real backgrounds: nothing but the lesion tells them apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.backgrounds import (
    Background,
    Mark,
    make_background,
    read_backgrounds,
)
from models.chest_ct.simulator.kinds import SimulatedStudy
from models.chest_ct.simulator.regions import (
    LOOKS,
    Growth,
    Region,
    Treatment,
    blended,
    cube_shape,
    draw_regions,
)
from models.chest_ct.simulator.scene import Scene
from models.chest_ct.simulator.settings import shipped
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


@pytest.fixture(scope="module")
def ball() -> Background:
    """Return a round lung of -850 HU, 30 mm deep, in a wall of 1000 HU."""
    away = np.linalg.norm(np.indices((81, 81, 81)) - 40, axis=0)
    hu = np.where(away < 30, -850, 1000).astype(np.float32)
    room = ndimage.distance_transform_edt(away < 30).astype(np.float32)
    return Background("ball", "nobody", hu, ONE_MM, room)


def of(
    regions: tuple[Region, ...], treatment: Treatment, kind: Kind | None = None
) -> list[Region]:
    """Return the regions of one treatment, of all kinds or of one."""
    return [
        each
        for each in regions
        if each.treatment is treatment and kind in {None, each.kind}
    ]


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


def test_every_kind_is_drawn_as_large_as_it_says(ball: Background) -> None:
    """The truth has the volume of a sphere of that diameter, which is in range."""
    regions = draw_regions(ball, 6, 5)

    for kind, look in LOOKS.items():
        lesions = of(regions, Treatment.LESION, kind)
        assert len(lesions) == 6
        for each in lesions:
            low, high = look.diameters_mm
            assert low <= each.diameter_mm <= high
            assert each.form in look.forms
            if each.diameter_mm > 10 and kind is not Kind.NODULE:
                sphere = np.pi / 6 * each.diameter_mm**3
                assert each.truth.sum() == pytest.approx(sphere, rel=0.15)


def test_pastes_reach_into_lung_alone(ball: Background) -> None:
    """No sham carries a piece of wall, and no wall is cut, however large the paste."""
    for region in draw_regions(ball, 6, 6):
        lung = region.hu < 0
        assert np.all(region.hu[~lung & ~region.truth & (region.hu > 120)] > 800)
        if region.treatment is not Treatment.LESION:
            assert np.all(region.hu[lung] < -650)


def test_consolidation_is_dense_and_fades_out(ball: Background) -> None:
    """About as dense as soft tissue inside, and no step at its edge."""
    regions = draw_regions(ball, 6, 7)

    for each in of(regions, Treatment.LESION, Kind.CONSOLIDATION):
        inner = ndimage.binary_erosion(each.truth, iterations=1)
        assert -20 < np.percentile(each.hu[inner], 90) < 110
        edge = (each.hu > -800) & (each.hu < -100)
        assert edge.sum() > 0.3 * each.truth.sum()


def test_vessels_are_seen_through_ground_glass() -> None:
    """Lung grows denser, a vessel stays as it is, an airway stays the darkest."""
    lung = np.full((9, 9, 9), -860, dtype=np.float32)
    lung[:, 4, 4], lung[:, 2, 4] = 40, -970
    all_of_it, nothing = np.ones_like(lung), np.zeros_like(lung)
    veil = Growth(all_of_it, nothing, -560.0, 0.0, nothing)

    veiled = veil.within(lung)

    assert np.median(veiled) == pytest.approx(-560, abs=1)
    assert np.all(veiled[:, 4, 4] == 40)
    assert np.all(veiled[:, 2, 4] < -600)
    assert np.all(veiled >= lung)


def test_ground_glass_has_the_density_of_the_simulator() -> None:
    """Regions and whole studies show the same disease."""
    assert LOOKS[Kind.GROUND_GLASS].veil_hu == shipped().disease.ground_glass_hu


def test_a_whole_paste_is_the_healthy_tissue_itself(ball: Background) -> None:
    """Vessels and all: a sham is no blurred copy."""
    here, there = ball.hu[20:40, 20:40, 20:40], ball.hu[5:25, 20:40, 20:40]
    everywhere = np.ones(here.shape, dtype=np.float32)

    pasted = blended(here, there, everywhere, None, ONE_MM)

    np.testing.assert_allclose(pasted, there, atol=0.01)


def test_a_background_without_a_healthy_place_is_refused(noise: Background) -> None:
    """No region is taken from outside the lungs instead."""
    nowhere = Background("no", "body", noise.hu, ONE_MM, np.zeros_like(noise.room_mm))

    with pytest.raises(ValueError, match="no healthy place"):
        draw_regions(nowhere, 1, 0)


def traces(region: Region) -> list[float]:
    """Return what a paste could leave behind in a region: in its noise, its vessels."""
    grain = np.diff(region.hu, axis=2)
    middle = tuple(slice(size // 4, -(size // 4)) for size in grain.shape)
    inner, outer = np.median(np.abs(grain[middle])), np.median(np.abs(grain))
    steps = np.median(np.abs(np.diff(grain, axis=1)))
    edges = [np.percentile(np.abs(each), 95) for each in (grain[middle], grain)]
    fine, coarse = (
        ndimage.gaussian_filter(
            region.hu, [0, mm / region.spacing_mm[1], mm / region.spacing_mm[2]]
        )
        for mm in (1.5, 3.0)
    )
    return [
        float(inner),
        float(inner / outer),
        float(steps),
        float(np.mod(region.hu, 1).sum()),
        float(edges[0] / edges[1]),
        float(np.percentile(np.abs(fine - coarse)[middle], 95)),
    ]


DRAWS = 60
"""Of each kind and treatment in each of the real backgrounds."""

SURE = 4.0
"""Standard errors: by chance alone fewer than one run in a thousand fails."""


def told(shams: list[Region], others: list[Region]) -> npt.NDArray[np.float64]:
    """Return the area under the curve of each trace, sham from untouched."""
    one, other = (np.array([traces(e) for e in each]) for each in (shams, others))
    above = (one[:, None] > other[None]).mean(axis=(0, 1))
    equal = (one[:, None] == other[None]).mean(axis=(0, 1))
    area: npt.NDArray[np.float64] = above + 0.5 * equal
    return area


@pytest.mark.data
@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_sham_leaves_no_trace_on_real_backgrounds() -> None:
    """Noise and vessels in a paste tell sham from untouched by chance only.

    Regions of a background are independent draws of one distribution, so that the
    area of any trace that tells nothing is 0.5 with the standard error of the rank-sum
    test. Judged are every kind over all backgrounds and every background over all
    kinds.
    """
    areas = []
    for background in read_backgrounds(data_folder() / "chest_ct"):
        regions = draw_regions(background, DRAWS, 7)
        areas.append(
            [
                told(
                    of(regions, Treatment.SHAM, kind),
                    of(regions, Treatment.UNTOUCHED, kind),
                )
                for kind in LOOKS
            ]
        )
    area = np.array(areas)  # (background, kind, trace)
    one = np.sqrt((2 * DRAWS + 1) / 12) / DRAWS

    for axis in (0, 1):
        bound = SURE * one / np.sqrt(area.shape[axis])
        assert np.all(np.abs(area.mean(axis=axis) - 0.5) < bound)
