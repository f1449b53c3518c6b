"""The lungs of a chest, found with the disease in them."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.contract import Volume
from models.volume.lungs import LEFT_LUNG, RIGHT_LUNG, Lungs, find_lungs
from models.volume.series import load_volume, read_study
from tests.models.volume.chest_phantom import (
    AXIAL,
    ball,
    chest,
    chest_array,
    lung,
    windpipe,
)


def codes(lungs: Lungs) -> list[str]:
    """Return the codes of the flags."""
    return [flag.code for flag in lungs.flags]


def dice(found: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    """Return the Dice coefficient of two masks."""
    return float(2 * (found & truth).sum() / (found.sum() + truth.sum()))


def share_inside(mask: npt.NDArray[np.bool_], lungs: Lungs) -> float:
    """Return how much of a mask lies in the lungs."""
    return float((lungs.labels[mask] > 0).mean())


def test_both_lungs_are_found_on_their_sides() -> None:
    """Right is where LPS x is smaller; vessels are inside, and no flag is raised."""
    found = find_lungs(chest())

    assert codes(found) == []
    assert dice(found.labels == RIGHT_LUNG, lung(1)) > 0.95
    assert dice(found.labels == LEFT_LUNG, lung(2)) > 0.95


def test_the_windpipe_is_outside() -> None:
    """The trachea is no lung although it is full of air."""
    assert share_inside(windpipe(), find_lungs(chest())) == 0


@pytest.mark.parametrize("flip", [(0,), (1,), (2,), (0, 2)])
def test_the_way_a_series_is_stored_changes_nothing(flip: tuple[int, ...]) -> None:
    """Slices from head to feet or rows from left to right are the same lungs."""
    affine = AXIAL.copy()
    for axis in flip:
        last = chest_array().shape[axis] - 1
        affine[:3, 3] += affine[:3, axis] * last
        affine[:3, axis] *= -1
    stored = np.ascontiguousarray(np.flip(chest_array(), flip))

    found = np.flip(find_lungs(chest(stored, affine)).labels, flip)

    assert np.array_equal(found, find_lungs(chest()).labels)


@settings(max_examples=5)
@given(
    st.floats(-0.8, 0.8), st.floats(100.0, 180.0), st.sampled_from([10.0, 13.0, 16.0])
)
def test_a_nodule_at_the_wall_stays_inside(
    back: float, height: float, radius: float
) -> None:
    """A solid nodule at the ribs leaves at most its outermost voxels in the wall."""
    centre = (-72 - 47 * np.cos(back), 68 * np.sin(back), height)
    nodule = ball(centre, radius) & lung(1)
    array = chest_array()
    array[nodule] = 30

    assert share_inside(nodule, find_lungs(chest(array))) >= 0.8


def test_a_consolidation_at_the_wall_stays_inside() -> None:
    """A dense ball of 6 cm at the ribs is given back by the fitted wall."""
    dense = ball((-115.0, 20.0, 160.0), 30.0) & lung(1)
    array = chest_array()
    array[dense] = 30

    assert share_inside(dense, find_lungs(chest(array))) >= 0.95


def test_a_lung_that_is_dense_below_is_completed_from_the_other_one() -> None:
    """Part of a dense lower lobe at the back is taken back into the lung."""
    d, h, _ = np.indices(chest_array().shape)
    dense = lung(1) & (d * 5 < 130) & (h * 4 - 174 > 0)
    array = chest_array()
    array[dense] = 35

    assert share_inside(dense, find_lungs(chest(array))) >= 0.35


def test_gas_of_the_bowel_is_no_lung() -> None:
    """A large pocket of plain gas below the lungs stays out."""
    gas = ball((60.0, -20.0, 12.0), 40.0)
    array = chest_array()
    array[gas] = -1000

    found = find_lungs(chest(array))

    assert share_inside(gas & ~lung(2), found) < 0.02


def test_a_white_lung_leaves_the_other_one_and_a_flag() -> None:
    """Where one side holds no air the other is found, and it is said."""
    array = chest_array()
    array[lung(2)] = 30

    found = find_lungs(chest(array))

    assert codes(found) == ["one_lung"]
    assert dice(found.labels == RIGHT_LUNG, lung(1)) > 0.95


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((1, 1, 1), np.float32),
        np.full((3, 40, 40), -1000, np.float32),
        np.full((3, 40, 40), np.nan, np.float32),
        np.random.default_rng(0).normal(-500, 600, (9, 30, 31)).astype(np.float32),
    ],
)
def test_odd_pixels_give_no_lungs_and_a_flag(array: npt.NDArray[np.float32]) -> None:
    """Nothing in the pixels makes it raise; the labels are empty and the box too."""
    found = find_lungs(chest(array))

    assert codes(found) == ["no_lungs"]
    assert not found.labels.any()
    assert found.labels[found.box()].size == 0


def test_values_that_are_no_hounsfield_units_are_not_searched() -> None:
    """An MR has no lungs, whatever its numbers are."""
    found = find_lungs(chest(modality="MR", units="arbitrary"))

    assert codes(found) == ["not_hounsfield"]


def test_the_air_lies_in_the_lungs() -> None:
    """What is aerated is part of the labels, and what is dense in them is not."""
    found = find_lungs(chest())

    assert not (found.aerated & (found.labels == 0)).any()
    assert chest().array[found.aerated].max() < -500


def test_the_box_holds_both_lungs_with_a_margin() -> None:
    """The margin widens the box on every side and stops at the edge."""
    found = find_lungs(chest())
    tight, wide = found.box(), found.box(margin_voxels=3)

    assert (found.labels > 0).sum() == (found.labels[tight] > 0).sum()
    assert wide[1] == slice(tight[1].start - 3, tight[1].stop + 3)
    assert found.box(margin_voxels=500)[0].start == 0


def whole_lung(folder: Path) -> npt.NDArray[np.bool_]:
    """Return the given mask: a gzipped array behind the header of an NRRD."""
    raw = (folder / "wholeLung-64.nrrd").read_bytes().split(b"\n\n", 1)[1]
    return np.frombuffer(gzip.decompress(raw), "<u2").reshape(79, 64, 64) > 0


@pytest.mark.data
def test_a_real_lung_agrees_with_its_given_mask(shared_data: Path) -> None:
    """The Dice with the mask that comes with the data is at least 0.95."""
    folder = shared_data / "chest_ct" / "cip_ct64"
    found = find_lungs(real_chest(shared_data))

    assert dice(found.labels > 0, whole_lung(folder)) >= 0.95


def real_chest(shared_data: Path) -> Volume:
    """Return the small real chest."""
    paths = sorted((shared_data / "chest_ct" / "cip_ct64" / "ct-64Dicom").iterdir())
    return load_volume(read_study(paths).series[0])


@pytest.mark.data
def test_finding_lungs_is_quick(shared_data: Path) -> None:
    """A small real chest takes well under a second of processor time."""
    volume = real_chest(shared_data)
    began = time.process_time()

    find_lungs(volume)

    assert time.process_time() - began < 2
