"""The coronal plane: boxes and levels lie where the findings do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.contract import Findings, Volume
from node.report.key_slices import key_slices
from node.report.overview import overview
from node.report.places import places
from tests.node.report.classified import classified_case
from tests.node.report.inputs import Case

AXES = {"as stored": None, "head first": 0, "left to right": 2}


@pytest.fixture(scope="module")
def chest(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Return a small chest with a nodule and an effusion."""
    return classified_case(tmp_path_factory.mktemp("chest") / "study")


def test_a_box_frames_its_voxels(chest: Case) -> None:
    """On the slice and from the front, cut and turned as the pictures are."""
    volume, findings = chest.volume, chest.findings
    found = places(volume, findings)
    keys = key_slices(volume, findings, found)
    front = overview(volume, findings, found, keys)

    for marked in (keys[0].picture, front.picture):
        rows, columns = (marked.plane.labels == 3).nonzero()
        left, top, right, bottom = marked.boxes[0].box
        assert left <= columns.min()
        assert columns.max() + 1 <= right
        assert top <= rows.min()
        assert rows.max() + 1 <= bottom


@pytest.mark.parametrize("turned", ["as stored", "head first", "left to right"])
def test_a_place_far_from_every_structure_is_on_the_pictures(
    chest: Case, turned: str
) -> None:
    """As fluid where the whole lung of that side is lost; the page was not made."""
    volume, findings = flipped(chest, AXES[turned])
    right = np.where(findings.label_map == 1, 1, 0).astype(np.uint8)
    alone = replace(findings, label_map=right, locations=findings.locations[1:])
    found = places(volume, alone)
    keys = key_slices(volume, alone, found)

    for marked in (keys[0].picture, overview(volume, alone, found, keys).picture):
        (framed,) = marked.boxes
        left, top, end, bottom = framed.box
        rows, columns = marked.plane.labels.shape
        assert 0 <= left < end <= columns
        assert 0 <= top < bottom <= rows


@pytest.mark.parametrize("turned", ["as stored", "head first", "left to right"])
def test_levels_and_boxes_follow_a_turned_volume(chest: Case, turned: str) -> None:
    """Whatever the order of slices and columns, the picture is the same."""
    volume, findings = flipped(chest, AXES[turned])
    found = places(volume, findings)
    keys = key_slices(volume, findings, found)
    here = overview(volume, findings, found, keys)
    plain = chest.volume, chest.findings
    before = places(*plain)
    there = overview(*plain, before, key_slices(*plain, before))

    assert np.array_equal(here.picture.plane.labels, there.picture.plane.labels)
    assert [b.box for b in here.picture.boxes] == [b.box for b in there.picture.boxes]
    assert here.levels[0] == pytest.approx(there.levels[0], abs=0.1)
    assert here.picture.heat is not None
    assert there.picture.heat is not None
    assert np.allclose(here.picture.heat, there.picture.heat, atol=1e-5)


def flipped(chest: Case, axis: int | None) -> tuple[Volume, Findings]:
    """Return the same patient with one axis of the array turned round."""
    volume, findings = chest.volume, chest.findings
    if axis is None:
        return volume, findings
    last = volume.shape[axis] - 1
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, axis] * last
    affine[:3, axis] *= -1

    def turn(corner: tuple[int, int, int]) -> list[int]:
        return [last - n if a == axis else n for a, n in enumerate(corner)]

    boxes = []
    for location in findings.locations:
        ends = np.sort([turn(location.first), turn(location.last)], axis=0).tolist()
        boxes.append(replace(location, first=tuple(ends[0]), last=tuple(ends[1])))
    return (
        replace(volume, array=np.flip(volume.array, axis).copy(), affine=affine),
        replace(
            findings,
            label_map=np.flip(findings.label_map, axis).copy(),
            locations=tuple(boxes),
        ),
    )
