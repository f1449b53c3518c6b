"""What tells one scan from another, and what a person sees of it."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from models.chest_ct.eda.copies import ALIKE, ALIKE_BY_HEADER
from models.chest_ct.eda.examine import noise
from models.chest_ct.eda.picture import THUMBNAIL, draw, middle_plane
from models.chest_ct.eda.seen import Picture
from models.chest_ct.simulator.kinds import SimulatedStudy
from models.chest_ct.zprofile.sampling import lungscape
from models.contract import LabelMap, Volume
from models.volume.lungs import find_lungs
from models.volume.series import load_volume, read_study


def picture(volume: Volume, lungs: LabelMap) -> Picture:
    """Return the picture of the lungs of a volume."""
    return draw(lungscape(volume, lungs))


def turned(volume: Volume, lungs: LabelMap) -> tuple[Volume, LabelMap]:
    """Return both as stored from head to feet and from left to right."""
    affine = volume.affine.copy()
    for axis in (0, 2):
        affine[:3, 3] += affine[:3, axis] * (volume.shape[axis] - 1)
        affine[:3, axis] *= -1
    array = volume.array[::-1, :, ::-1].copy()
    return replace(volume, array=array, affine=affine), lungs[::-1, :, ::-1].copy()


def test_another_kernel_is_the_same_scan_and_another_study_is_not(
    studies: Sequence[SimulatedStudy],
) -> None:
    """Far on either side of the limits."""
    volumes = [study.volume for study in studies]
    pictures = [picture(study.volume, study.lungs) for study in studies]
    soft = ndimage.gaussian_filter(volumes[0].array.astype(np.float32), (0, 0.5, 0.5))
    softer = picture(replace(volumes[0], array=soft), studies[0].lungs)

    assert float(softer @ pictures[0]) > ALIKE + 0.1
    others = [float(one @ other) for one, other in combinations(pictures, 2)]
    assert max(others) < ALIKE_BY_HEADER


def test_the_way_a_series_is_stored_changes_no_picture(
    studies: Sequence[SimulatedStudy],
) -> None:
    """Slices from head to feet and rows from left to right are the same person."""
    volume, lungs = studies[0].volume, studies[0].lungs
    other, other_lungs = turned(volume, lungs)

    assert picture(volume, lungs) @ picture(other, other_lungs) > 0.999
    assert np.array_equal(middle_plane(volume, lungs), middle_plane(other, other_lungs))


def test_the_head_is_above_and_the_right_on_the_left(
    studies: Sequence[SimulatedStudy],
) -> None:
    """As a reader knows it: one bright corner, high and to the patient's left."""
    volume, lungs = studies[0].volume, studies[0].lungs
    array = np.full(volume.shape, -1000.0, np.float32)
    array[-20:, :, -20:] = 400  # d to the head, w to the left
    plane = middle_plane(replace(volume, array=array), lungs)

    assert max(plane.shape) == THUMBNAIL
    assert plane[0, -1] == 255
    assert plane[-1, -1] == plane[-1, 0] == plane[0, 0] < 100


@pytest.mark.parametrize("sd", [5.0, 60.0])
def test_noise_is_measured_in_soft_tissue_alone(sd: float) -> None:
    """However strong; air and the edges of organs do not count."""
    rng = np.random.default_rng(0)
    hu = np.full((8, 64, 64), -900.0, np.float32)
    hu[:, 16:48, 16:48] = 40
    hu += rng.normal(0, sd, hu.shape).astype(np.float32)

    assert noise(hu) == pytest.approx(sd, rel=0.05)
    assert noise(hu[:, :16]) is None


@pytest.mark.data
def test_two_kernels_of_a_real_scan_are_alike_and_real_people_are_not(
    shared_data: Path, tmp_path: Path
) -> None:
    """A0002 has both kernels; A0001 and LIDC-IDRI-0001 are other people."""
    found = {}
    for archive in sorted((shared_data / "chest_ct").glob("l*/L*.zip")):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(tmp_path / archive.stem)
        files = [p for p in (tmp_path / archive.stem).rglob("*") if p.is_file()]
        for series in read_study(files).series:
            volume = load_volume(series)
            name = archive.stem, series.tags["ConvolutionKernel"]
            found[name] = picture(volume, find_lungs(volume).labels)

    assert len(found) == 4
    for (one, other), (first, second) in zip(
        combinations(found, 2), combinations(found.values(), 2), strict=True
    ):
        alike = float(first @ second)
        assert alike > 0.95 if one[0] == other[0] else alike < 0.1
