"""A simulated study: the same for the same seeds, and true about itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from models.chest_ct.kinds import Kind
from models.chest_ct.simulator.deposit import Finding
from models.chest_ct.simulator.kinds import SimulatedStudy
from models.chest_ct.simulator.plan import StudyPlan, plan
from models.chest_ct.simulator.scene import Scene, build_scene
from models.chest_ct.simulator.settings import SimulatorSettings
from models.chest_ct.simulator.space import Field
from models.chest_ct.simulator.study import acquire, look, simulate

DrawScene = Callable[..., tuple[Scene, SimulatedStudy]]

RANGES = {
    Kind.NODULE: (-600, 500),
    Kind.CONSOLIDATION: (-350, 150),
    Kind.GROUND_GLASS: (-750, -350),
    Kind.EFFUSION: (-30, 60),
    Kind.PNEUMOTHORAX: (-1024, -900),
    Kind.EMPHYSEMA: (-1024, -880),
}
"""Median HU that a reader expects of each kind."""


def hounsfield(study: SimulatedStudy) -> Field:
    """Return the HU of a study as numbers to count with."""
    return np.asarray(study.volume.array, dtype=np.float32)


def test_equal_plans_give_equal_voxels(settings: SimulatorSettings) -> None:
    """A study can be made again, to the voxel."""
    wanted = next(each for each in plan(settings) if each.is_positive)
    one, other = simulate(wanted, settings), simulate(wanted, settings)

    assert np.array_equal(one.volume.array, other.volume.array)
    assert np.array_equal(one.truth, other.truth)
    assert one.lesions == other.lesions


def test_another_scanner_shows_the_same_patient(
    settings: SimulatorSettings, draw_scene: DrawScene
) -> None:
    """A new acquisition seed changes the image, not the disease nor the lungs."""
    wanted = next(each for each in plan(settings) if each.is_positive)
    one = simulate(wanted, settings)
    other = simulate(wanted.with_acquisition(wanted.acquisition_seed + 1), settings)

    assert [each.volume_mm3 for each in one.lesions] == [
        each.volume_mm3 for each in other.lesions
    ]
    assert one.acquisition != other.acquisition


def test_a_sharp_kernel_changes_the_noise_and_not_the_mean(
    draw_scene: DrawScene, first_plan: StudyPlan
) -> None:
    """Two kernels of one scan: the lungs keep their mean, the noise does not."""
    scene, study = draw_scene()
    deep, means, spread = study.lungs > 0, [], []
    for sharpness, noise in ((0.0, 8.0), (1.0, 40.0)):
        one, other = (
            hounsfield(
                look(
                    scene,
                    first_plan,
                    replace(
                        study.acquisition,
                        sharpness=sharpness,
                        noise_hu=noise,
                        seed=seed,
                    ),
                )
            )[deep]
            for seed in (1, 2)
        )
        means.append(float(one.mean()))
        spread.append(float((one - other).std()))

    assert means[0] == pytest.approx(means[1], abs=15)
    assert spread[1] > 3 * spread[0]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_the_density_a_reader_expects(
    kind: Kind, draw_scene: DrawScene
) -> None:
    """Median HU under the truth of each kind."""
    _, study = draw_scene(kind)
    low, high = RANGES[kind]

    assert low < np.median(hounsfield(study)[study.truth == kind]) < high


@pytest.mark.parametrize("kind", list(Kind))
def test_boxes_are_the_extent_of_the_truth(kind: Kind, draw_scene: DrawScene) -> None:
    """First and last of the only lesion are the ends of its voxels."""
    _, study = draw_scene(kind)
    (lesion,) = study.lesions
    where = np.argwhere(study.truth == kind)

    assert lesion.first == tuple(where.min(axis=0))
    assert lesion.last == tuple(where.max(axis=0))


@pytest.mark.parametrize("kind", list(Kind))
def test_disease_lies_in_the_lungs_or_the_pleural_space(
    kind: Kind, draw_scene: DrawScene
) -> None:
    """At most the rim of a lesion, blurred by the voxels, lies outside."""
    _, study = draw_scene(kind)

    assert np.mean(study.lungs[study.truth == kind] > 0) > 0.9


@pytest.mark.parametrize("kind", list(Kind))
def test_the_volume_of_a_lesion_is_that_of_its_voxels(
    kind: Kind, draw_scene: DrawScene
) -> None:
    """What is told in cubic millimetres is there, to a third on coarse voxels."""
    _, study = draw_scene(kind)
    (lesion,) = study.lesions
    seen = np.count_nonzero(study.truth == kind) * study.volume.voxel_mm3

    assert seen == pytest.approx(lesion.volume_mm3, rel=0.35)


def test_a_box_in_millimetres_holds_the_lesion(draw_scene: DrawScene) -> None:
    """The corners are half a voxel beyond the centres of the outer voxels."""
    _, study = draw_scene(Kind.NODULE)
    (lesion,) = study.lesions
    low, high = lesion.box_mm(study.volume.affine)
    first = study.volume.affine @ [*lesion.first, 1]

    half = np.array(study.volume.spacing_mm[::-1]) / 2
    assert low == pytest.approx(first[:3] - half)
    assert all(a < b for a, b in zip(low, high, strict=True))


def test_tissues_have_their_hounsfield_units(draw_scene: DrawScene) -> None:
    """Air outside, aerated lungs, a dark trachea, soft tissue, bone somewhere."""
    _, study = draw_scene()
    array = hounsfield(study)

    assert -920 < np.median(array[study.lungs > 0]) < -650
    assert np.median(array[study.airways]) < -750
    assert np.count_nonzero((array > 0) & (array < 90)) > 5000
    assert np.count_nonzero(array > 300) > 500
    assert array.min() >= -2048
    assert array.max() <= 3071


def test_right_is_right(draw_scene: DrawScene) -> None:
    """Label 1 lies at smaller x than label 2, and neither lung is a sliver."""
    _, study = draw_scene()
    columns = [np.nonzero(study.lungs == label)[2] for label in (1, 2)]

    assert columns[0].mean() < columns[1].mean()
    assert 0.5 < len(columns[0]) / len(columns[1]) < 2


def test_trachea_and_lungs_are_apart(draw_scene: DrawScene) -> None:
    """No voxel is both lung and central airway, and there are airways."""
    _, study = draw_scene()

    assert study.airways.any()
    assert not study.lungs[study.airways].any()


def test_a_study_without_findings_is_negative(draw_scene: DrawScene) -> None:
    """No lesion, no truth, not positive; with a finding all three."""
    _, healthy = draw_scene()
    _, ill = draw_scene(Kind.EFFUSION)

    assert not healthy.is_positive
    assert not healthy.truth.any()
    assert ill.is_positive
    assert ill.truth.any()


def test_disease_changes_nothing_far_from_it(draw_scene: DrawScene) -> None:
    """Both studies of one patient share every voxel that the disease leaves alone."""
    scene, _ = draw_scene()
    other, _ = draw_scene(Kind.NODULE)
    same = scene.hu == other.hu

    assert same.mean() > 0.98


REACH_MM = 20.0
"""Of blur, of a slice's thickness and of a kernel's undershoot around disease."""


@pytest.mark.parametrize("number", range(4))
def test_an_image_tells_nothing_of_its_label_but_the_disease(
    number: int, settings: SimulatorSettings
) -> None:
    """The study of a plan and the one without its findings are one image elsewhere.

    So neither body nor scanner, noise, kernel nor field of view know the label.
    """
    positive = [each for each in plan(settings) if each.is_positive][number]
    ill = simulate(positive, settings)
    well = simulate(replace(positive, findings=(), is_positive=False), settings)
    away = ndimage.distance_transform_edt(
        ill.truth == 0, sampling=ill.volume.spacing_mm
    )
    far = away > REACH_MM

    assert ill.acquisition == well.acquisition
    assert np.array_equal(ill.volume.affine, well.volume.affine)
    assert ill.truth.any()
    assert far.mean() > 0.3
    apart = np.abs(hounsfield(ill) - hounsfield(well))[far]
    assert apart.max() <= 1  # what is blurred by Fourier is rounded otherwise
    assert (apart > 0).mean() < 1e-3


@pytest.mark.parametrize("kind", [Kind.CONSOLIDATION, Kind.GROUND_GLASS])
def test_more_is_more(kind: Kind, draw_scene: DrawScene) -> None:
    """The share of the lungs that a plan asks for is the share that is drawn."""
    _, study = draw_scene(kind)
    (lesion,) = study.lesions
    asked = {Kind.CONSOLIDATION: 0.05, Kind.GROUND_GLASS: 0.1}[kind]

    assert lesion.lung_share == pytest.approx(asked, rel=0.15)


def test_vessels_are_seen_through_ground_glass(draw_scene: DrawScene) -> None:
    """A vessel stays denser than the haze around it."""
    healthy, _ = draw_scene()
    veiled, _ = draw_scene(Kind.GROUND_GLASS)
    (deposit,) = veiled.deposits
    low = tuple(
        slice(
            round((a - b) / healthy.grid.spacing_mm) + piece.start,
            round((a - b) / healthy.grid.spacing_mm) + piece.stop,
        )
        for a, b, piece in zip(
            healthy.lungs.origin_mm,
            healthy.grid.origin_mm,
            deposit.window,
            strict=True,
        )
    )
    vessel = (healthy.hu[low] > -300) & (deposit.share > 0.9)

    assert vessel.any()
    assert np.median(veiled.hu[low][vessel]) > np.median(
        veiled.hu[low][deposit.share > 0.9]
    )


@pytest.mark.parametrize("cover", [(-14.0, 5.0), (5.0, -14.0)])
@pytest.mark.parametrize("thickness", [1.0, 12.0])
def test_every_small_nodule_is_seen_by_every_scanner(
    cover: tuple[float, float],
    thickness: float,
    settings: SimulatorSettings,
    first_plan: StudyPlan,
) -> None:
    """Neither a short scan nor thick slices lose the only lesion of a study."""
    small = replace(
        first_plan, findings=tuple(Finding(Kind.NODULE, 4.0) for _ in range(6))
    )
    scene = build_scene(small, settings)
    scanner = acquire(scene, small, settings).acquisition
    changed = replace(
        scanner,
        cover_mm=cover,
        thickness_mm=thickness,
        spacing_mm=(thickness, *scanner.spacing_mm[1:]),
    )

    assert len(look(scene, small, changed).lesions) == 6
