"""Pictures show the patient as radiologists do, in a window from the pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.contract import Volume
from node.report.pictures import (
    anatomical,
    common_scale,
    draw_all,
    nearby,
    strip,
    three_planes,
    window,
)
from tests.node.report.inputs import Case

# Affines of one patient point, stored in every usual way: sagittal, coronal, flipped.
STORED = {
    "axial": ((0, 1, 2), (1, 1, 1)),
    "feet first": ((0, 1, 2), (-1, 1, 1)),
    "sagittal": ((2, 0, 1), (1, -1, 1)),
    "coronal": ((1, 0, 2), (-1, -1, 1)),
}


@pytest.mark.parametrize("way", STORED)
def test_a_volume_is_turned_to_patient_axes(case: Case, way: str) -> None:
    """The left, upper, front voxel is found however the series was stored."""
    order, signs = STORED[way]
    truth = np.zeros((4, 5, 6), np.int16)  # z, y, x to head, back, left
    truth[3, 0, 5] = 1
    flips = tuple(slice(None, None, sign) for sign in signs)
    stored = np.ascontiguousarray(truth.transpose(order)[flips])
    affine = np.eye(4)
    affine[:3, :3] = 0
    for axis, (patient, sign) in enumerate(zip(order, signs, strict=True)):
        affine[2 - patient, axis] = sign * (patient + 1)  # spacing 1, 2, 3 mm
    volume = Volume(stored, affine, "arbitrary", case.volume.series)

    turned = anatomical(volume, (stored > 0).astype(np.uint8))

    assert np.array_equal(turned.image, truth)
    assert np.array_equal(turned.labels, truth)
    assert turned.spacing_mm == (1, 2, 3)


def test_the_window_comes_from_the_pixels(case: Case) -> None:
    """Values of 0 to 5000 and of 0 to 50 give the same picture."""
    planes = three_planes(case.volume, case.findings.label_map)
    brighter = [replace(plane, image=plane.image * 100) for plane in planes]

    first = draw_all(planes, case.findings.structures[:2], [2.0] * 3)
    second = draw_all(brighter, case.findings.structures[:2], [2.0] * 3)

    for one, other in zip(first, second, strict=True):
        difference = np.asarray(one, np.int16) - np.asarray(other, np.int16)
        assert np.abs(difference).max() <= 1


def test_a_constant_image_has_a_window(case: Case) -> None:
    """No division by nothing."""
    planes = three_planes(case.volume, case.findings.label_map)
    flat = [replace(plane, image=plane.image * 0) for plane in planes]

    low, high = window(flat)

    assert low < high


def test_outlines_have_the_colours_of_their_structures(case: Case) -> None:
    """Each structure can be told by its colour in the plane where it is largest."""
    structures = case.findings.structures[:2]
    planes = three_planes(case.volume, case.findings.label_map)
    axial, _, _ = draw_all(planes, structures, [6.0] * 3)
    pixels = np.asarray(axial).reshape(-1, 3).astype(int)

    for structure in structures:
        distance = np.abs(pixels - structure.colour).sum(axis=1)
        assert (distance < 30).sum() > 50


def test_planes_keep_their_proportions(case: Case) -> None:
    """Voxels of unequal sides are drawn with unequal sides."""
    planes = three_planes(case.volume, case.findings.label_map)
    scale = common_scale(planes, (800, 400))
    pictures = draw_all(planes, case.findings.structures[:2], [scale] * 3)

    for plane, picture in zip(planes, pictures, strict=True):
        width, height = plane.size_mm
        assert picture.width / picture.height == pytest.approx(width / height, rel=0.05)
    assert sum(picture.width for picture in pictures) <= 800


def test_a_whole_head_is_shown_near_the_structure_only() -> None:
    """The box has a margin in millimetres and stays inside the volume."""
    labels = np.zeros((100, 80, 60), np.uint8)
    labels[50, 40, 1] = 1

    assert nearby(labels, (2.0, 1.0, 1.0)) == (
        slice(43, 58),
        slice(26, 55),
        slice(0, 16),
    )


def test_nothing_found_still_gives_pictures(case: Case) -> None:
    """A negative result is shown, not hidden."""
    nothing = np.zeros_like(case.findings.label_map)

    assert len(three_planes(case.volume, nothing)) == 3
    assert len(strip(case.volume, nothing, 4)) == 4


def test_the_strip_runs_over_the_marked_slices(case: Case) -> None:
    """First and last picture hold a bit of the structure."""
    planes = strip(case.volume, case.findings.label_map, 5)

    assert len(planes) == 5
    assert planes[0].labels.any()
    assert planes[-1].labels.any()
